"""The pages 大家在问: the list, the posts behind a question, the outline and its check."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.web.app import create_app
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
