"""SQLite files, read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from crawler.files.model import ImportProblem, Record

MAGIC = b"SQLite format 3\0"

# Rows of one table: more than any crawl tool's file we know, about ten minutes of work.
MAX_ROWS = 5_000_000
# Instructions of SQLite's machine until the next row. A row of a table takes a few dozen, the first of a view
# that sorts or counts about fifteen for each row below it: this is some seconds and six million rows. A view
# without an end would otherwise hold the import for ever.
MAX_STEPS = 100_000_000
_EVERY = (
    10_000  # instructions between two looks at the bound: too seldom to be felt, often enough to stop in time
)
MAX_VALUE = 64 * 1024 * 1024  # bytes of one value; a view can make a gigabyte of nothing


class _Steps:
    """How many more instructions SQLite may take."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self._left = MAX_STEPS

    def spent(self) -> bool:
        """Called by SQLite every `_EVERY` instructions; true interrupts it."""
        self._left -= _EVERY
        return self._left < 0


def _connect(path: Path) -> sqlite3.Connection:
    """Opens without ever writing.

    A file in write-ahead mode in a folder we may not write to opens only as immutable.

    Raises:
        sqlite3.Error: not a readable database either way.
    """
    try:
        return _try(path, "?mode=ro")
    except sqlite3.OperationalError:
        return _try(path, "?mode=ro&immutable=1")


def _try(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path.resolve().as_uri() + options, uri=True)
    _bound(connection)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    # What the file's views and columns call must be harmless. (Extensions are off unless switched on.)
    connection.execute("PRAGMA trusted_schema = OFF")
    # A text that is not UTF-8 becomes replacement characters instead of an error.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _bound(connection: sqlite3.Connection) -> _Steps:
    steps = _Steps()
    connection.set_progress_handler(steps.spent, _EVERY)
    return steps


def tables(path: Path) -> Mapping[str, frozenset[str]]:
    """The columns of each table and view; a view that cannot be read has none.

    Raises:
        ImportProblem: the file is damaged, encrypted or locked.
    """
    try:
        with closing(_connect(path)) as connection:
            query = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
            found = connection.execute(query).fetchall()
            return {name: _columns(connection, name, kind) for name, kind in found}
    except sqlite3.Error as error:
        raise _problem(path, error) from error


def _columns(connection: sqlite3.Connection, table: str, kind: str) -> frozenset[str]:
    query = "SELECT name FROM pragma_table_info(?)"
    try:
        return frozenset(name for (name,) in connection.execute(query, (table,)))
    except sqlite3.Error:
        if (
            kind == "view"
        ):  # of a table that is gone, or of something we do not trust; the tables are still good
            return frozenset()
        raise


def read_table(path: Path, table: str) -> Iterator[Record]:
    """The rows of one table in its own order, one at a time; of a view only once it is known to end.

    Raises:
        ImportProblem: the file turns out to be damaged on the way, or `table` takes more steps or has more
            rows than may be read; the rows before have been given.
    """
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        with closing(_connect(path)) as connection:
            steps = _bound(connection)
            if _is_view(connection, table):
                connection.execute(f"SELECT count(*) FROM {quoted}").fetchone()  # noqa: S608  # name from sqlite_master, quoted
                steps.renew()
            cursor = connection.execute(f"SELECT * FROM {quoted}")  # noqa: S608  # name from sqlite_master, quoted
            names = [column[0] for column in cursor.description]
            for number, row in enumerate(cursor, start=1):
                if number > MAX_ROWS:
                    raise _too_many(path, table)
                yield Record(line=number, fields=dict(zip(names, row, strict=True)), table=table)
                steps.renew()
    except sqlite3.Error as error:
        raise _problem(path, error, table) from error


def _is_view(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'view' AND name = ?"
    return bool(connection.execute(query, (name,)).fetchone()[0])


def _too_many(path: Path, table: str) -> ImportProblem:
    return ImportProblem(
        f"{path.name}：表 {table} 超过 {MAX_ROWS:,} 行，后面的没有读取；请把它分成几份导出为 CSV 再导入。"
    )


def _problem(path: Path, error: sqlite3.Error, table: str = "") -> ImportProblem:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
        return ImportProblem(
            f"{path.name}：表 {table} 查了很久没有结果，后面的没有读取；请把要导入的内容导出为 CSV 再导入。"
        )
    return ImportProblem(
        f"{path.name}：读不了这个 SQLite 文件（{error}）；请确认文件完整、没有加密、没有被占用。"
    )
