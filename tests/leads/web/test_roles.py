"""Role × route × clinic: every route of the application, asked by everybody. The table is role_table.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from leads.records import tokens, users
from tests.support.role_table import TABLE, Row, World
from tests.support.routes import routes_of
from tests.support.visitors import BASE, CANARY, PEOPLE, browser_of, desk

VISITORS = ("", *PEOPLE)
MEANING = {"y": "let in", "l": "to the login", "n": "no right", "h": "hidden"}
COMPLAINTS = (400, 409, 410, 422)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return desk(tmp_path_factory.mktemp("roles"))


@contextmanager
def program_of(app: FastAPI, login: str, scopes: list[str]) -> Iterator[TestClient]:
    """Somebody's program with a token; one without for ""."""
    client = TestClient(app, base_url=BASE, follow_redirects=False)
    if login:
        with app.state.desk.records.transaction() as session:
            user = users.by_login(session, login)
            secret, _ = tokens.create(session, user, name="test", scopes=scopes, now=datetime.now(UTC))
        client.headers["Authorization"] = f"Bearer {secret}"
    yield client
    client.close()


def ask(client: TestClient, app: FastAPI, route: str, row: Row, login: str) -> Response:
    method, _, path = route.partition(" ")
    world = World(records=app.state.desk.records, login=login)
    url = row.url(world) if callable(row.url) else row.url or path
    assert "{" not in url, f"{route} needs a url in role_table.py"
    return client.request(method, url, data=row.form, json=row.json)


def outcome(answer: Response) -> str:
    """A letter of the table, or the status that fits none."""
    status = answer.status_code
    to_login = status == 303 and answer.headers["Location"].startswith("/login")
    if status == 401 or to_login:
        return "l"
    if status < 400 or status in COMPLAINTS:
        return "y"
    return {403: "n", 404: "h"}.get(status, str(status))


def is_api(route: str) -> bool:
    return route.split(" ")[1].startswith("/api/")


def test_the_table_has_every_route_and_no_other(app: FastAPI) -> None:
    found = set(routes_of(app))
    lines = "\n".join(f'    "{route}": Row(…),' for route in sorted(found - set(TABLE)))
    assert not lines, f"routes without a line; add to TABLE in tests/support/role_table.py:\n{lines}"
    assert sorted(set(TABLE) - found) == [], (
        "lines of routes that do not exist: take them out of role_table.py"
    )


CASES = [
    pytest.param(route, login, expected, id=f"{route} {login or 'stranger'}")
    for route, row in TABLE.items()
    for login, expected in zip(VISITORS, row.outcomes, strict=True)
]


@pytest.mark.parametrize(("route", "login", "expected"), CASES)
def test_everybody_gets_what_the_table_says(app: FastAPI, route: str, login: str, expected: str) -> None:
    row = TABLE[route]
    opened = program_of(app, login, [row.scope]) if is_api(route) else browser_of(app, login)
    with opened as client:
        answer = ask(client, app, route, row, login)
    if route in ("POST /logout", "POST /account/end") and login:
        assert answer.headers["Location"] == "/login"  # where one is led afterwards
        return
    found = outcome(answer)
    assert found == expected, (
        f"{MEANING.get(found, found)} ({answer.status_code}) instead of {MEANING[expected]}"
    )
    if login == "other-doctor":
        assert CANARY not in answer.text


UNSAFE = [
    route
    for route, row in TABLE.items()
    if not route.startswith("GET ") and not is_api(route) and not row.own_token
]


@pytest.mark.parametrize("route", UNSAFE)
def test_no_page_acts_for_a_form_of_another_site(app: FastAPI, route: str) -> None:
    with browser_of(app, "boss", form_token=False) as client:
        assert ask(client, app, route, TABLE[route], "boss").status_code == 403


SCOPED = [(route, row.scope) for route, row in TABLE.items() if is_api(route) and row.scope]


@pytest.mark.parametrize(("route", "scope"), SCOPED)
@pytest.mark.parametrize("login", ["own-doctor", "marketer", "boss"])
def test_a_token_needs_the_scope(app: FastAPI, route: str, scope: str, login: str) -> None:
    others = [each for each in tokens.SCOPES if each != scope]
    with program_of(app, login, others) as client:
        assert ask(client, app, route, TABLE[route], login).status_code == 403


def test_who_sees_the_canary_at_all(app: FastAPI) -> None:
    """Else its absence would prove nothing."""
    for login in ("own-doctor", "marketer", "boss"):
        with browser_of(app, login) as client:
            assert CANARY in client.get("/leads").text
            assert CANARY in client.get("/mentions").text
