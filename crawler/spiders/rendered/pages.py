"""Pages of any site by selectors from its table: one block a post. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import urljoin

from parsel import Selector

from crawler.parsing import strange
from crawler.parsing.css import first, id_of, without
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.unexpected_pages import instead_of
from crawler.spiders.rendered.options import Selectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One post as the page shows it."""

    id: str
    title: str
    text: str
    link: str
    author: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    cards: tuple[Card, ...]
    more: bool  # as far as the page tells, there is a further one
    odd: tuple[str, ...] = ()


def holds_posts(html: str, select: Selectors) -> bool:
    """Whether the page shows posts as it is, without its scripts."""
    page = Selector(text=html or "<html></html>")
    return any(first(block, select.time) for block in page.css(select.post))


def read_cards(
    html: str, select: Selectors, *, url: str, now: datetime, zone: tzinfo
) -> CardPage | Refusal | Blocked:
    """The posts on the page.

    Raises:
        PageError: no block is found and the page does not say why, or no block can be read.
    """
    page = Selector(text=html or "<html></html>")
    blocks = page.css(select.post)
    if not blocks:
        return instead_of(html, f"有 {select.post!r} 的页面")
    cards, odd = [], []
    for block in blocks:
        card = _card(block, select, url, now, zone)
        if isinstance(card, Card):
            cards.append(card)
        else:
            strange.note("块", "读不出时间或文字")
            odd.append(card)
    if not cards:
        raise PageError(f"{len(odd)} 块都读不出帖子：{odd[0]}")
    return CardPage(cards=tuple(cards), more=not select.next or bool(page.css(select.next)), odd=tuple(odd))


def _card(block: Selector, select: Selectors, url: str, now: datetime, zone: tzinfo) -> Card | str:
    shown, given, link = first(block, select.time), first(block, select.id), first(block, select.link)
    title, author = first(block, select.title), first(block, select.author)
    body = without(block, select.drop)
    text = first(body, select.text or "*")
    try:
        published = parse_time(shown, now=now, zone=zone)
    except TimeError as error:
        return str(error)
    if not text and not title:
        return "没有标题和正文"
    link = urljoin(url, link) if link else ""
    name = id_of(given, link, f"{title}\0{text}\0{author}")
    return Card(id=name, title=title, text=text, link=link, author=author, published_at=published)
