"""Saved searches: names, alerts, and feeds that tell no more than their owner may see."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import unescape
from pathlib import Path
from urllib.parse import quote

import feedparser
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from leads.index.sqlite.index import SqliteIndex
from leads.models import Hit, Role
from leads.records import audit, open_records, rules, searches, users
from leads.records.tables.work import SavedSearch
from leads.scoring.fit import serves
from leads.web.leads.atom import LONGEST, Feed, atom, shortened
from tests.support.builders import lead
from tests.support.seeds import SCRIPT, ClientOf, settings
from tests.support.seen import shown

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def saved_by(folder: Path, login: str) -> list[SavedSearch]:
    with open_records(settings(folder)) as records, records.reading() as session:
        user = users.by_login(session, login)
        assert user is not None
        return list(searches.of_user(session, user.id))


def save(client: TestClient, name: str, query: str) -> None:
    answer = client.post("/searches", data={"name": name, "query": query}, follow_redirects=False)
    assert answer.status_code == 303, answer.text


def feed_of(folder: Path, login: str, name: str) -> str:
    (found,) = [each for each in saved_by(folder, login) if each.name == name]
    return f"/feeds/{found.feed_secret}.atom"


# --- saving ------------------------------------------------------------


def test_a_search_is_saved_opened_renamed_and_removed(client: TestClient, folder: Path) -> None:
    save(client, "本周牙疼", "q=牙疼&since=7d&cursor=abc")
    (kept,) = saved_by(folder, "admin-")
    assert (kept.name, unescape(kept.query)) == ("本周牙疼", "q=%E7%89%99%E7%96%BC&near=anhe&since=7d")
    html = client.get("/leads").text
    assert re.search(r'<a href="/leads\?q=%E7%89%99%E7%96%BC&amp;near=anhe&amp;since=7d">本周牙疼</a>', html)
    assert client.post(f"/searches/{kept.id}/rename", data={"name": " 牙疼 "}).status_code == 200
    assert [each.name for each in saved_by(folder, "admin-")] == ["牙疼"]
    assert "已删除" in client.post(f"/searches/{kept.id}/remove").text
    assert saved_by(folder, "admin-") == []


@pytest.mark.parametrize(
    ("name", "query"), [("", "q=x"), ("长" * 41, "q=x"), ("  ", "q=x"), ("坏", "q=("), ("坏", "near=x")]
)
def test_what_cannot_be_saved_is_said(client: TestClient, folder: Path, name: str, query: str) -> None:
    assert client.post("/searches", data={"name": name, "query": query}).status_code == 400
    assert saved_by(folder, "admin-") == []


def test_a_name_is_taken_once(client: TestClient, folder: Path) -> None:
    save(client, "一", "near=all")
    answer = client.post("/searches", data={"name": "一", "query": "q=x"})
    assert (answer.status_code, "换一个名称" in answer.text) == (400, True)
    client.post(f"/searches/{saved_by(folder, 'admin-')[0].id}/remove")


def test_remind_me_makes_a_rule_with_the_same_query(client: TestClient, folder: Path) -> None:
    save(client, "智齿", "q=智齿&near=qingmu&status=new&since=7d")
    (kept,) = saved_by(folder, "admin-")
    answer = client.post(f"/searches/{kept.id}/alert")
    assert (answer.status_code, "/alerts" in answer.text) == (200, True)
    with open_records(settings(folder)) as records, records.reading() as session:
        (made,) = rules.all(session)
    assert (made.name, made.kind, made.created_by) == ("智齿", "lead", "admin-")
    assert made.query == "q=%E6%99%BA%E9%BD%BF&near=qingmu"  # a rule is asked about what is new
    client.post(f"/searches/{kept.id}/remove")


def test_names_are_shown_as_text(client: TestClient, folder: Path) -> None:
    save(client, SCRIPT[:40], "near=all")
    for address in ("/leads", "/searches"):
        assert "<script>document" not in client.get(address).text
    client.post(f"/searches/{saved_by(folder, 'admin-')[0].id}/remove")


# --- feeds ------------------------------------------------------------


def test_a_feed_is_valid_and_has_the_newest_leads(
    client: TestClient, stranger: TestClient, folder: Path
) -> None:
    save(client, "全部", "near=all")
    answer = stranger.get(feed_of(folder, "admin-", "全部"))
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.feed.title == "听诊：全部"
    ids = [entry.links[0].href.rpartition("/")[2] for entry in feed.entries]
    assert ids == [quote(lead_id, safe="") for lead_id in shown(client, near="all", sort="newest")[:50]]
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) == 50
    assert [entry.published_parsed for entry in feed.entries] == sorted(
        (entry.published_parsed for entry in feed.entries), reverse=True
    )
    for entry in feed.entries:
        assert len(entry.title) <= LONGEST
        assert len(entry.summary) <= LONGEST
    assert "author10" not in answer.text
    assert "javascript:" not in answer.text


def test_a_feed_is_not_sent_twice(stranger: TestClient, client: TestClient, folder: Path) -> None:
    save(client, "不变", "near=all&q=7号")
    address = feed_of(folder, "admin-", "不变")
    first = stranger.get(address)
    for headers in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"other", W/{first.headers["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)},
    ):
        again = stranger.get(address, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers["last-modified"]},
        {"If-Modified-Since": "Thu, 01 Jan 1998 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert stranger.get(address, headers=headers).status_code == 200


def test_a_new_address_ends_the_old_one(client: TestClient, stranger: TestClient, folder: Path) -> None:
    save(client, "换", "near=all")
    old = feed_of(folder, "admin-", "换")
    (kept,) = [each for each in saved_by(folder, "admin-") if each.name == "换"]
    client.post(f"/searches/{kept.id}/feed")
    new = feed_of(folder, "admin-", "换")
    assert old != new
    assert [stranger.get(each).status_code for each in (old, new)] == [404, 200]
    with open_records(settings(folder)) as records, records.reading() as session:
        entry = audit.entries(session, limit=1, action="feed")[0]
    assert kept.feed_secret not in f"{entry.subject}{entry.detail}"


def test_a_feed_keeps_to_what_its_owner_may_see_now(
    client_of: ClientOf, stranger: TestClient, folder: Path
) -> None:
    marketer = client_of("marketer", ("qingmu",))
    login = "marketer-qingmu"
    save(marketer, "所有", "near=all")
    save(marketer, "青木", "near=qingmu&radius=2000km&precision=possible")
    everything, near_it = feed_of(folder, login, "所有"), feed_of(folder, login, "青木")
    assert len(feedparser.parse(stranger.get(near_it).content).entries) > 30
    _change(folder, login, role="doctor")
    assert stranger.get(everything).status_code == 410  # no doctor may ask that
    clinic = next(each for each in settings(folder).clinic_records() if each.id == "qingmu")
    entries = feedparser.parse(stranger.get(near_it).content).entries
    with SqliteIndex(folder / "leads.sqlite") as index:
        found = [index.get(entry.link.rpartition("/")[2].replace("%2F", "/")) for entry in entries]
    assert found
    assert all(each is not None and serves(clinic, each.tags) for each in found)
    _change(folder, login, disabled=True)
    assert [stranger.get(each).status_code for each in (everything, near_it)] == [410, 410]


def _change(folder: Path, login: str, *, role: Role = "doctor", disabled: bool = False) -> None:
    with open_records(settings(folder)) as records, records.transaction() as session:
        user = users.by_login(session, login)
        assert user is not None
        user.role, user.disabled = role, disabled


@given(st.text(max_size=600))
def test_any_post_makes_a_valid_feed(text: str) -> None:
    made = lead(1, "牙疼")
    made = replace(made, post=replace(made.post, text=text, title=text[:20]))
    about = Feed(
        title=text, feed_id="urn:x", page="http://d/?q", own="http://d/f", desk="http://d", started=NOW
    )
    feed = feedparser.parse(atom(about, [Hit(lead=made, score=0.5)]))
    assert not feed.bozo
    assert len(feed.entries) == 1


@given(st.text(max_size=400), st.integers(min_value=1, max_value=200))
def test_a_shortened_text_is_short_and_on_one_line(text: str, most: int) -> None:
    made = shortened(text, most)
    assert len(made) <= most
    assert not re.search(r"[\n\r\t\x00]", made)


def test_an_empty_feed_is_valid() -> None:
    about = Feed(
        title="x", feed_id="urn:x", page="http://d/?q", own="http://d/f", desk="http://d", started=NOW
    )
    feed = feedparser.parse(atom(about, []))
    assert (feed.bozo, feed.entries, feed.feed.updated) == (False, [], NOW.isoformat())


def test_a_doctor_makes_no_rule_for_everybody(client_of: ClientOf, folder: Path) -> None:
    doctor = client_of("doctor", ("anhe",))
    save(doctor, "我的", "q=智齿")
    with open_records(settings(folder)) as records, records.reading() as session:
        (kept,) = session.scalars(select(SavedSearch).where(SavedSearch.name == "我的"))
        before = len(rules.all(session))
        assert "提醒我" not in doctor.get("/searches").text
        assert doctor.post(f"/searches/{kept.id}/alert").status_code == 403
        assert len(rules.all(session)) == before
    doctor.post(f"/searches/{kept.id}/remove")
