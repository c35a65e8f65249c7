"""看见即存 over the API: what is kept, what is not, how often, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from leads.actions.erase import erase
from leads.records import captures
from leads.records.tables.people import Audit
from leads.records.tables.work import Capture
from leads.web.app import create_app
from tests.support.programs import program
from tests.support.seeds import seed, settings

POST = {
    "text": "智齿发炎疼了三天，半边脸都肿了，成都武侯区哪家牙科好？急",
    "time": "3小时前 四川",
    "url": "https://m.weibo.cn/status/z0JH2lOMb",
}
EXTENSION = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"


@pytest.fixture(scope="module")
def desk_app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("captures")
    seed(folder)
    made, now = settings(folder), datetime.now(UTC)
    limited = made.model_copy(update={"web": made.web.model_copy(update={"captures_per_day": 12})})
    return create_app(limited, clock=lambda: now)  # one day, however long the tests take


@pytest.fixture(scope="module")
def api(desk_app: FastAPI) -> Iterator[TestClient]:
    with program(desk_app, scopes=["capture"]) as client:
        yield client


def rows(app: FastAPI) -> list[Capture]:
    with app.state.desk.records.reading() as session:
        return list(session.scalars(select(Capture).order_by(Capture.id)))


def test_a_post_is_kept_once_and_says_who_and_when(api: TestClient, desk_app: FastAPI) -> None:
    first, again = api.post("/captures", json=POST), api.post("/captures", json=POST)
    assert (first.status_code, first.json()["outcome"], first.json()["id"]) == (
        201, "saved", "weibo/3501756485200075",
    )  # fmt: skip
    assert (again.json()["outcome"], again.json()["left"]) == ("known", first.json()["left"] - 1)
    (stored,) = desk_app.state.desk.index.posts([first.json()["id"]])
    assert (stored.url, stored.author_key) == ("https://m.weibo.cn/detail/3501756485200075", "")
    assert [hint.text for hint in stored.place_hints] == ["四川"]
    kept, known = rows(desk_app)[-2:]
    assert (kept.outcome, kept.post_id, known.outcome) == ("saved", "weibo/3501756485200075", "known")
    assert kept.who
    assert datetime.now(UTC) - kept.at < timedelta(hours=1)
    with desk_app.state.desk.records.reading() as session:
        deeds = list(session.scalars(select(Audit).where(Audit.action.startswith("capture."))))
    assert {(deed.action, deed.subject) for deed in deeds} >= {
        ("capture.saved", "weibo"),
        ("capture.known", "weibo"),
    }


def test_what_concerns_no_clinic_is_dropped_and_nothing_of_it_is_written_down(
    api: TestClient, desk_app: FastAPI
) -> None:
    answer = api.post("/captures", json={"text": "今天晚霞真好看，去河边走了走", "time": "1小时前"})
    assert (answer.status_code, answer.json()["outcome"], answer.json()["id"]) == (201, "dropped", "")
    assert rows(desk_app)[-1].post_id == ""


def test_what_reaches_a_person_is_masked_though_the_extension_should_have(
    api: TestClient, desk_app: FastAPI
) -> None:
    text = "牙龈肿了两天睡不着，成都武侯区求推荐牙科，电话13812345678，@小鹿乱撞 帮忙看看"
    answer = api.post("/captures", json={"text": text, "time": "2小时前"})
    (stored,) = desk_app.state.desk.index.posts([answer.json()["id"]])
    assert "13812345678" not in stored.text
    assert "小鹿乱撞" not in stored.text


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"time": "不知道"}, 400, "看不懂的时间"),
        ({"time": ""}, 422, "time"),
        ({"text": ""}, 422, "text"),
        ({"text": "字" * 20_001}, 422, "text"),
        ({"kind": "everything"}, 422, "kind"),
        ({"author": "小鹿乱撞"}, 422, "author"),
    ],
)
def test_what_cannot_be_understood_is_said(
    api: TestClient, changes: dict[str, str], status: int, said: str
) -> None:
    answer = api.post("/captures", json={**POST, **changes})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_an_erased_post_is_not_kept_again_and_who_kept_it_is_forgotten(
    api: TestClient, desk_app: FastAPI
) -> None:
    desk = desk_app.state.desk
    body = {
        **POST,
        "text": POST["text"] + "真的很疼",
        "url": "https://www.xiaohongshu.com/explore/66bb00000000000000000050",
    }
    post_id = api.post("/captures", json=body).json()["id"]
    assert post_id == "xhs/66bb00000000000000000050"
    erase(
        desk.records, desk.index, "post", post_id, who="boss", now=datetime.now(UTC), settings=desk.settings
    )
    assert post_id not in {row.post_id for row in rows(desk_app)}
    again = api.post("/captures", json=body).json()
    assert (again["outcome"], again["id"]) == ("dropped", "")
    assert "删除" in again["said"]
    assert not desk.index.posts([post_id])


def test_old_captures_are_forgotten(desk_app: FastAPI) -> None:
    now = datetime.now(UTC)
    with desk_app.state.desk.records.transaction() as session:
        captures.note(session, "saved", who="lin", now=now - timedelta(days=200), post_id="weibo/1")
        captures.forget(session, now - timedelta(days=180))
    assert "weibo/1" not in {row.post_id for row in rows(desk_app)}


class TestWho:
    def test_a_token_needs_the_scope(self, desk_app: FastAPI) -> None:
        answer = program(desk_app, scopes=["leads:write"]).post("/captures", json=POST)
        assert answer.status_code == 403
        assert "保存看到的帖子" in answer.json()["error"]["message"]

    def test_the_day_has_an_end(self, desk_app: FastAPI) -> None:
        client = program(desk_app, scopes=["capture"])
        left = client.post("/captures", json=POST).json()["left"]
        for _ in range(left):
            assert client.post("/captures", json=POST).status_code == 201
        answer = client.post("/captures", json=POST)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_requests")
        assert "明天再存" in answer.json()["error"]["message"]
        with desk_app.state.desk.records.reading() as session:
            tomorrow = datetime.now(UTC) + timedelta(days=1)
            assert captures.of_today(session, rows(desk_app)[-1].who, now=tomorrow) == 0


class TestOrigin:
    def test_pages_of_extensions_may_ask_from_their_own_origin(self, api: TestClient) -> None:
        asked = {
            "Origin": EXTENSION,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        answer = api.options("/captures", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == EXTENSION
        assert "Access-Control-Allow-Credentials" not in answer.headers
        wrong = api.post("/captures", json={}, headers={"Origin": EXTENSION})
        assert (wrong.status_code, wrong.headers["Access-Control-Allow-Origin"]) == (422, EXTENSION)

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9", "null"])
    def test_web_pages_may_not(self, api: TestClient, origin: str) -> None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert "Access-Control-Allow-Origin" not in api.options("/captures", headers=asked).headers

    def test_no_other_address_is_open(self, api: TestClient) -> None:
        answer = api.get("/leads", headers={"Origin": EXTENSION})
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_and_the_extension_count_together(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with create_app(settings(tmp_path)).state.desk.records as records:
        with records.transaction() as session:
            captures.note(session, "saved", who="lin", now=now, post_id="weibo/1")
            captures.note(session, "dropped", who="lin", now=now, post_id="weibo/2")
            captures.note(session, "saved", who="wu", now=now, post_id="weibo/3")
        with records.reading() as session:
            assert captures.of_today(session, "lin", now=now) == 2
            assert [row.post_id for row in session.scalars(select(Capture))] == ["weibo/1", "", "weibo/3"]
