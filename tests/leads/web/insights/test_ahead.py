"""What is made before anybody asks: the pages find it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.web.app import create_app
from leads.web.desk import Desk
from leads.web.insights.ahead import Ahead, make
from tests.support.builders import region
from tests.support.seeds import BASE, fresh, login_cookie, settings


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([fresh(1, "牙疼，该挂什么科？", hours=1, place=region("武侯区"))])
    return create_app(settings(tmp_path))


@pytest.fixture
def desk(app: FastAPI) -> Iterator[Desk]:
    found: Desk = app.state.desk
    yield found
    found.close()


def test_pages_as_staff_open_them_find_their_answers(app: FastAPI, desk: Desk, tmp_path: Path) -> None:
    make(desk)
    there = set(desk.kept._known)
    client = TestClient(app, base_url=BASE, cookies=login_cookie(tmp_path, "marketer"))
    for page in ("/", "/topics", "/topics?span=today", "/questions", "/needs", "/groups", "/ten"):
        assert client.get(page).status_code == 200
    assert set(desk.kept._known) == there


def test_they_are_made_beside_the_server_until_it_ends(desk: Desk) -> None:
    ahead = Ahead(desk)
    ahead.start()
    ahead.stop()
    assert not ahead._thread.is_alive()
