"""The table of daily counts of the embedded index. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import date

import orjson

from leads.index.codec import lead_from_dict
from leads.index.daily import Counts, Daily
from leads.index.spread import DayFacts, facet_values, facts_of
from leads.models import Lead

DAILY_SCHEMA = """
-- Searchable leads a day. `per`: once a lead, or once for each of its symptoms or specialties (`code`).
-- The key begins with what pages ask for, so that a city's stretch of days is one stretch of the table.
CREATE TABLE IF NOT EXISTS daily (
    per TEXT NOT NULL, city TEXT NOT NULL,
    day INTEGER NOT NULL,           -- proleptic ordinal of the date in Beijing
    code TEXT NOT NULL, district TEXT NOT NULL, source TEXT NOT NULL,
    stage TEXT NOT NULL, answered TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (per, city, day, code, district, source, stage, answered)
) WITHOUT ROWID;
"""
_ADD = (
    "INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET n = n + excluded.n"
)  # fmt: skip
_EMPTY = (
    "DELETE FROM daily WHERE per = ? AND city = ? AND day = ? AND code = ? AND district = ? AND source = ?"
    " AND stage = ? AND answered = ? AND n = 0"
)
_COLUMN = {"symptom": "code", "specialty": "code"}  # others are called as their dimension
_Key = tuple[str, str, int, str, str, str, str, str]


class DailyTable:
    """Changes of one transaction, gathered and written at its end: a batch has few cells."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._changes: Counter[_Key] = Counter()

    def add(self, lead: Lead, times: int) -> None:
        """A lead becomes searchable (1), or is so no more (-1)."""
        facts, values = facts_of(lead), facet_values(lead)
        self._changes[_key("lead", "", facts)] += times
        for code in values["symptom"]:
            self._changes[_key("symptom", code, facts)] += times
        for code in values["specialty"]:
            self._changes[_key("specialty", code, facts)] += times

    def write(self) -> None:
        """Before the transaction ends."""
        changes = {key: count for key, count in self._changes.items() if count}
        self._changes.clear()
        self._db.executemany(_ADD, [(*key, count) for key, count in sorted(changes.items())])
        self._db.executemany(_EMPTY, [key for key, count in changes.items() if count < 0])

    def forget(self) -> None:
        """The transaction is taken back."""
        self._changes.clear()


def _key(per: str, code: str, facts: DayFacts) -> _Key:
    day = date.fromisoformat(facts.day).toordinal()
    return per, facts.city, day, code, facts.district, facts.source, facts.stage, facts.answered


def recount(database: sqlite3.Connection) -> None:
    """Everything anew, from the leads themselves: for files of a version that did not count."""
    database.execute("DELETE FROM daily")
    table = DailyTable(database)
    for number, (doc,) in enumerate(database.execute("SELECT doc FROM leads WHERE head IS NULL"), 1):
        table.add(lead_from_dict(orjson.loads(doc)), 1)
        if number % 10_000 == 0:
            table.write()
    table.write()


def daily(database: sqlite3.Connection, asked: Daily) -> Counts:
    """The answer of one question."""
    columns = [_COLUMN.get(name, name) for name in asked.by]
    where, values = _conditions(asked)
    grouped = f" GROUP BY {', '.join(columns)}" if columns else ""
    sql = f"SELECT {', '.join((*columns, 'sum(n)'))} FROM daily WHERE {where}{grouped}"  # noqa: S608 - own names
    rows = database.execute(sql, values)
    at = asked.by.index("day") if "day" in asked.by else None
    if at is None:
        return {row[:-1]: row[-1] for row in rows if row[-1]}
    names: dict[int, str] = {}
    found = {}
    for row in rows:
        number = row[at]
        name = names.get(number) or names.setdefault(number, date.fromordinal(number).isoformat())
        found[(*row[:at], name, *row[at + 1 : -1])] = row[-1]
    return found


def _conditions(asked: Daily) -> tuple[str, list[str | int]]:
    parts = ["per = ?"]
    values: list[str | int] = [asked.per]
    wanted: Iterable[tuple[str, tuple[str, ...]]] = (
        ("city", asked.cities), ("code", asked.symptoms or asked.specialties), ("source", asked.sources),
    )  # fmt: skip
    for column, those in wanted:
        if those:
            parts.append(f"{column} IN (SELECT value FROM json_each(?))")  # noqa: S608 - own names
            values.append(orjson.dumps(those).decode())
    if asked.since is not None:
        parts.append("day >= ?")
        values.append(asked.since.toordinal())
    if asked.until is not None:
        parts.append("day < ?")
        values.append(asked.until.toordinal())
    return " AND ".join(parts), values
