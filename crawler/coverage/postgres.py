"""The coverage in a PostgreSQL, so that any machine can go on with a source where another one stopped.

Its tables stand in a schema of their own beside whatever else the database holds. A server that is away for a
moment is waited for, between transactions: what was under way when it went is done again by the next run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import psycopg

from crawler.coverage import schema

SCHEMA = "coverage"
_LOCK = 7_391_204_512  # any number, the same for every process of ours
_AWAY_SECONDS = 60.0  # how long a server that does not answer is waited for
_BATCH = 1000  # rows in memory
T = TypeVar("T")
Field: TypeAlias = Any  # as in `database`
Row: TypeAlias = tuple[Field, ...]
_IDLE = psycopg.pq.TransactionStatus.IDLE


class Postgres:
    """The `Database` at an address."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    def __init__(self, address: str) -> None:
        self._address = address
        self._db = self._connected()

    def _connected(self) -> psycopg.Connection[Row]:
        made = psycopg.connect(self._address, autocommit=True, connect_timeout=10)
        made.execute(f"SET search_path TO {SCHEMA}")  # one that is not there yet is no error
        return made

    @property
    def in_transaction(self) -> bool:
        return self._db.info.transaction_status != _IDLE and not self._db.closed

    def execute(self, sql: str, values: Sequence[Field] = (), /) -> psycopg.Cursor[Row]:
        if self.in_transaction:
            return self._db.execute(_turned(sql), _clean(values))
        # Sent twice when the answer was lost on its way: nothing here minds.
        return self._patient(lambda: self._db.execute(_turned(sql), _clean(values)))

    def executemany(self, sql: str, rows: Iterable[Sequence[Field]], /) -> None:
        clean = [_clean(row) for row in rows]

        def send() -> None:
            with self._db.cursor() as cursor:
                cursor.executemany(_turned(sql), clean)

        if clean and self.in_transaction:
            send()
        elif clean:
            self._patient(send)

    def stream(self, sql: str) -> Iterator[list[Row]]:
        with self._db.cursor("reading") as cursor:  # a name: the rows stay at the server
            cursor.execute(_turned(sql))
            while rows := cursor.fetchmany(_BATCH):
                yield rows

    def begin(self, *, reading: bool = False, alone: bool = False) -> None:
        level = " ISOLATION LEVEL REPEATABLE READ" if reading else ""
        self._patient(lambda: self._db.execute(f"BEGIN{level}"))
        if alone:
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))

    def commit(self) -> None:
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:  # it ended with its connection otherwise
            self._db.execute("ROLLBACK")

    def migrate(self) -> int:
        if (found := self._version()) >= schema.VERSION:
            return found
        with self._db.transaction():
            self._db.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            self._db.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            self._db.execute("CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL)")
            version = self._version()
            for statement in schema.statements(version):
                self._db.execute(_table(statement))
            self._db.execute("DELETE FROM version")
            self._db.execute("INSERT INTO version VALUES (%s)", (max(version, schema.VERSION),))
        return max(version, schema.VERSION)

    def _version(self) -> int:
        found = self._db.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.version",)).fetchone()
        row = self._db.execute("SELECT max(number) FROM version").fetchone() if found and found[0] else None
        return int(row[0] or 0) if row else 0

    @contextmanager
    def hasty(self) -> Iterator[None]:
        yield

    def scrub(self) -> None:
        """PostgreSQL overwrites what is deleted by itself (autovacuum)."""

    def close(self) -> None:
        self._db.close()

    def _patient(self, send: Callable[[], T]) -> T:
        """What `send` gives; it is tried again on a new connection when the server has gone away."""
        until = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                if self._db.closed:
                    self._db = self._connected()
                return send()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                self._db.close()
                time.sleep(0.5)


def _clean(values: Sequence[Field]) -> list[Field]:
    """PostgreSQL holds no NUL."""
    return [each.replace("\0", "") if isinstance(each, str) else each for each in values]


@lru_cache(maxsize=256)
def _turned(sql: str) -> bytes:
    """A statement for SQLite as PostgreSQL reads it."""
    turned = sql.replace("%", "%%").replace(
        "json_each(?)", "json_array_elements_text(?::json) json_each (value)"
    )
    return turned.replace("?", "%s").encode()


def _table(statement: str) -> bytes:
    """The same for what makes tables. Text sorts by code points there, too; rows are numbered where SQLite
    numbers them by itself."""
    plain = " WITHOUT ROWID" in statement or "PRIMARY KEY," in statement
    turned = statement.replace(" WITHOUT ROWID", "").replace("BLOB", "BYTEA")
    turned = turned.replace(
        "id INTEGER PRIMARY KEY", "id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    )
    if "CREATE TABLE" in turned and not plain:
        turned = re.sub(r"\)\s*$", ", rowid BIGINT GENERATED BY DEFAULT AS IDENTITY)", turned)
    return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', re.sub(r"\bINTEGER\b", "BIGINT", turned)).encode()
