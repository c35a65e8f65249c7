"""Whatever page of a data file is overwritten: `tingzhen check` says which file, and what to do."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from leads.actions.check import check
from leads.config import Settings
from leads.records import audit, open_records
from leads.records.damage import REMEDIES, damaged
from tests.support.builders import NOW
from tests.support.seeds import seed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    seed(data)
    with open_records(Settings(data_dir=data)) as records, records.transaction() as session:
        for number in range(200):
            audit.note(session, who="lin", action="login", subject=f"{number}", now=NOW)
    coverage = Coverage(data / "coverage.sqlite")
    for number in range(500):
        coverage.set_cursor("forum", f"board:{number}", str(number) * 20)
    coverage.close()
    return data


def used_pages(file: Path) -> Sequence[int]:
    """Numbers of pages that hold rows or keys (pages count from 1)."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT pageno FROM dbstat WHERE ncell > 1 AND pageno > 1 ORDER BY pageno")
        return [row[0] for row in rows]


def overwrite(file: Path, page: int, seed: int) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(random.Random(seed).randbytes(4096))


@pytest.mark.parametrize("deep", [False, True])
def test_sound_files_are_not_complained_of(folder: Path, deep: bool) -> None:
    assert list(damaged(folder, deep=deep)) == []
    assert ("ok", "文件") in [(each.level, each.topic) for each in check(None, deep=deep)]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", REMEDIES)
def test_one_overwritten_page_is_found_wherever_it_is(folder: Path, name: str, deep: bool) -> None:
    file = folder / name
    whole, pages = file.read_bytes(), used_pages(file)
    for page in random.Random(20261130).sample(pages, min(12, len(pages))):
        overwrite(file, page, page)
        assert [each.file for each in damaged(folder, deep=deep)] == [name], page
        file.write_bytes(whole)


def test_the_damaged_table_is_named_with_what_to_do(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database:
        (root,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit'").fetchone()
    overwrite(folder / "records.sqlite", root, 1)
    (said,) = [each.text for each in check(None) if each.topic == "文件"]
    assert said.startswith("records.sqlite（audit")
    assert "从备份恢复" in said
