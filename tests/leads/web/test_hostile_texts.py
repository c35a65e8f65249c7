"""Scripts, markup, direction marks and very long texts in posts: every page shows them, none of them acts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Dialog
from sqlalchemy import select

from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead, Mention
from leads.records import cases, open_records, searches
from leads.records.tables.people import User
from tests.support.browsing import DESK, fits, opened
from tests.support.builders import mention, region
from tests.support.seeds import RTL, SCRIPT, fresh, login_cookie, settings

pytestmark = pytest.mark.browser

LONG = 20_000  # characters
HOSTILE = (
    SCRIPT,
    "</p></main><svg onload=alert(2)><iframe srcdoc='<script>alert(3)</script>'></iframe>",
    "{{ 7 * 7 }}{% raw %}<style>body{display:none}</style><base href=//elsewhere.example>",
    RTL,
)
# What no page may pass on as it is: the beginnings of elements of ours, and of attributes that act.
MARKUP = re.compile(r"<script>|<img src=x|<svg onload|<iframe|<style>|<base|49\{%")


def hostile_leads() -> list[Lead]:
    """One lead for each hostile text, in the title and at the beginning of 20,000 characters."""
    return [
        fresh(
            n,
            f"安和口腔 牙疼 {text}" + "疼" * (LONG - len(text) - 8),
            hours=1,
            place=region("武侯区"),
            title=text,
            url="javascript:alert(4)",
        )
        for n, text in enumerate(HOSTILE)
    ]


def hostile_mentions() -> list[Mention]:
    now = datetime.now(UTC) - timedelta(hours=1)
    made = [(mention(n), text) for n, text in enumerate(HOSTILE)]
    return [
        replace(
            one, post=replace(one.post, text=f"安和口腔 {text}" + "差" * LONG, title=text, published_at=now)
        )
        for one, text in made
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hostile")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(hostile_leads())
        index.upsert_mentions(hostile_mentions())
    return made


@pytest.fixture(scope="module")
def feed(folder: Path, address: str) -> str:
    """The address of a feed of all leads; the first lead has a case."""
    login_cookie(folder)
    now = datetime.now(UTC)
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = session.scalars(select(User).where(User.login == "admin-")).one()
        wanted = {each.id: cases.CaseChange(version=0, status="seen") for each in hostile_leads()}
        cases.change(session, wanted, who=user.login, now=now)
        made = searches.add(session, user_id=user.id, name=SCRIPT[:40], query="near=all", now=now)
        return f"/feeds/{made.feed_secret}.atom"


def pages() -> list[str]:
    """Every page that shows what a post says."""
    alone = [f"/leads/{quote(each.id, safe='')}" for each in hostile_leads()]
    heard = [f"/mentions/{quote(each.id, safe='')}" for each in hostile_mentions()]
    rule = ["/rules/new?kind=lead&near=all&q=%E7%89%99%E7%96%BC", "/rules/new?kind=mention"]
    return [
        "/leads?near=all",
        "/mentions",
        "/map?near=all",
        "/cases?assignee=",
        "/cases?view=board&who=all",
        "/funnel?stage=found",
        "/searches",
        *rule,
        *alone,
        *heard,
    ]


def test_nothing_in_a_post_acts(browser: Browser, address: str, folder: Path, feed: str) -> None:
    """No dialog, no other title, no request to elsewhere; the console names nothing the policy stopped."""
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    with opened(browser, DESK, folder=folder) as page:
        page.on("dialog", note)
        for path in pages():
            page.goto(address + path)
            assert page.title().endswith("听诊"), path
            assert page.locator("main").is_visible(), path
            assert page.locator("iframe, main style, main script:not([src]), base").count() == 0, path
            assert page.locator("a[href^='javascript'], a[href^='data']").count() == 0, path
            assert fits(page), path
    assert dialogs == []


def test_lists_cut_long_texts(client: TestClient, feed: str) -> None:
    for path in ("/leads?near=all", "/mentions", "/rules/new?kind=lead&near=all", "/cases?assignee=", feed):
        text = client.get(path).text
        assert len(text) < 60_000, path
        assert not re.search(r"疼{1500}|差{1500}", text), path


@pytest.mark.parametrize("path", [*pages(), "/api/v1/docs"])
def test_no_markup_of_a_post_is_passed_on(client: TestClient, feed: str, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert not MARKUP.search(answer.text)


def test_a_feed_is_text(client: TestClient, feed: str) -> None:
    answer = client.get(feed)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert "安和口腔" in answer.text
    assert not MARKUP.search(answer.text)


@pytest.mark.parametrize(
    "path", ["/leads/export.csv", "/leads/export.xlsx", "/api/v1/leads", "/api/v1/mentions"]
)
def test_what_programs_read_is_never_a_page(client: TestClient, feed: str, path: str) -> None:
    answer = client.get(path)
    assert not answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-content-type-options"] == "nosniff"
