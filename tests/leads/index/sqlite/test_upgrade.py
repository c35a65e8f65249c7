"""A file made by an older version goes on being used: brought up to date on opening, nothing lost."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leads.errors import StorageError
from leads.index.daily import Daily
from leads.index.sqlite.index import SqliteIndex
from leads.models import CaseMark, LeadQuery
from tests.support.builders import NOW, mention
from tests.support.index_contents import contents, fill

# What schema 1 lacked.
AS_SCHEMA_1 = """
DROP TABLE spread; DROP TABLE spread_log; DROP TABLE daily;
CREATE INDEX bands_lead ON bands (lead);
ALTER TABLE leads DROP COLUMN assignee;
UPDATE meta SET value = '1' WHERE key = 'schema';
"""

# What schema 2 lacked.
AS_SCHEMA_2 = "DROP TABLE daily; UPDATE meta SET value = '2' WHERE key = 'schema';"
EVERY_DAY = Daily(by=("day", "district", "symptom", "source"))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of schema 1 with leads, near-duplicates, mentions and statuses."""
    path = tmp_path / "leads.sqlite"
    with SqliteIndex(path) as index:
        fill(index)
        index.set_case([CaseMark(lead_id=f"forum/{n}", status="seen", assignee="") for n in (3, 1001, 1004)])
    database = sqlite3.connect(path)
    database.executescript(AS_SCHEMA_1)
    database.close()
    return path


def test_everything_is_kept(old: Path, tmp_path: Path) -> None:
    with SqliteIndex(tmp_path / "new.sqlite") as fresh:
        fill(fresh)
        marks = [CaseMark(lead_id=f"forum/{n}", status="seen", assignee="") for n in (3, 1001, 1004)]
        fresh.set_case(marks)
        with SqliteIndex(old) as index:
            assert contents(index) == contents(fresh)
            assert index.facets(LeadQuery()) == fresh.facets(LeadQuery())
            assert index.counts() == fresh.counts()
            assert index.daily(EVERY_DAY) == fresh.daily(EVERY_DAY)
            assert index.set_case([CaseMark(lead_id="forum/5", status="seen", assignee="chen")]) == 1
            assert index.upsert_mentions([mention(99)]) == 1
    with SqliteIndex(old) as index:  # a second opening finds nothing left to do
        found = index.search(LeadQuery(assignees=("chen",)), now=NOW).items
        assert [hit.lead.id for hit in found] == ["forum/5"]


def test_an_upgraded_file_is_like_a_new_one(old: Path, tmp_path: Path) -> None:
    with SqliteIndex(old), SqliteIndex(tmp_path / "new.sqlite"):
        pass
    schemas = []
    for path in (old, tmp_path / "new.sqlite"):
        database = sqlite3.connect(path)
        names = database.execute("SELECT type, name FROM sqlite_schema ORDER BY type, name").fetchall()
        columns = database.execute("SELECT name FROM pragma_table_info('leads') ORDER BY name").fetchall()
        schemas.append((names, columns))
        database.close()
    assert schemas[0] == schemas[1]


def test_a_file_without_daily_counts_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "leads.sqlite"
    with SqliteIndex(path) as index:
        fill(index)
        counted = index.daily(EVERY_DAY)
    database = sqlite3.connect(path)
    database.executescript(AS_SCHEMA_2)
    database.close()
    for _ in range(2):
        with SqliteIndex(path) as index:
            assert index.daily(EVERY_DAY) == counted
    assert sum(counted.values()) == 41


def test_several_processes_may_open_it_at_once(old: Path) -> None:
    def opened(_: int) -> dict[str, int]:
        with SqliteIndex(old) as index:
            return dict(index.counts())

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(opened, range(4))) == [{"leads": 41, "folded": 4, "mentions": 7}] * 4


def test_a_version_nobody_knows_is_refused(old: Path) -> None:
    database = sqlite3.connect(old)
    database.execute("UPDATE meta SET value = '9' WHERE key = 'schema'")
    database.commit()
    database.close()
    with pytest.raises(StorageError, match="data_dir"):
        SqliteIndex(old)
