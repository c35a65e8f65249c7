"""The indexes under test: SQLite in a scratch file, Elasticsearch on a genuine server (marker `elastic`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leads.config import Settings
from leads.index import open_backend
from leads.index.base import LeadIndex
from tests.support import elastic_server
from tests.support.elastic_server import Server, or_skip, running
from tests.support.indexes import NUMBERS, elastic_settings, wipe

Opener = Callable[[str, Path], LeadIndex]


@pytest.fixture(scope="session")
def server_home() -> Path:
    """The unpacked server, for tests that start one of their own."""
    with or_skip():
        return elastic_server.home()


@pytest.fixture(scope="module")
def own_server(server_home: Path) -> Iterator[Server]:
    """A server that tests may kill and start again."""
    with running(server_home) as server:
        yield server


@pytest.fixture
def settings_for(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Settings]]:
    """Settings for a fresh index of a backend; what was made on the server is removed afterwards."""
    made: list[Settings] = []

    def make(backend: str) -> Settings:
        folder = tmp_path / f"data{next(NUMBERS)}"
        folder.mkdir()
        if backend == "sqlite":
            return Settings(data_dir=folder)
        made.append(elastic_settings(request.getfixturevalue("elastic_url"), folder))
        return made[-1]

    yield make
    for settings in made:
        wipe(settings)


@pytest.fixture
def index(backend: str, settings_for: Callable[[str], Settings]) -> Iterator[LeadIndex]:
    """An empty index of the backend a test is parametrised with."""
    with open_backend(settings_for(backend)) as opened:
        yield opened
