"""SQLite files, read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from crawler.files.model import ImportProblem, Record

MAGIC = b"SQLite format 3\0"


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
    # A text that is not UTF-8 becomes replacement characters instead of an error.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def tables(path: Path) -> Mapping[str, frozenset[str]]:
    """The columns of each table.

    Raises:
        ImportProblem: the file is damaged, encrypted or locked.
    """
    try:
        with closing(_connect(path)) as connection:
            query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
            names = [name for (name,) in connection.execute(query)]
            return {name: _columns(connection, name) for name in names}
    except sqlite3.Error as error:
        raise _problem(path, error) from error


def _columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    return frozenset(
        name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    )


def read_table(path: Path, table: str) -> Iterator[Record]:
    """The rows of one table in its own order, one at a time.

    Raises:
        ImportProblem: the file turns out to be damaged on the way.
    """
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        with closing(_connect(path)) as connection:
            cursor = connection.execute(f"SELECT * FROM {quoted}")  # noqa: S608  # name from sqlite_master, quoted
            names = [column[0] for column in cursor.description]
            for number, row in enumerate(cursor, start=1):
                yield Record(line=number, fields=dict(zip(names, row, strict=True)), table=table)
    except sqlite3.Error as error:
        raise _problem(path, error) from error


def _problem(path: Path, error: sqlite3.Error) -> ImportProblem:
    return ImportProblem(
        f"{path.name}：读不了这个 SQLite 文件（{error}）；请确认文件完整、没有加密、没有被占用。"
    )
