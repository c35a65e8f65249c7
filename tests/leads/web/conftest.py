"""Fixtures of the page tests: seeded data, clients of every role, a real browser, the served application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from leads.models import Role
from leads.web.app import create_app
from tests.support.browsing import chromium, served
from tests.support.seeds import BASE, ClientOf, csrf, login_cookie, seed, settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with leads and mentions; of one module, so that what a module changes stays there."""
    made = tmp_path_factory.mktemp("data")
    seed(made)
    return made


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    return create_app(settings(folder))


@pytest.fixture(scope="module")
def client_of(app: FastAPI, folder: Path) -> Iterator[ClientOf]:
    """Makes a client of somebody with this role; its `headers` carry the form token for unsafe requests."""
    opened: list[TestClient] = []

    def make(role: Role = "admin", clinic_ids: tuple[str, ...] = ()) -> TestClient:
        cookie = login_cookie(folder, role, clinic_ids)
        client = TestClient(app, base_url=BASE, cookies=cookie, headers={"X-CSRF": csrf(cookie, folder)})
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture(scope="module")
def client(client_of: ClientOf) -> TestClient:
    """An admin's."""
    return client_of()


@pytest.fixture(scope="module")
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """Somebody who is not logged in."""
    with TestClient(app, base_url=BASE) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the application over `folder` is served."""
    with served(folder) as url:
        yield url
