"""Question pages of health sites, by the selectors of health_sites.toml. Pure.

Only questions that were asked in public are read. Age and sex of the asker, which these pages show, are left
where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import urljoin

from parsel import Selector

from crawler.parsing import strange
from crawler.parsing.css import attribute, first, id_of
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.unexpected_pages import instead_of
from crawler.spiders.forum.pages import ANONYMOUS, Floor, ThreadPage
from crawler.spiders.health_qa.sites import HealthSite

_TIME = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?: +\d{1,2}:\d{2}(?::\d{2})?)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionList:
    """Numbers and titles of the questions; `other` counts links to anything else."""

    questions: tuple[tuple[str, str], ...]
    more: bool
    other: int = 0


def read_list(html: str, site: HealthSite, *, url: str) -> QuestionList | Refusal | Blocked:
    """A list of questions. Raises PageError."""
    page = Selector(text=html or "<html></html>")
    links = page.css(site.links)
    if not links:
        return instead_of(html, "问题列表")
    found: dict[str, str] = {}
    other = 0
    for link in links:
        number = site.number(urljoin(url, attribute(link, "href")))
        if not number:
            other += 1
            strange.note("列表", "不是问题页的链接")
        if number:
            found.setdefault(number, first(link, "*::text") or " ".join(link.css("::text").getall()).strip())
    if not found:
        raise PageError(f"{len(links)} 个链接里没有一个是问题页")
    return QuestionList(questions=tuple(found.items()), more=bool(page.css(site.next)), other=other)


def read_question(
    html: str, site: HealthSite, *, now: datetime, zone: tzinfo
) -> ThreadPage | Refusal | Blocked:
    """A question with its answers: the question is floor 1, answers have no floor. Raises PageError."""
    page = Selector(text=html or "<html></html>")
    title = first(page, site.title)
    if not title:
        return instead_of(html, "问题页")
    asked = _time(" ".join(page.css(site.facts).xpath("string(.)").getall()), now, zone)
    if asked is None:
        raise PageError("问题没有时间")
    asker = first(page, site.asker)
    question = Floor(
        pid="",
        floor=1,
        author=ANONYMOUS if not asker or any(word in asker for word in site.anonymous) else asker,
        published_at=asked,
        text=_bare(_joined(page, site.text), site.labels),
    )
    answers = _answers(page, site, asked, now, zone)
    return ThreadPage(title=title, fid="", floors=(question, *answers))


def _answers(
    page: Selector, site: HealthSite, asked: datetime, now: datetime, zone: tzinfo
) -> Iterator[Floor]:
    for block in page.css(site.answer):
        text = first(block, site.answer_text)
        if not text:
            strange.note("回答", "没有文字的块")
        else:
            yield Floor(
                pid=id_of(first(block, site.answer_id), text),
                floor=None,
                author=first(block, site.answer_author) or ANONYMOUS,
                # Without a time of its own: not before the question.
                published_at=_time(first(block, site.answer_time), now, zone) or asked,
                text=text,
            )


def _joined(page: Selector, selectors: tuple[str, ...]) -> str:
    """All paragraphs that the first fitting selector finds."""
    for css in selectors:
        parts = [first(node, "*") or "" for node in page.css(css)]
        text = "\n".join(part for part in parts if part)
        if text:
            return text
    return ""


def _bare(text: str, labels: tuple[str, ...]) -> str:
    """`text` without the form's own words."""
    for label in labels:
        text = text.replace(label, "\n")
    return "\n".join(line for line in (each.strip() for each in text.splitlines()) if line)


def _time(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    found = _TIME.search(text)
    try:
        return parse_time(found[0] if found else text, now=now, zone=zone)
    except TimeError:
        return None
