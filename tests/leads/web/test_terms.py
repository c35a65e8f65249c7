"""Words that need an explanation have one beside their first use, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from lxml import html

from leads.labels import TERMS
from leads.records import cases, open_records, rules, searches
from leads.records.tables.people import User
from leads.web.glossary import explained
from tests.support.builders import lead, mention
from tests.support.seeds import ClientOf, login_cookie, settings

LEAD, MENTION = quote(lead(100).id, safe=""), quote(mention(2).id, safe="")
PAGES = (
    "/", "/leads", "/leads?near=all", f"/leads/{LEAD}", "/cases?who=all", "/cases?view=board&who=all",
    "/funnel", "/ten", "/ten/effect", "/mentions", f"/mentions/{MENTION}", "/map", "/topics", "/questions",
    "/came", "/needs", "/alerts", "/alerts/channels/new", "/remind", "/digests", "/searches", "/account",
    "/nudges", "/rules",
    "/rules/new?kind=lead", "/rules/new?kind=mention", "/clinics", "/clinics/new", "/clinics/anhe",
    "/clinics/anhe/remove", "/coverage", "/coverage/city", "/coverage/city/edit", "/sources/new", "/imports",
    "/snippets", "/snippets/new", "/users", "/erasures", "/first-steps", "/audit", "/nowhere",
)  # fmt: skip
# What holds no button: links, controls, messages read out as they are; and words that people wrote.
SHUT = (
    "self::a|self::button|self::select|self::textarea|self::summary|self::dialog|self::time|self::code|self::pre"
    "|self::output|self::datalist|self::svg|self::noscript|self::mark|self::blockquote|self::script"
    "|self::*[@hidden or @role='alert' or @role='status' or contains(@class, 'hidden')]"
    "|self::*[@class='text' or starts-with(@class, 'text ') or contains(@class, ' text')]"
    "|self::*[contains(@class, 'said') or contains(@class, 'what') or contains(@class, 'reasons')]"
    "|self::*[contains(@class, 'done') or contains(@class, 'problem') or contains(@class, 'story')]"
    "|self::*[contains(@class, 'tag') or contains(@class, 'chip')]"
)


@pytest.fixture(scope="module", autouse=True)
def filled(folder: Path) -> None:
    """A source, a case, a rule and a saved search: pages with something on them say more."""
    source = '[city]\nengine = "discuz"\nurl = "https://bbs.example.org/"\nboards = ["36"]\nenabled = false\n'
    (folder / "sources.toml").write_text(source, encoding="utf-8")
    login_cookie(folder)
    now = datetime.now(UTC)
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = session.query(User).filter(User.login == "admin-").one()
        due = (now + timedelta(days=1)).date()
        wanted = cases.CaseChange(status="booked", assignee="admin-", due_on=due)
        cases.change(session, {lead(100).id: wanted}, who="admin-", now=now)
        rules.add(session, name="差评", kind="mention", query="", who="admin-", now=now)
        searches.add(session, user_id=user.id, name="牙疼", query="near=all&q=牙疼", now=now)


def open_texts(page: html.HtmlElement) -> Iterator[tuple[str, html.HtmlElement | None, bool]]:
    """Each text of the page that may have help behind it: it, the next element behind it, in a label."""
    for text in page.xpath("//main//text()"):
        parent = text.getparent()
        around = parent.getparent() if text.is_tail else parent
        if around.xpath(f"ancestor-or-self::*[{SHUT}]"):
            continue
        label = around.xpath("ancestor-or-self::label[1]")
        if label:
            behind = label[0].getnext()
        elif text.is_tail:
            behind = parent.getnext()
        else:
            behind = next(iter(parent), None)
        yield str(text), behind, bool(label)


def helped(behind: html.HtmlElement | None, term: str) -> bool:
    """Whether the buttons that follow one another here explain this term."""
    while behind is not None and behind.get("class") in ("term", "term-said"):
        if f"“{term}”" in behind.text_content():
            return True
        behind = behind.getnext()
    return False


@pytest.mark.parametrize("path", PAGES)
def test_the_first_use_of_every_term_has_its_help(client: TestClient, path: str) -> None:
    page = html.fromstring(client.get(path).text)
    texts = list(open_texts(page))
    for term in TERMS:
        uses = [(text, behind, in_label) for text, behind, in_label in texts if term in text]
        first = next((use for use in uses if not use[2]), next(iter(uses), None))
        if first is not None:
            assert helped(first[1], term), (term, first[0].strip())
        ids = page.xpath(f"//button[@class='term'][contains(., '“{term}”')]/@popovertarget")
        assert len(ids) == len(set(ids)) <= 1
        assert [TERMS[term]] * len(ids) == [page.get_element_by_id(each).text for each in ids]


def test_a_doctors_pages_explain_too(client_of: ClientOf) -> None:
    page = client_of("doctor", ("anhe",)).get("/mentions").text
    assert "什么是“提及”" in page


def test_every_explanation_is_somewhere_to_be_read(client: TestClient) -> None:
    pages = "".join(client.get(path).text for path in PAGES)
    once_erased = {"回执编号"}
    assert {term for term in TERMS if f"什么是“{term}”" in pages} >= set(TERMS) - once_erased


def test_words_of_people_links_and_messages_are_left_as_they_are() -> None:
    said = '<p class="text">一条线索</p><a href="/">线索</a><p role="status">3 条线索</p>'
    page = explained(f'<main id="main">{said}<p>线索</p></main>', {"线索": "一句话。"})
    assert page.startswith(f'<main id="main">{said}<p>线索<button')
    assert page.endswith(">一句话。</span></p></main>")
    assert (
        explained(f'<main id="main">{said}</main>', {"线索": "一句话。"}) == f'<main id="main">{said}</main>'
    )


def test_in_a_label_the_help_stands_behind_the_label() -> None:
    page = explained('<main id="main"><label>线索 <input></label></main>', {"线索": "一句话。"})
    assert "线索 <input></label><button" in page


def test_an_explanation_is_plain_words() -> None:
    for term, sentence in TERMS.items():
        assert sentence.endswith("。"), term
        assert len(sentence) <= 60, term
