"""What the page of a lead says of the second reader: its word only after a judgement, or once it decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.config import ReaderSettings
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead
from leads.reader.question import question
from leads.reader.second_reader import put_down
from leads.records import feedback, readings
from leads.web.app import create_app
from nlp.models import IntentLabel
from tests.support.doubts import doubtful
from tests.support.seeds import BASE, csrf, login_cookie, settings

MODEL = "reader-7b"
READ_AT = datetime(2026, 11, 29, 16, 30, tzinfo=UTC)
HIDDEN = "第二读者已经看过：有人判断之后才显示"


def recent(number: int) -> Lead:
    made = doubtful(number, f"{number}号洗牙优惠")
    return replace(made, post=replace(made.post, published_at=datetime.now(UTC)))


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([recent(1), recent(2), put_down(recent(3), "advert", 0.1)])
    reader = ReaderSettings(url="http://127.0.0.1:1/v1", model=MODEL, private_addresses=True)
    return create_app(settings(tmp_path).model_copy(update={"reader": reader}))


@pytest.fixture
def client(app: FastAPI, tmp_path: Path) -> Iterator[TestClient]:
    cookie = login_cookie(tmp_path)
    with TestClient(app, base_url=BASE, cookies=cookie, headers={"X-CSRF": csrf(cookie, tmp_path)}) as opened:
        yield opened


@pytest.fixture
def reads(app: FastAPI) -> Callable[[int, IntentLabel], None]:
    """The second reader has read a lead."""

    def keep(number: int, intent: IntentLabel) -> None:
        key = question(recent(number).post.full_text).key
        budget = readings.DailyBudget(requests=10, characters=10_000)
        with app.state.desk.records.transaction() as session:
            readings.reserve(session, key, model=MODEL, post_id="", characters=1, budget=budget, now=READ_AT)
            readings.keep(session, key, model=MODEL, intent=intent, now=READ_AT)

    return keep


def test_nothing_is_said_of_what_was_not_read(client: TestClient) -> None:
    assert "第二读者" not in client.get("/leads/forum/1").text


def test_its_word_is_shown_after_somebody_judged(
    client: TestClient, reads: Callable[[int, IntentLabel], None]
) -> None:
    reads(1, "advert")
    before = client.get("/leads/forum/1").text
    assert HIDDEN in before
    assert "第二读者：" not in before
    client.post("/feedback/forum/1", data={"kind": "lead"})
    after = client.get("/leads/forum/1").text
    assert f"第二读者：广告（{MODEL}，11-30 00:30；不影响排序）。" in after
    assert HIDDEN not in after


def test_only_judgements_that_did_not_see_its_word_measure_it(
    client: TestClient, app: FastAPI, reads: Callable[[int, IntentLabel], None]
) -> None:
    reads(1, "advert")
    client.post("/feedback/forum/1", data={"kind": "lead"})
    client.post("/feedback/forum/1", data={"kind": "not_lead", "intent": "advert"})
    with app.state.desk.records.reading() as session:
        first, second = feedback.of(session, "forum/1")
        assert ("reader" in first.said, second.said["reader"]) == (False, "advert")
        assert [each.meant for each in readings.unseen(session, below=0.8)] == [True]
    assert "模型当时认为：求诊" in client.get("/leads/forum/1").text


def test_a_symptom_judged_wrong_shows_nothing(
    client: TestClient, reads: Callable[[int, IntentLabel], None]
) -> None:
    reads(2, "advert")
    client.post("/feedback/forum/2", data={"kind": "place", "reason": "在绵阳"})
    assert HIDDEN in client.get("/leads/forum/2").text


def test_a_lead_that_was_put_down_says_so(
    client: TestClient, app: FastAPI, reads: Callable[[int, IntentLabel], None]
) -> None:
    reads(3, "advert")
    page = client.get("/leads/forum/3").text
    assert "第二读者认为是广告" in page
    assert f"第二读者：广告（{MODEL}，11-30 00:30；已按它排后）。" in page
    client.post("/feedback/forum/3", data={"kind": "not_lead", "intent": "advert"})
    with app.state.desk.records.reading() as session:
        assert readings.unseen(session, below=0.8) == []
