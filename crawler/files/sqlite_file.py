"""SQLite files, read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from crawler.files.model import ImportProblem, Record

MAGIC = b"SQLite format 3\0"


def _connect(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Opens without ever writing."""
    suffix = "?mode=ro&immutable=1" if immutable else "?mode=ro"
    connection = sqlite3.connect(path.resolve().as_uri() + suffix, uri=True)
    # A text that is not UTF-8 becomes replacement characters instead of an error.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def tables(path: Path) -> Mapping[str, frozenset[str]]:
    """The columns of each table.

    Raises:
        ImportProblem: the file is damaged, encrypted or locked.
    """
    try:
        return _tables(path, immutable=False)
    except sqlite3.OperationalError:
        # A file in write-ahead mode in a folder we may not write to opens only as immutable.
        try:
            return _tables(path, immutable=True)
        except sqlite3.Error as error:
            raise _problem(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _problem(path, error) from error


def _tables(path: Path, *, immutable: bool) -> Mapping[str, frozenset[str]]:
    with closing(_connect(path, immutable=immutable)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall()
        return {
            name: frozenset(
                row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
            )
            for (name,) in names
        }


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
    except sqlite3.DatabaseError as error:
        raise _problem(path, error) from error


def _problem(path: Path, error: sqlite3.Error) -> ImportProblem:
    return ImportProblem(
        f"{path.name}：读不了这个 SQLite 文件（{error}）；请确认文件完整、没有加密、没有被占用。"
    )
