"""The pages 大家在问: the list, the posts behind a question, the outline and its check."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.actions.erase import erase
from leads.index.sqlite.index import SqliteIndex
from leads.insights import kept
from leads.records import open_records
from leads.web.app import create_app
from leads.web.desk import Desk
from tests.support.builders import region
from tests.support.seeds import BASE, fresh, login_cookie, settings


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert(
            [
                fresh(n, f"{n}号牙疼第{n}天，该挂什么科？", hours=n + 1, place=region("武侯区"), replies=0)
                for n in range(7)
            ]
        )
    cookie = login_cookie(tmp_path, "marketer")
    return TestClient(create_app(settings(tmp_path)), base_url=BASE, cookies=cookie)


def test_a_question_leads_to_its_posts_and_its_outline(client: TestClient) -> None:
    page = unescape(client.get("/questions").text)
    assert "该挂什么科" in page
    (posts,) = re.findall(r'"(/questions/posts[^"]*)"', page)
    behind = client.get(posts).text
    assert "7 人问过" in behind
    assert behind.count('href="/leads/forum%2F') == 7
    assert "（7 人问过，7人没人回答）" in client.get("/questions/outline?symptom=牙痛").text


def test_the_outline_is_checked_and_not_kept(client: TestClient) -> None:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/questions/outline").text)
    assert csrf
    send = {"csrf": csrf[1], "text": "我们诊所包治百病，根治牙疼"}
    assert "要改的话" in client.post("/questions/outline", data=send).text
    good = client.post("/questions/outline", data={**send, "text": "牙疼先看口腔科"}).text
    assert "没有发现" in good
    assert "没有发现" not in client.get("/questions/outline").text


def test_outlines_are_downloaded(client: TestClient) -> None:
    text = client.get("/questions/outline.md")
    assert text.headers["content-type"].startswith("text/markdown")
    assert "该挂什么科" in text.text
    word = client.get("/questions/outline.docx")
    assert word.content[:2] == b"PK"
    assert 'filename="questions.docx"' in word.headers["content-disposition"]


def test_a_question_that_nobody_asked_is_not_there(client: TestClient) -> None:
    assert client.get("/questions/posts?key=toothache.cost").status_code == 404


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were so many leads that answers are kept."""
    monkeypatch.setattr(kept, "FEW", 0)
    monkeypatch.setattr(kept, "APART", timedelta())


@pytest.mark.usefixtures("large")
def test_while_posts_come_in_the_page_says_of_when_it_is(client: TestClient, tmp_path: Path) -> None:
    assert "算于" not in client.get("/questions").text
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([fresh(8, "八号牙疼到天亮，该挂什么科？", hours=1, place=region("武侯区"), replies=0)])
    page = client.get("/questions").text
    assert "算于" in page
    assert ">7</td>" in page
    desk(client).kept.close()
    page = client.get("/questions").text
    assert "算于" not in page
    assert ">8</td>" in page


@pytest.mark.usefixtures("large")
def test_what_is_erased_is_on_no_page_from_then_on(client: TestClient, tmp_path: Path) -> None:
    posts = re.findall(r'"(/questions/posts[^"]*)"', unescape(client.get("/questions").text))[0]
    assert "3号牙疼" in client.get(posts).text
    with SqliteIndex(tmp_path / "leads.sqlite") as index, open_records(settings(tmp_path)) as records:
        erase(records, index, "post", "forum/3", who="admin", now=datetime.now(UTC))
        assert "3号牙疼" not in client.get(posts).text
        assert ">6</td>" in client.get("/questions").text
        for number in (4, 5):
            erase(records, index, "post", f"forum/{number}", who="admin", now=datetime.now(UTC))
    assert "该挂什么科" not in client.get("/questions").text, "four people are not told of"


@pytest.mark.usefixtures("large")
def test_nothing_that_is_kept_has_words_of_a_post(client: TestClient) -> None:
    for page in ("/questions", "/topics?span=month", "/needs", "/ten", "/"):
        assert client.get(page).status_code == 200
    held = pickle.dumps([known.value for known in desk(client).kept._known.values()])
    assert "该挂什么科".encode() in held, "the titles of questions are ours"
    assert "号牙疼第".encode() not in held


def desk(client: TestClient) -> Desk:
    assert isinstance(client.app, FastAPI)
    found: Desk = client.app.state.desk
    return found
