"""A number in an address that is none of ours is an address that is not there: on every page, in the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.records import tokens, users
from leads.web.headers import HEADERS
from tests.support.routes import numbers_of
from tests.support.visitors import browser_of, desk

ABSURD = ("-1", str(2**31), str(2**63), str(2**64), "9" * 30, "9" * 5000, "1e9", "1.5", "0x10", "nan", "x")
ABSENT = ("0", str(2**31 - 1))  # could be ours, but are not there


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return desk(tmp_path_factory.mktemp("numbers"))


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """An admin, as a person and as a program."""
    with browser_of(app, "boss") as browser:
        with app.state.desk.records.transaction() as session:
            boss = users.by_login(session, "boss")
            assert boss is not None
            secret, _ = tokens.create(session, boss, name="x", scopes=tokens.SCOPES, now=datetime.now(UTC))
        browser.headers["Authorization"] = f"Bearer {secret}"
        yield browser


def test_there_are_such_addresses_among_the_pages_and_in_the_api(app: FastAPI) -> None:
    found = numbers_of(app)
    assert len(found) >= 20
    assert any(route.split()[1].startswith("/api/") for route in found)


@pytest.mark.parametrize("number", [*ABSURD, *ABSENT], ids=lambda text: text[:32])
def test_no_route_finds_a_number_that_is_none(app: FastAPI, client: TestClient, number: str) -> None:
    for route in numbers_of(app):
        method, _, path = route.partition(" ")
        answer = client.request(method, re.sub(r"{\w+}", number, path), json={} if "/api/" in path else None)
        assert answer.status_code == 404, (route, number[:32], answer.status_code)
        assert "Cache-Control" in answer.headers
        assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
