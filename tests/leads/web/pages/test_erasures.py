"""What is held about somebody is shown, copied for them, erased, and the erasure is receipted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.records import accounts, notes, open_records, origins
from leads.records.tables.people import Audit
from leads.web.app import create_app
from tests.support.builders import lead, region, symptom
from tests.support.seeds import settings

NOW = datetime.now(UTC)
ADDRESS = "https://forum.example/thread-901"
AUTHOR = "a1b2c3d4" * 4


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    return create_app(settings(folder))


@pytest.fixture(autouse=True)
def author(folder: Path) -> None:
    """Two leads of one author, one with a note."""
    made = [
        lead(number, f"第{number}回牙疼得睡不着", place=region("武侯区"), symptoms=(symptom(),), url=url)
        for number, url in ((901, ADDRESS), (902, "https://forum.example/thread-902"))
    ]
    dated = [
        replace(
            each,
            post=replace(each.post, published_at=NOW - timedelta(hours=3), author_key=AUTHOR),
        )
        for each in made
    ]
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert(dated)
    with open_records(settings(folder)) as records, records.transaction() as session:
        notes.add(session, dated[0].id, "约了周三", who="lin", now=NOW)


def test_all_that_is_held_about_an_author_is_shown_by_one_address(client: TestClient) -> None:
    page = client.post("/erasures/look", data={"kind": "author", "key": ADDRESS}).text
    for words in ("存着 2 条", "第901回牙疼得睡不着", "第902回牙疼得睡不着", "约了周三", "武侯"):
        assert words in page
    assert AUTHOR not in page


def test_a_post_alone_is_only_that(client: TestClient) -> None:
    page = client.post("/erasures/look", data={"kind": "post", "key": ADDRESS}).text
    assert "存着 1 条" in page
    assert "第902回" not in page


def test_the_copy_holds_the_same_and_is_written_down(client: TestClient, folder: Path) -> None:
    answer = client.post("/erasures/copy", data={"kind": "author", "key": ADDRESS})
    assert "attachment" in answer.headers["Content-Disposition"]
    posts = json.loads(answer.content)["posts"]
    (first,) = (post for post in posts if post["id"] == "forum/901")
    assert (first["url"], set(first["notes"])) == (ADDRESS, {"约了周三"})
    assert AUTHOR not in answer.text
    with open_records(settings(folder)) as records, records.reading() as session:
        assert "export.held" in [row.action for row in session.query(Audit)]


def test_nothing_known_is_said(client: TestClient) -> None:
    for kind, key in (("author", "https://forum.example/nowhere"), ("author", ""), ("post", " ")):
        answer = client.post("/erasures/look", data={"kind": kind, "key": key})
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert "什么也没存" in client.post("/erasures/look", data={"kind": "post", "key": "forum/4711"}).text


def test_an_erasure_has_a_receipt_and_leaves_nothing(client: TestClient) -> None:
    receipt = client.post("/erasures", data={"kind": "author", "key": ADDRESS, "reason": "本人要求"}).text
    for words in ("删除回执", "2 条", "北京时间"):
        assert words in receipt
    assert AUTHOR not in receipt
    listed = client.get("/erasures").text
    assert "本人要求" in listed
    assert AUTHOR not in listed
    assert "牙疼得睡不着" not in client.get("/leads/forum%2F901").text


def test_only_an_admin_may(client_of: Callable[..., TestClient]) -> None:
    assert client_of("marketer").get("/erasures").status_code == 403


def test_rows_about_a_public_account_are_told_too(client: TestClient, folder: Path) -> None:
    house = replace(
        lead(903, "本院开展智齿科普", url="https://forum.example/thread-903").post,
        author_key="h0use" * 4, author_kind="organisation", published_at=NOW - timedelta(hours=3),
    )  # fmt: skip
    with open_records(settings(folder)) as records, records.transaction() as session:
        origins.keep(session, [house])
        accounts.keep_public(session, [(house, ["toothache"])])
    asked = {"kind": "author", "key": house.url}
    page = client.post("/erasures/look", data=asked).text
    assert "作为公开账号统计的 1 条" in page
    assert house.url in page
    told = json.loads(client.post("/erasures/copy", data=asked).content)
    assert [row["url"] for row in told["account"]] == [house.url]
