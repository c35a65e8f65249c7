"""The stream, and what colleagues left for somebody: given a lead, called in a note."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from leads.alerts.triggers import nudged
from leads.models import Role
from leads.records import nudges, users
from leads.records.tables.alerts import Alert, Channel
from leads.web.desk import Desk
from tests.support.builders import region
from tests.support.coming import comes
from tests.support.seeds import ClientOf, fresh

WHOM: list[tuple[Role, tuple[str, ...]]] = [("admin", ()), ("marketer", ()), ("doctor", ("anhe",))]


@pytest.fixture(scope="module")
def desk(app: FastAPI) -> Desk:
    found: Desk = app.state.desk
    return found


def heard(client: TestClient, **asked: str) -> dict[str, object]:
    """The first event of a stream."""
    answer = client.get("/events", params={"once": "1", **asked})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: news" in answer.text
    (data,) = re.findall(r"^data: (.+)$", answer.text, re.M)
    found: dict[str, object] = json.loads(data)
    return found


@pytest.mark.parametrize(("role", "own"), WHOM, ids=[role for role, _ in WHOM])
def test_a_page_is_told_how_much_came_since_it_was_opened(
    client_of: ClientOf, desk: Desk, role: Role, own: tuple[str, ...]
) -> None:
    client = client_of(role, own)
    opened = heard(client)
    assert (opened["leads"], opened["mentions"]) == (0, 0)
    comes(desk, fresh(700 + len(role), "牙疼，求推荐", hours=1, place=region("武侯区")))
    told = heard(client, after=str(opened["after"]))
    assert (told["leads"], told["after"]) == (1, opened["after"])
    assert heard(client, after=str(opened["after"]), query="q=没有这个词")["leads"] == 0


@pytest.mark.parametrize(
    "odd", ["x", "2026-11-30T08:00", "9999-01-01T00:00:00+00:00", "0001-01-01T00:00+08:00"]
)
def test_a_moment_that_is_none_or_far_away_is_let_pass(client: TestClient, odd: str) -> None:
    assert datetime.fromisoformat(str(heard(client, after=odd)["after"])).year == datetime.now(UTC).year


def test_a_search_that_cannot_be_read_brings_no_leads(client: TestClient) -> None:
    assert heard(client, query="q=(")["leads"] == 0


def login_of(desk: Desk, login: str) -> int:
    with desk.records.reading() as session:
        user = users.by_login(session, login)
        assert user is not None
        return user.id


def waiting(desk: Desk, login: str) -> list[tuple[str, str]]:
    """(kind, lead) of what a person has not looked at."""
    with desk.records.reading() as session:
        found = nudges.listed(session, login_of(desk, login))
    return [(each.kind, each.lead_id) for each in found if each.seen_at is None]


def test_who_is_given_a_lead_is_told_and_who_takes_one_is_not(client_of: ClientOf, desk: Desk) -> None:
    boss, marketer = client_of("admin"), client_of("marketer")
    boss.post("/cases/forum/1", data={"assignee": "marketer-", "version": "0"})
    boss.post("/cases/forum/2", data={"assignee": "admin-", "version": "0"})
    assert waiting(desk, "marketer-") == [("assigned", "forum/1")]
    assert waiting(desk, "admin-") == []
    assert heard(marketer)["unseen"] == 1
    page = marketer.get("/nudges").text
    assert "测试admin把一条线索交给了你" in page
    assert ">1</strong>" in page
    (action,) = re.findall(r'action="(/nudges/\d+)"', page)
    answer = marketer.post(action, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/leads/forum/1")
    assert waiting(desk, "marketer-") == []


def test_a_note_calls_those_who_may_see_the_lead(client_of: ClientOf, desk: Desk) -> None:
    boss = client_of("admin")
    client_of("marketer")
    client_of("doctor", ("anhe",))
    boss.post("/notes/forum/5", data={"text": "@测试marketer 麻烦看看，@doctor-anhe 也看看，@没有这个人"})
    assert waiting(desk, "marketer-") == [("named", "forum/5")]
    assert waiting(desk, "doctor-anhe") == [("named", "forum/5")]
    client_of("marketer").post("/nudges/seen")
    assert waiting(desk, "marketer-") == []


def test_another_persons_are_not_found(client_of: ClientOf, desk: Desk) -> None:
    with desk.records.transaction() as session:
        nudges.assigned(session, "forum/9", "admin-", who="wang", now=datetime.now(UTC))
    with desk.records.reading() as session:
        (mine,) = nudges.listed(session, login_of(desk, "admin-"))[:1]
    assert client_of("marketer").post(f"/nudges/{mine.id}").status_code == 404
    assert client_of("admin").post(f"/nudges/{mine.id}", follow_redirects=False).status_code == 303


def test_of_names_that_begin_alike_the_longest_is_meant() -> None:
    now = datetime.now(UTC)
    people = [
        users.User(login=login, name=name, role="marketer", created_at=now)
        for login, name in (("li", "李"), ("lina", "李娜"), ("lin", "林"))
    ]
    assert [user.login for user in nudges.in_text("@李娜 看看", people)] == ["lina"]
    assert {user.login for user in nudges.in_text("@李 和 @lin", people)} == {"li", "lin"}
    assert nudges.in_text("李娜 a@b.cn", people) == []


def test_a_nudge_goes_out_once_by_the_channel_that_works(desk: Desk, client_of: ClientOf) -> None:
    client_of("doctor", ("qingmu",))
    now = datetime.now(UTC)
    person = login_of(desk, "doctor-qingmu")
    with desk.records.transaction() as session:
        for state in ("revoked", "failing", "ok"):
            channel = Channel(user_id=person, name=state, kind="webhook", address="{}", created_at=now)
            channel.state = state
            session.add(channel)
        nudges.assigned(session, "forum/3", "doctor-qingmu", who="admin-", now=now)
    assert nudged.tell(desk.records, now=now) >= 1
    assert nudged.tell(desk.records, now=now) == 0
    with desk.records.reading() as session:
        alert = session.scalars(select(Alert).where(Alert.user_id == person)).one()
        used = session.get(Channel, alert.channel_id)
    assert used is not None
    assert (alert.kind, used.name) == ("nudge", "ok")
    assert alert.payload == {"title": "测试admin把一条线索交给了你", "page": "/leads/forum/3"}
