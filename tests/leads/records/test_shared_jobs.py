"""procrastinate's tables come, and are upgraded, with the records; jobs of older versions are taken along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import procrastinate
import psycopg
import pytest

from leads.config import Settings
from leads.records import jobs, open_records
from tests.support import postgres_server

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MIGRATIONS = Path(procrastinate.__file__).parent / "sql" / "migrations"


@pytest.fixture
def address() -> Iterator[str]:
    with postgres_server.database(postgres_server.server()) as address:
        yield address


def run(address: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_an_older_schema_of_the_library_gets_what_is_new(address: str, tmp_path: Path) -> None:
    old = sorted(path for path in MIGRATIONS.glob("*.sql") if path.name < "03.00")
    names = ", ".join(f"('{path.name}')" for path in old)
    run(address, *(path.read_text() for path in old))
    run(address, "CREATE TABLE queue_migrations (name text PRIMARY KEY)")
    run(address, f"INSERT INTO queue_migrations VALUES {names}")  # noqa: S608 - names of files
    config = Settings(data_dir=tmp_path, records=address)
    with open_records(config) as records, records.transaction() as session:
        assert jobs.ask(session, "crawl", "forum", who="lin", now=NOW)
    seen = {name for (name,) in run(address, "SELECT name FROM queue_migrations")}
    assert seen == {path.name for path in MIGRATIONS.glob("*.sql")}


def test_a_queue_somebody_made_by_hand_is_used_as_it_is(address: str, tmp_path: Path) -> None:
    run(address, (MIGRATIONS.parent / "schema.sql").read_text())
    for _ in range(2):
        config = Settings(data_dir=tmp_path, records=address)
        with open_records(config) as records, records.reading() as session:
            assert list(jobs.open_jobs(session)) == []


def test_what_waited_in_the_table_of_older_versions_is_taken_along(address: str, tmp_path: Path) -> None:
    config = Settings(data_dir=tmp_path, records=address)
    open_records(config).close()
    run(
        address,
        "INSERT INTO jobs (kind, subject, due_at, asked_by, state, worker, reason)"
        " VALUES ('import', 'token', '2026-11-22T08:00Z', 'lin', 'waiting', '', ''),"
        " ('crawl', 'forum', '2026-11-22T07:00Z', 'schedule', 'running', 'gone:1', ''),"
        " ('crawl', 'over', '2026-11-22T07:00Z', 'schedule', 'done', '', '')",
    )
    for _ in range(2):  # the second time there is nothing left to take
        with open_records(config) as records, records.reading() as session:
            found = [(job.kind, job.subject, job.state, job.asked_by) for job in jobs.open_jobs(session)]
        assert found == [("crawl", "forum", "waiting", "schedule"), ("import", "token", "waiting", "lin")]
