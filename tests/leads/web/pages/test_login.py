"""Coming in: who is let in, how often one may try, and what another site cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from leads.records import Records, audit, passwords, sessions, users
from leads.web import door
from leads.web.app import create_app
from leads.web.auth import COOKIE
from leads.web.door import Gate, own_path
from tests.support.seeds import seed, settings

BASE = "http://127.0.0.1:8000"
WORDS = "vier zufällige Wörter"
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class Time:
    """A clock that a test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of logins are tried here; the real cost of one is for attackers."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_nobody", lambda: quick.hash("nobody"))


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def app(tmp_path: Path, time: Time) -> FastAPI:
    """An application with one admin, lin, who has a password."""
    seed(tmp_path)
    made = create_app(settings(tmp_path), clock=time)
    with made.state.desk.records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="admin", now=START)
        users.set_password(session, user, WORDS, now=START)
    return made


@pytest.fixture
def records(app: FastAPI) -> Records:
    found: Records = app.state.desk.records
    return found


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=BASE, follow_redirects=False) as opened:
        yield opened


def token(client: TestClient, path: str = "/login") -> str:
    """The token in the form of a page that is shown before the login."""
    found = re.search(r'name="csrf" value="([\w-]+)"', client.get(path).text)
    assert found
    return found[1]


def log_in(client: TestClient, login: str = "lin", password: str = WORDS, **fields: str) -> Response:
    return client.post("/login", data={"login": login, "password": password, "csrf": token(client), **fields})


def actions(records: Records) -> list[tuple[str, str]]:
    with records.reading() as session:
        return [(each.action, each.who) for each in audit.entries(session, limit=50)]


@pytest.mark.parametrize("login", ["lin", "LIN", " lin "])
def test_the_right_password_leads_in(client: TestClient, login: str) -> None:
    answer = log_in(client, login, then="/mentions?clinic=anhe")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/mentions?clinic=anhe")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("lin", "wrong"),
        ("lin", ""),
        ("nobody", WORDS),
        ("", ""),
        ("lin\x00", WORDS),
        ("li%", WORDS),
        ("林", WORDS),
    ],
)
def test_everything_else_does_not_and_says_the_same(client: TestClient, login: str, password: str) -> None:
    answer = log_in(client, login, password)
    assert answer.status_code == 403
    assert "用户名或密码不对。" in answer.text
    assert COOKIE not in client.cookies


def test_who_is_disabled_stays_out_even_with_an_open_session(client: TestClient, records: Records) -> None:
    assert log_in(client).status_code == 303
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        user.disabled = True
    assert client.get("/").headers["Location"].startswith("/login")
    assert log_in(client).status_code == 403


def test_full_width_typing_is_the_same_password(client: TestClient) -> None:
    wide = WORDS.replace("v", "\uff56").replace("W", "\uff37")
    assert log_in(client, password=wide).status_code == 303


@pytest.mark.parametrize(
    "then",
    [
        "//evil.example/",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "evil.example",
        "",
        "/x y",
    ],
)
def test_after_the_login_one_is_still_here(client: TestClient, then: str) -> None:
    assert own_path(then) == "/"
    assert log_in(client, then=then).headers["Location"] == "/"
    assert client.get("/login", params={"then": then}).headers["Location"] == "/"


def test_a_page_of_ours_is_kept_with_its_question(client: TestClient) -> None:
    wanted = client.get("/leads?q=牙疼&near=all").headers["Location"]
    kept = re.search(r'name="then" value="([^"]+)"', client.get(wanted).text)
    assert kept
    assert (
        log_in(client, then=kept[1].replace("&amp;", "&")).headers["Location"]
        == "/leads?q=%E7%89%99%E7%96%BC&near=all"
    )


@pytest.mark.parametrize("given", ["", "x", "A" * 43])
def test_another_sites_form_logs_nobody_in(client: TestClient, given: str) -> None:
    token(client)
    answer = client.post("/login", data={"login": "lin", "password": WORDS, "csrf": given})
    assert answer.status_code == 403
    assert COOKIE not in client.cookies
    client.cookies.clear()  # a cross-site form sends no strict cookies
    answer = client.post("/login", data={"login": "lin", "password": WORDS, "csrf": ""})
    assert answer.status_code == 403


def test_a_session_that_was_brought_along_is_never_taken_over(client: TestClient, records: Records) -> None:
    client.cookies.set(COOKIE, "planted" * 7)
    log_in(client)
    first = client.cookies.get(COOKIE, domain="127.0.0.1")
    assert first
    assert first != "planted" * 7
    with records.reading() as session:
        assert sessions.find(session, "planted" * 7, now=START) is None


