"""A batch is filed as its leads are one by one, whatever stands twice in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from leads.errors import StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead
from tests.support.builders import LONG, lead, region

TABLES = ("leads", "bands", "spread", "daily")
PLACED = region("武侯区")
BATCH = (
    lead(1, "牙疼第一天，求推荐", place=PLACED, hours=1),
    lead(2, LONG, hours=2),
    lead(3, LONG + "谢谢", hours=3),  # older than what it is like: the head
    lead(1, "牙疼第一天，求推荐一家", hours=1),  # somebody edited it
    lead(4, LONG, hours=1),
    lead(3, "完全是另一件事：孩子发烧三天", hours=3),  # the head goes, and one that was folded is promoted
    lead(5, "牙疼第一天，求推荐", hours=1, author_key="author1"),
)


def stored(folder: Path, batches: Sequence[Sequence[Lead]]) -> dict[str, list[tuple[object, ...]]]:
    """All rows, and every word with the leads it stands in."""
    file = folder / f"{len(batches)}.sqlite"
    with SqliteIndex(file) as index:
        for batch in batches:
            index.upsert(batch)
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, fts, instance)")
        return {
            table: sorted(database.execute(f"SELECT * FROM {table}"))  # noqa: S608 - own names
            for table in (*TABLES, "temp.words")
        }


def test_a_batch_is_filed_as_its_leads_are_one_by_one(tmp_path: Path) -> None:
    together = stored(tmp_path, [BATCH])
    assert together == stored(tmp_path, [[each] for each in BATCH])
    assert len(together["leads"]) == 5
    assert len(together["spread"]) == len(together["leads"]) - 1, "one is folded"


def test_what_a_failed_batch_had_gathered_is_not_filed_with_the_next(tmp_path: Path) -> None:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        bad = lead(2, "智齿发炎", need=None)  # type: ignore[arg-type]  # no such lead can be written
        with pytest.raises((StorageError, TypeError)):
            index.upsert([lead(1, "牙疼"), bad])
        index.upsert([lead(3, "牙龈出血")])
        assert index.counts()["leads"] == 1
    with closing(sqlite3.connect(tmp_path / "leads.sqlite")) as database:
        (leads,), (counted,) = (
            database.execute(sql).fetchone()
            for sql in ("SELECT count(*) FROM leads", "SELECT count(*) FROM spread")
        )
    assert (leads, counted) == (1, 1)
