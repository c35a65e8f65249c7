"""What leads are counted by, held as columns: counting a hundred thousand leads takes milliseconds.

A copy of the table `spread`, 68 bytes a lead. It is mapped from a file beside the index
(`leads.index.sqlite.mapped`) or, where there is none that fits, read when counts are first asked for (a
million leads: 30 ms and 8 s), and then kept up by reading what `spread_log` says has changed since, other
processes' writes included. Every so many changes the file is written anew. A `Table` never changes; a change
makes a new one, so readers need no lock.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from leads.errors import StorageError
from leads.index.sqlite import mapped
from leads.index.sqlite.schema import open_reader, translated

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TEXTS = ("source", "intent", "status", "assignee", "symptoms", "specialties")
NUMBERS = ("hot", "need", "lat", "lon")
CHUNK = 50_000
WORTH = 5_000  # changes that are worth a file written anew: they are read in 50 ms, a file is written in 300
_log = logging.getLogger(__name__)


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

    def adopt(self, values: Sequence[object], codes: Codes) -> Codes:
        """Codes of another vocabulary as this one's; nothing is copied where this one is empty."""
        fresh = not self.values
        mine = self.numbers(values)
        return codes if fresh else mine[codes]

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
        self._file = mapped.path_beside(path)
        self._db: sqlite3.Connection | None = None
        self._lock = Lock()
        self._table: Table | None = None
        self._saved = 0  # the last change that the file is known to hold
        self._saver: Thread | None = None
        self.vocabularies: Mapping[str, Vocabulary] = {name: Vocabulary() for name in (*TEXTS, "area")}

    def ready(self) -> bool:
        """The table is in memory, or in a file from where it is soon."""
        if self._table is None:
            with self._lock, self._state() as database:
                self._table = self._table or self._mapped(database)
        return self._table is not None

    def table(self) -> Table:
        """As of now: everything committed before the call is in it."""
        table = self._now()
        if self._behind(table.stamp):
            with self._lock:
                if self._saver is None or not self._saver.is_alive():
                    self._saver = Thread(target=self.keep, name="columns-saver")
                    self._saver.start()
        return table

    def _now(self) -> Table:
        with self._lock, self._state() as database:
            self._table = self._current(database, self._table or self._mapped(database))
            return self._table

    @contextmanager
    def _state(self) -> Iterator[sqlite3.Connection]:
        """One state of the index for all that is read."""
        if self._db is None:
            self._db = open_reader(self._path)
        self._db.execute("BEGIN")
        try:
            yield self._db
        finally:
            self._db.execute("COMMIT")

    def _current(self, database: sqlite3.Connection, table: Table | None) -> Table:
        first, last = _logged(database)
        if table is not None and table.stamp == last:
            return table
        if table is None or not _in_reach(table.stamp, first, last):
            return self._read(database, last, "", ())
        changed = [
            row[0]
            for row in database.execute("SELECT DISTINCT row FROM spread_log WHERE stamp > ?", (table.stamp,))
        ]
        chosen = (orjson.dumps(changed).decode(),)
        fresh = self._read(database, last, " AND rowid IN (SELECT value FROM json_each(?))", chosen)
        return replace(table.without(np.array(changed, np.int64)).plus(fresh), stamp=last)

    # --- the file

    def _mapped(self, database: sqlite3.Connection) -> Table | None:
        """The table of the file, where it is one of this index and not too old to be made current."""
        saved = mapped.read(self._file) if self._file is not None else None
        if saved is None or not _in_reach(saved.stamp, *_logged(database)):
            return None
        name = database.execute("SELECT id FROM stamp").fetchone()[0]
        row = database.execute("SELECT row FROM spread_log WHERE stamp = ?", (saved.stamp,)).fetchone()
        if (saved.index, (saved.row,)) != (name, row):
            return None  # of an index that was put back from a copy, say
        self._saved = saved.stamp
        return Table(
            stamp=saved.stamp,
            rows=saved.columns["rows"].astype(np.int64, copy=False),
            numbers={its: saved.columns[its].astype(np.float64, copy=False) for its in NUMBERS},
            codes={
                its: vocabulary.adopt(
                    _values(saved.values[its]), saved.columns[its].astype(np.int32, copy=False)
                )
                for its, vocabulary in self.vocabularies.items()
            },
        )

    def _behind(self, stamp: int) -> bool:
        """The file lacks so many changes that it is worth being written anew: 5,000, or one in a hundred."""
        rows = 0 if self._table is None else len(self._table.rows)
        return self._file is not None and stamp - self._saved > max(WORTH, rows // 100)

    def keep(self) -> None:
        """Write the file anew where it lacks much; where that fails, the next start takes longer."""
        if self._file is None:
            return
        try:
            with translated(), self._lock, self._state() as database:
                if self._table is None:
                    self._table = self._mapped(database)
                lacking = self._behind(_logged(database)[1])
            if lacking:
                self._save(self._file)
        except FileNotFoundError:
            _log.debug("another process writes the columns")
        except (OSError, StorageError) as error:
            _log.warning("search columns are not kept on disk, the next start reads them again: %s", error)

    def renew(self) -> None:
        """Nothing that was erased is left in the file; where there is none, there stays none.

        Raises:
            OSError: it cannot even be unlinked.
        """
        if self._file is None:
            return
        try:
            if self._file.exists() and self.ready():
                self._save(self._file)
                return
        except OSError:
            _log.info("search columns are unlinked, as they cannot be written anew")
        mapped.forget(self._file)

    def _save(self, path: Path) -> None:
        with mapped.part(path) as file:
            # Read when the part is there: what is erased from now on has it unlinked.
            table = self._now()
            mapped.write(file, self._as_saved(table))
        self._saved = table.stamp

    def _as_saved(self, table: Table) -> mapped.Saved:
        with self._lock, self._state() as database:
            name = database.execute("SELECT id FROM stamp").fetchone()[0]
            row = database.execute("SELECT row FROM spread_log WHERE stamp = ?", (table.stamp,)).fetchone()
        return mapped.Saved(
            index=name,
            stamp=table.stamp,
            row=row[0] if row else 0,
            values={its: list(map(_plain, each.values)) for its, each in self.vocabularies.items()},
            columns={"rows": table.rows, **table.numbers, **table.codes},
        )

    # --- the tables

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
        if self._saver is not None:
            self._saver.join()
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = self._table = None


def _logged(database: sqlite3.Connection) -> tuple[int, int]:
    """The first and the last change of the log; 0 where it is empty."""
    first, last = database.execute(
        "SELECT (SELECT min(stamp) FROM spread_log), (SELECT max(stamp) FROM spread_log)"
    ).fetchone()
    return first or 0, last or 0


def _in_reach(stamp: int, first: int, last: int) -> bool:
    """All changes since are in the log, and they are not so many that reading everything is quicker."""
    return first <= stamp + 1 <= last + 1 and last - stamp <= CHUNK


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Area) else value


def _values(plain: Sequence[object]) -> list[object]:
    """What `_plain` took apart."""
    return [Area(*each) if isinstance(each, list) else each for each in plain]


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
