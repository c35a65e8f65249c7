"""Fixtures of the tests of `leads`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leads.config import Settings
from leads.records import Records, open_records
from tests.support import elastic_server
from tests.support.commands import CONFIG


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A current folder with a clinic's settings in it, and a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture(params=["sqlite", "postgres"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Empty records, once in SQLite and once in PostgreSQL: what holds for one holds for the other."""
    address = "sqlite" if request.param == "sqlite" else request.getfixturevalue("postgres")
    with open_records(Settings(data_dir=tmp_path, records=address)) as opened:
        yield opened


@pytest.fixture(scope="session")
def elastic_url() -> str:
    """The address of the Elasticsearch that all processes of the run use."""
    with elastic_server.or_skip():
        return elastic_server.address()
