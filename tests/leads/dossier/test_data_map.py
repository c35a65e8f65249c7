"""Nothing is kept without a purpose, a period and a ground: a new field fails here until it has them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Set
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

import es_mappings
from crawler.coverage import schema as coverage_schema
from crawler.items import Post
from leads.dossier.data_map import ABOUT, DataTable, data_map
from leads.index.sqlite.schema import open_database
from leads.records import tables
from leads.records.tables.base import Base

MAP = data_map(expire_days=180, child_days=30)
ES = Path(next(iter(es_mappings.__path__)))
# What SQLite keeps for itself, and what both indexes derive from leads to count and find them faster.
NO_CONTENT = {"rowid"}


def said(store: str) -> Mapping[str, DataTable]:
    return {each.name: each for each in MAP if each.store == store}


def columns(database: sqlite3.Connection, table: str) -> Set[str]:
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def test_every_column_of_the_records_is_in_it() -> None:
    assert tables
    here = {each.name: {column.name for column in each.columns} for each in Base.metadata.sorted_tables}
    assert {name: set(each.fields) for name, each in said("records").items()} == here


@pytest.mark.parametrize("table", ["leads", "mentions", "spread"])
def test_every_column_of_the_embedded_index_is_in_it(table: str) -> None:
    with closing(open_database(":memory:")) as database:
        known = set(said("index")["mentions" if table == "mentions" else "leads"].fields)
        assert columns(database, table) - NO_CONTENT <= known


@pytest.mark.parametrize("table", ["leads", "mentions"])
def test_every_field_of_the_cluster_is_in_it(table: str) -> None:
    mapping = json.loads((ES / f"{table}.json").read_text(encoding="utf-8"))
    assert set(mapping["properties"]) <= set(said("index")[table].fields)


def test_every_field_of_a_post_is_in_it() -> None:
    assert set(said("post")["post"].fields) == {each.name for each in fields(Post)}


def test_every_column_of_the_books_of_a_crawl_is_in_it() -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        coverage_schema.migrate(database)
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        here = {name: columns(database, name) for name in names}
    assert {name: set(each.fields) for name, each in said("coverage").items()} == here


@pytest.mark.parametrize("table", MAP, ids=lambda table: f"{table.store}.{table.name}")
def test_everything_has_its_purpose_period_and_ground(table: DataTable) -> None:
    assert all((table.purpose, table.period, table.ground))
    assert table.about in ABOUT
    assert all(table.fields.values())
    assert "{" not in table.period
