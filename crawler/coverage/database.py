"""Where the coverage is kept: a SQLite file, or a PostgreSQL that all machines share (`postgres`).

Statements are written as SQLite reads them, in words that PostgreSQL knows too (ON CONFLICT, RETURNING, `?`
for a value), so that a crawl with a file of its own loads no database library.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from crawler import owner_only
from crawler.coverage import schema

_BATCH = 1000  # rows in memory
Field: TypeAlias = Any  # of a row: text, number or bytes; drivers do not say which
Row: TypeAlias = tuple[Field, ...]


class Answer(Protocol):
    """What a statement gave: rows, or None after the last."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Field: ...

    def fetchall(self) -> list[Field]: ...

    def __iter__(self) -> Iterator[Field]: ...


class Database(Protocol):
    """One connection. A statement outside of a transaction is one of its own."""

    errors: tuple[type[Exception], ...]  # what its methods raise

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, values: Sequence[Field] = (), /) -> Answer: ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Field]], /) -> object: ...

    def stream(self, sql: str) -> Iterator[list[Row]]:
        """The rows of a statement, some at a time; inside of a transaction."""

    def begin(self, *, reading: bool = False, alone: bool = False) -> None:
        """`reading`: one consistent view; `alone`: one process at a time is inside of such a transaction."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def migrate(self) -> int:
        """Brings the tables up to date; their version now. Newer ones are left as they are."""

    def hasty(self) -> AbstractContextManager[None]:
        """A commit inside does not wait for the disk."""

    def scrub(self) -> None:
        """What was deleted leaves the disk, as far as that is ours to do."""

    def close(self) -> None: ...


def connect(place: Path | str) -> Database:
    """The database at an address, or the file of this path, made when it is missing.

    Raises:
        OSError: the folder or file cannot be made.
        sqlite3.Error, psycopg.Error: it cannot be opened.
        ImportError: an address, and no driver.
    """
    if is_address(place):
        # Imported late: who keeps everything in files needs no PostgreSQL driver.
        from crawler.coverage.postgres import Postgres

        return Postgres(str(place))
    return SqliteFile(Path(place))


def is_address(place: Path | str) -> bool:
    """Whether this is a PostgreSQL's address, not a file."""
    return isinstance(place, str) and re.match("postgres(ql)?://", place) is not None


class SqliteFile:
    """One writer at a time; readers are welcome."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=owner_only.FOLDER)
        owner_only.own(path)
        # A run works from one thread; the web page and the CLI open their own.
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self.execute, self.executemany = self._db.execute, self._db.executemany
        self._db.execute("PRAGMA journal_mode=WAL")
        # FULL: what was acknowledged survives a power cut, not just a kill. One commit a page is cheap.
        self._db.execute("PRAGMA synchronous=FULL")
        # Tasks hold titles of threads and texts of posts that were cut: what is deleted is overwritten.
        self._db.execute("PRAGMA secure_delete=ON")

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def stream(self, sql: str) -> Iterator[list[Row]]:
        found = self._db.execute(sql)
        while rows := found.fetchmany(_BATCH):
            yield rows

    def begin(self, *, reading: bool = False, alone: bool = False) -> None:
        # Whoever is going to write keeps out all others anyway.
        self._db.execute("BEGIN" if reading and not alone else "BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        self._db.execute("ROLLBACK")

    def migrate(self) -> int:
        self.begin()
        try:
            version = schema.migrate(self._db)
        except BaseException:
            self.rollback()
            raise
        self.commit()
        return version

    @contextmanager
    def hasty(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous=FULL")

    def scrub(self) -> None:
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._db.close()