def test_a_new_login_ends_the_session_before(app: FastAPI, records: Records) -> None:
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    form = token(client)
    data = {"login": "lin", "password": WORDS, "csrf": form}
    first = client.post("/login", data=data).cookies[COOKIE]
    second = client.post("/login", data=data).cookies[COOKIE]
    with records.reading() as session:
        assert sessions.find(session, first, now=START) is None
        assert sessions.find(session, second, now=START) is not None


@pytest.mark.parametrize(
    ("idle", "inside"),
    [(sessions.IDLE - timedelta(minutes=1), True), (sessions.IDLE, False), (sessions.LONGEST, False)],
)
def test_a_session_ends_when_nobody_clicks(
    client: TestClient, time: Time, idle: timedelta, inside: bool
) -> None:
    log_in(client)
    time.now += idle
    assert (client.get("/").status_code == 200) is inside


def test_a_session_ends_after_a_fortnight_of_clicking(client: TestClient, time: Time) -> None:
    log_in(client)
    for _ in range(13):
        time.now += timedelta(days=1)
        assert client.get("/").status_code == 200
    time.now += timedelta(days=1)
    assert client.get("/").status_code == 303


def test_logging_out_ends_the_session_itself(client: TestClient, records: Records) -> None:
    log_in(client)
    secret = client.cookies[COOKIE]
    form = re.search(r'name="csrf" value="([\w-]+)"', client.get("/").text)
    assert form
    assert client.post("/logout", data={"csrf": form[1]}).headers["Location"] == "/login"
    with records.reading() as session:
        assert sessions.find(session, secret, now=START) is None


