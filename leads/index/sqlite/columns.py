"""What leads are counted by, held in memory as columns: counting a hundred thousand leads takes milliseconds.

A copy of the table `spread`, loaded when counts are first asked for (100,000 leads: a third of a second,
64 bytes each) and then kept up by reading what `spread_log` says has changed since, other processes' writes
included. A `Table` never changes; a change makes a new one, so readers need no lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from leads.index.sqlite.schema import open_reader

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TEXTS = ("source", "intent", "status", "assignee", "symptoms", "specialties")
NUMBERS = ("hot", "need", "lat", "lon")
CHUNK = 50_000


_SPREAD = (
    "SELECT rowid, source, intent, status, assignee, symptoms, specialties, need, lat, lon, code, level,"
    " radius_km FROM spread WHERE 1"
)
_HOT = "SELECT rowid, hot FROM leads WHERE head IS NULL"


class Area(NamedTuple):
    """Where leads lie, as reach sees it; for points the coordinates stand in the table."""

    code: str
    level: str
    radius_km: float
    lat: float
    lon: float


NO_AREA = Area("", "", 0.0, 0.0, 0.0)


class Vocabulary:
    """Values by small numbers, in the order of their coming."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def numbers(self, values: Sequence[Any]) -> Codes:
        known = self._numbers
        for value in dict.fromkeys(values):
            if value not in known:
                self.values.append(value)
                known[value] = len(self.values) - 1
        return np.fromiter((known[value] for value in values), np.int32, len(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Searchable leads in the order of rowids, which is that of publication."""

    stamp: int  # the last change of `spread_log` that is in here
    rows: Ints
    numbers: Mapping[str, Floats]  # by NUMBERS; lat and lon are 0 where there is no place
    codes: Mapping[str, Codes]  # by TEXTS and "area": numbers of the vocabulary of that name

    def without(self, gone: Ints) -> Table:
        return self._picked(~np.isin(self.rows, gone, assume_unique=True))

    def _picked(self, chosen: Flags | Ints) -> Table:
        return replace(
            self,
            rows=self.rows[chosen],
            numbers={name: column[chosen] for name, column in self.numbers.items()},
            codes={name: column[chosen] for name, column in self.codes.items()},
        )

    def plus(self, other: Table) -> Table:
        """Both, none of the rows in common."""
        order = np.argsort(np.concatenate([self.rows, other.rows]), kind="stable")
        both = replace(
            self,
            rows=np.concatenate([self.rows, other.rows]),
            numbers={
                name: np.concatenate([column, other.numbers[name]]) for name, column in self.numbers.items()
            },
            codes={name: np.concatenate([column, other.codes[name]]) for name, column in self.codes.items()},
        )
        return both._picked(order)


class Columns:
    """The newest `Table`, and the vocabularies of its codes. Safe for many threads."""

    def __init__(self, path: Path | str) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._lock = Lock()
        self._table: Table | None = None
        self.vocabularies: Mapping[str, Vocabulary] = {name: Vocabulary() for name in (*TEXTS, "area")}

    @property
    def loaded(self) -> bool:
        return self._table is not None

    def table(self) -> Table:
        """As of now: everything committed before the call is in it."""
        with self._lock:
            if self._db is None:
                self._db = open_reader(self._path)
            self._db.execute("BEGIN")  # one state of the file for all that is read
            try:
                self._table = self._current(self._db, self._table)
            finally:
                self._db.execute("COMMIT")
            return self._table

    def _current(self, database: sqlite3.Connection, table: Table | None) -> Table:
        first, last = database.execute(
            "SELECT (SELECT min(stamp) FROM spread_log), (SELECT max(stamp) FROM spread_log)"
        ).fetchone()
        last = last or 0
        if table is not None and table.stamp == last:
            return table
        if table is None or table.stamp + 1 < (first or 0) or last - table.stamp > CHUNK:
            return self._read(database, last, "", ())
        changed = [
            row[0]
            for row in database.execute("SELECT DISTINCT row FROM spread_log WHERE stamp > ?", (table.stamp,))
        ]
        chosen = (orjson.dumps(changed).decode(),)
        fresh = self._read(database, last, " AND rowid IN (SELECT value FROM json_each(?))", chosen)
        return replace(table.without(np.array(changed, np.int64)).plus(fresh), stamp=last)

    def _read(self, database: sqlite3.Connection, stamp: int, where: str, values: tuple[str, ...]) -> Table:
        rows = database.execute(_SPREAD + where + " ORDER BY rowid", values)
        parts = [self._part(chunk) for chunk in iter(lambda: list(islice(rows, CHUNK)), [])]
        # An index holds all there is to know of `hot`; the table itself is long to read.
        hot = dict(database.execute(_HOT + where, values))
        found = joined(parts or [self._part([])], stamp)
        ordered = np.fromiter((hot[row] for row in found.rows.tolist()), np.float64, len(found.rows))
        return replace(found, numbers={**found.numbers, "hot": ordered})

    def _part(self, rows: list[tuple[Any, ...]]) -> Table:
        columns = list(zip(*rows, strict=True)) if rows else [()] * 13
        texts = {
            name: self.vocabularies[name].numbers(column)
            for name, column in zip(TEXTS, columns[1:7], strict=True)
        }
        need, lat, lon = (
            np.array([value or 0.0 for value in column], np.float64) for column in columns[7:10]
        )
        areas = self.vocabularies["area"].numbers(list(map(_area, *columns[8:13])))
        return Table(
            stamp=0,
            rows=np.array(columns[0], np.int64),
            numbers={"need": need, "lat": lat, "lon": lon},
            codes={**texts, "area": areas},
        )

    def close(self) -> None:
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = self._table = None


def _area(
    lat: float | None, lon: float | None, code: str | None, level: str | None, radius_km: float | None
) -> Area:
    if lat is None or lon is None or code is None or level is None or radius_km is None:
        return NO_AREA
    return (
        Area(code, level, radius_km, 0.0, 0.0) if level == "point" else Area(code, level, radius_km, lat, lon)
    )


def joined(parts: Sequence[Table], stamp: int) -> Table:
    first = parts[0]
    return Table(
        stamp=stamp,
        rows=np.concatenate([part.rows for part in parts]),
        numbers={name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
        codes={name: np.concatenate([part.codes[name] for part in parts]) for name in first.codes},
    )
