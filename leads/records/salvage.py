"""What can still be read of a damaged SQLite file, copied row by row into a sound one with the same tables.

A damaged page takes with it what stands on it; rows before and behind it are found from both ends and, in
between, by asking for ever smaller ranges of row numbers.
"""

from __future__ import annotations

import re
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from leads.errors import BusyError

Row = tuple[object, ...]
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_LEAST = 4  # bytes of a row
_PROBES = 2000  # ranges that are asked for in one table; each takes microseconds
# What SQLite's types hold, by how their names begin.
_NUMBERS, _TEXTS = (int, float), (str, int, float)
_KINDS: Mapping[str, tuple[type, ...]] = {
    "INT": (int,), "BOOL": (int,), "REAL": _NUMBERS, "DOUBLE": _NUMBERS, "FLOAT": _NUMBERS, "BLOB": (bytes,),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """Rows by table. `lost` has the tables that could not be read whole: how many rows they miss, None where
    nothing says how many there were."""

    kept: Mapping[str, int]
    lost: Mapping[str, int | None]


def readable(damaged: Path) -> bool:
    """Whether SQLite still knows which tables there are; else nothing can be asked for."""
    with closing(_open(damaged)) as old:
        try:
            old.execute("SELECT name, sql FROM sqlite_schema").fetchall()
        except sqlite3.DatabaseError:
            return False
    return True


def alone(path: Path) -> None:
    """Raises BusyError when another process has the file open."""
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as database:
        try:
            database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise BusyError(f"{path.name} 还有人在用：请先停下听诊，再修。") from error
            # Too damaged to be locked: then nobody works with it.


def salvage(
    damaged: Path,
    sound: Path,
    *,
    only: Collection[str] = (),
    fit: Callable[[str, Mapping[str, object]], bool] = lambda table, row: True,
) -> Salvaged:
    """Copy what can be read of `damaged` into the tables of `sound`, whose own rows go. `only`: these tables.

    `fit` says whether a row, column → value, is one that makes sense; one that is not counts as lost.
    """
    kept: dict[str, int] = {}
    lost: dict[str, int | None] = {}
    with closing(_open(damaged)) as old, closing(_open(sound)) as new:
        new.execute("BEGIN")
        for table in _tables(new):
            if table.name not in (only or [table.name]) or table.name == "alembic_version":
                continue
            scan = _Scan(old, table, damaged.stat().st_size // _LEAST)
            new.execute(f"DELETE FROM {table.name}")  # noqa: S608 - names of our own tables
            kept[table.name] = _copy(scan, new, table, fit)
            if scan.broken:
                count = _count(old, table.name)
                lost[table.name] = None if count is None else max(0, count - kept[table.name])
        for name, gone in _without_parents(new):
            kept[name] -= gone
            lost[name] = (lost.get(name) or 0) + gone
        new.execute("COMMIT")
    return Salvaged(kept=kept, lost=lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    name: str
    columns: Mapping[str, str]  # name → declared type
    numbered: bool  # its rows have numbers


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA cell_size_check = ON")
    return database


def _tables(database: sqlite3.Connection) -> Sequence[_Table]:
    """Those that hold rows of their own: no virtual table, and none that belongs to one."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    virtual = [name for name, sql in found if re.match(r"CREATE VIRTUAL", sql)]
    return [
        _Table(
            name=name,
            columns={row[1]: row[2].upper() for row in database.execute(f"PRAGMA table_info({name})")},
            numbered=not re.search(r"WITHOUT\s+ROWID\s*$", sql),
        )
        for name, sql in found
        if name not in virtual and not name.startswith(("sqlite_", *(f"{each}_" for each in virtual)))
    ]


@dataclass(slots=True)
class _Scan:
    """The rows of a table, in no order, some perhaps twice; `broken` when some could not be read."""

    database: sqlite3.Connection
    table: _Table
    most: int  # rows that the file has room for; where there are more, pages lead back to themselves
    broken: bool = False
    _columns: str = field(init=False)

    def __post_init__(self) -> None:
        self._columns = ", ".join(f'"{name}"' for name in self.table.columns)

    def __iter__(self) -> Iterator[Row]:
        if self.table.numbered:
            yield from self._by_number()
        else:
            yield from self._until_it_breaks("")
            if self.broken:
                key = self.database.execute(f"PRAGMA table_info({self.table.name})").fetchall()
                names = [row[1] for row in sorted(key, key=lambda row: row[5]) if row[5]]
                yield from self._until_it_breaks("ORDER BY " + ", ".join(f'"{name}" DESC' for name in names))

    def _by_number(self) -> Iterator[Row]:
        gaps, probes = deque([(_LOWEST, _HIGHEST)]), 0
        while gaps and probes < _PROBES:
            low, high = gaps.popleft()
            probes += 1
            for order in ("", " DESC"):
                last: int | None = None
                clause = f"WHERE rowid BETWEEN {low} AND {high} ORDER BY rowid{order}"
                before, self.broken = self.broken, False
                for row in self._until_it_breaks(clause, extra="rowid, "):
                    number = int(str(row[0]))
                    if last is not None and (number <= last if not order else number >= last):
                        self.broken = True  # pages that lead back to themselves
                        break
                    last = number
                    yield row[1:]
                whole, self.broken = not self.broken, self.broken or before
                if whole:
                    break
                if last is not None:
                    low, high = (last + 1, high) if not order else (low, last - 1)
            else:
                if low < high:
                    middle = (low + high) // 2
                    gaps.extend([(low, middle), (middle + 1, high)])

    def _until_it_breaks(self, clause: str, extra: str = "") -> Iterator[Row]:
        table = f"{self.table.name} NOT INDEXED" if self.table.numbered else self.table.name
        try:
            found = self.database.execute(f"SELECT {extra}{self._columns} FROM {table} {clause}")  # noqa: S608 - names of our own tables
            yield from islice(found, self.most)
            self.broken = self.broken or found.fetchone() is not None
        except (sqlite3.DatabaseError, OverflowError):
            self.broken = True


def _copy(
    scan: _Scan, new: sqlite3.Connection, table: _Table, fit: Callable[[str, Mapping[str, object]], bool]
) -> int:
    places = ", ".join("?" * len(table.columns))
    insert = f"INSERT OR IGNORE INTO {table.name} VALUES ({places})"  # noqa: S608 - names of our own tables
    count = 0
    for row in scan:
        values = dict(zip(table.columns, row, strict=True))
        if _of_its_kinds(values, table) and fit(table.name, values):
            count += new.execute(insert, row).rowcount
        else:
            scan.broken = True
    return count


def _of_its_kinds(row: Mapping[str, object], table: _Table) -> bool:
    """A damaged page may be read as rows of nonsense."""
    for name, declared in table.columns.items():
        kinds = next((kinds for begin, kinds in _KINDS.items() if declared.startswith(begin)), _TEXTS)
        if row[name] is not None and not isinstance(row[name], kinds):
            return False
    return True


def _count(database: sqlite3.Connection, table: str) -> int | None:
    """How many rows there were, which an index that is sound still knows."""
    try:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - names of our own tables
    except sqlite3.DatabaseError:
        return None


def _without_parents(new: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Rows that belong to one that is lost go, too."""
    while orphans := new.execute("PRAGMA foreign_key_check").fetchall():
        for table in {row[0] for row in orphans}:
            numbers = {(row[1],) for row in orphans if row[0] == table}
            new.executemany(f"DELETE FROM {table} WHERE rowid = ?", numbers)  # noqa: S608 - names of our own tables
            yield table, len(numbers)