@pytest.mark.parametrize(("public", "secure"), [("https://desk.example", True), ("", False)])
def test_cookies_are_careful(tmp_path: Path, app: FastAPI, public: str, secure: bool) -> None:
    set_up = settings(tmp_path)
    set_up = set_up.model_copy(update={"web": set_up.web.model_copy(update={"public_url": public})})
    app.state.desk = replace(app.state.desk, settings=set_up)
    base = public or BASE
    with TestClient(app, base_url=base, follow_redirects=False) as client:
        form = client.get("/login")
        answer = log_in(client)
    cookies = [*form.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert len(cookies) >= 3
    for cookie in cookies:
        assert "httponly" in cookie.lower()
        assert "samesite=" in cookie.lower()
        assert ("secure" in cookie.lower()) is secure


# --- how often ---------------------------------------------------------------------------------------------


def test_guessing_stops_with_how_long_to_wait(client: TestClient) -> None:
    for _ in range(10):
        assert log_in(client, password="guess").status_code == 403
    answer = log_in(client)
    assert answer.status_code == 429
    assert 800 < int(answer.headers["Retry-After"]) <= 900
    assert "请等 15 分钟再试" in answer.text


def test_a_crowd_at_the_door_is_asked_to_come_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = passwords.Queue(at_once=1, waiting=0)
    monkeypatch.setattr(passwords, "_queue", full)
    form = {"login": "lin", "password": WORDS, "csrf": token(client)}
    with full.turn():
        answer = client.post("/login", data=form)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "请过几秒再试" in answer.text
    assert client.post("/login", data=form).status_code == 303


def test_a_browser_that_was_in_before_is_not_kept_out_by_somebody_elses_guesses(app: FastAPI) -> None:
    mine, thief = (TestClient(app, base_url=BASE, follow_redirects=False) for _ in range(2))
    assert log_in(mine).status_code == 303
    for _ in range(11):
        last = log_in(thief, password="guess")
    assert last.status_code == 429
    mine.cookies.delete(COOKIE)
    assert log_in(mine).status_code == 303
    assert log_in(thief).status_code == 429


def test_the_mark_of_a_browser_is_for_one_person_and_one_password(app: FastAPI, records: Records) -> None:
    with records.transaction() as session:
        wu = users.add_user(session, login="wu", name="吴", role="marketer", now=START)
        users.set_password(session, wu, WORDS, now=START)
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    log_in(client)
    mark = client.cookies[door.MARK_COOKIE]
    thief = TestClient(app, base_url=BASE, follow_redirects=False)
    for _ in range(11):
        thief.cookies.delete(COOKIE)
        last = log_in(thief, "wu", "guess")
    assert last.status_code == 429
    thief.cookies.set(door.MARK_COOKIE, mark, domain="127.0.0.1")
    assert log_in(thief, "wu").status_code == 429  # lin's mark opens nothing for wu
    with records.transaction() as session:
        lin = users.by_login(session, "lin")
        assert lin
        users.set_password(session, lin, "andere gute Wörter", now=START)
    for _ in range(11):
        last = log_in(thief, "lin", "guess")
    assert last.status_code == 429  # the mark is void, so these counted against the account


@pytest.mark.parametrize(
    ("tries", "blocked"),
    [
        ([("lin", "203.0.113.5")] * 10, ("lin", "203.0.113.9")),  # one account from wherever
        ([("LIN ", "203.0.113.5")] * 10, ("lin", "203.0.113.5")),
        (
            [(f"u{n}", "203.0.113.5") for n in range(60)],
            ("lin", "203.0.113.5"),
        ),  # many accounts from one place
        ([(f"u{n}", f"2001:db8:0:1::{n:x}") for n in range(60)], ("lin", "2001:db8:0:1:ffff::1")),
        ([(f"没有{n}", f"203.0.113.{n}") for n in range(10)], ("也没有", "203.0.113.99")),
    ],
)
def test_tries_are_counted_by_account_and_by_address(
    tries: list[tuple[str, str]], blocked: tuple[str, str]
) -> None:
    gate = Gate()
    assert [gate.enter(*each) for each in tries] == [0] * len(tries)
    assert gate.enter(*blocked) > 0


def test_guesses_from_elsewhere_do_not_keep_out_who_sits_at_the_machine() -> None:
    gate = Gate()
    for number in range(200):
        gate.enter("lin", f"203.0.113.{number}")
    assert gate.enter("lin", "203.0.113.201") > 0
    for here in ("127.0.0.1", "::1"):
        assert gate.enter("lin", here) == 0


def test_the_right_password_forgives_the_tries_before_it_but_not_the_addresss() -> None:
    gate = Gate()
    for number in range(60):
        assert gate.enter("lin", "203.0.113.5") == 0, number
        gate.succeeded("lin", "203.0.113.5")
    assert gate.enter("lin", "203.0.113.5") > 0


# --- what is written down ----------------------------------------------------------------------------------


def test_logins_and_failures_are_written_down_without_what_was_typed(
    client: TestClient, records: Records
) -> None:
    log_in(client, "lin", "secret guess")
    log_in(client, "my password by mistake", "x")
    log_in(client)
    assert actions(records) == [("login", "lin"), ("login.failed", "unknown"), ("login.failed", "lin")]
    with records.reading() as session:
        everything = str([(each.subject, each.detail) for each in audit.entries(session, limit=50)])
    assert "guess" not in everything
    assert "mistake" not in everything


# --- one-time links ----------------------------------------------------------------------------------------


@pytest.fixture
def link(records: Records) -> str:
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user
        return f"/welcome/{users.make_link(session, user, now=START)}"


def test_a_link_gives_a_new_password_once(client: TestClient, link: str) -> None:
    data = {"password": "noch bessere Wörter", "csrf": token(client, link)}
    assert client.post(link, data=data).headers["Location"] == "/"
    assert client.get("/").status_code == 200
    client.cookies.delete(COOKIE)
    assert client.get(link).status_code == 410
    assert client.post(link, data=data).status_code == 410
    assert log_in(client).status_code == 403
    assert log_in(client, password="noch bessere Wörter").status_code == 303


def test_a_link_is_not_used_up_by_a_bad_password_or_another_sites_form(client: TestClient, link: str) -> None:
    form = token(client, link)
    assert client.post(link, data={"password": "short", "csrf": form}).status_code == 400
    assert client.post(link, data={"password": "noch bessere Wörter", "csrf": "x"}).status_code == 400
    assert client.post(link, data={"password": "noch bessere Wörter", "csrf": form}).status_code == 303


def test_a_link_lasts_a_day(client: TestClient, link: str, time: Time) -> None:
    time.now += users.LINK_LASTS - timedelta(seconds=1)
    assert client.get(link).status_code == 200
    time.now += timedelta(seconds=1)
    assert client.get(link).status_code == 410


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("kurz", "太短"),
        ("neunzeich", "太短"),
        ("x" * 1001, "太长"),
        ("1234567890", "常见"),
        ("１２３４５６７８９０", "常见"),
        ("QWERTYUIOP", "常见"),
        ("aaaaaaaaaaaa", "常见"),
        ("1212121212", "常见"),
        ("lin-maerz1", ""),
        ("zehnzeiche", ""),
        ("牙疼的时候要去看牙医呀", ""),
    ],
)
def test_a_password_must_be_long_and_not_everybodys(password: str, said: str) -> None:
    problem = passwords.problem(password, "lin")
    assert said in problem
    assert bool(problem) is bool(said)


@pytest.mark.parametrize("password", ["zhanglihua", "ZhangLihua1", "2026zhanglihua", "zhanglihuazhanglihua"])
def test_a_password_must_not_be_the_login(password: str) -> None:
    assert "太像" in passwords.problem(password, "zhanglihua")
