"""The queue of many machines: procrastinate's tables in the PostgreSQL database of the records.

Its tables are its own: jobs are put in by its functions, in the transaction of whoever asks, and its workers
(`leads.queue.shared`) take them. Here they are also read, as the same `Job`s that the embedded queue has; who
asked, how often it failed and why stands among a job's arguments. A kind of job is a queue and a task of the
same name.

The schema is applied when records are opened: whole where there is none, else the library's own migrations
that this database has not seen yet, by name. So an upgrade of the library brings its own along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from importlib import resources

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job as Queued
from procrastinate.schema import SchemaManager
from psycopg import Connection as Driver
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.orm import Session

from leads.records.tables.jobs import Job

_STATES = {
    "todo": "waiting", "doing": "running", "succeeded": "done",
    "failed": "failed", "cancelled": "cancelled", "aborted": "cancelled",
}  # fmt: skip
_SELECT = """
    SELECT id, task_name, args, status, scheduled_at, lock,
           e.asked_at, e.started_at, e.last_at
      FROM procrastinate_jobs j, LATERAL (
           SELECT min(at) FILTER (WHERE type = 'deferred') AS asked_at,
                  max(at) FILTER (WHERE type = 'started') AS started_at,
                  max(at) AS last_at
             FROM procrastinate_events WHERE job_id = j.id) e
     WHERE args ? 'subject'"""
_MIGRATION = re.compile(r"(\d\d\.\d\d\.\d\d)_\d\d_\w+\.sql")
_LOCK = 7_391_204_512  # any number, the same for every process of ours


class SharedJobs:
    """Jobs as procrastinate keeps them."""

    def __init__(self) -> None:
        self._manager = App(connector=SyncPsycopgConnector()).job_manager  # on the connections of others

    def ask(self, session: Session, job: Job) -> Job | None:
        """A new job; None when one is open already, which is then due no later than this one."""
        already = _open(session, job.kind, job.subject)
        if already is None:
            return self._add(session, job)
        if already["status"] == "todo" and (already["scheduled_at"] or job.due_at) > job.due_at:
            session.execute(
                text(
                    "UPDATE procrastinate_jobs SET scheduled_at = :due,"
                    " args = args || jsonb_build_object('who', CAST(:who AS text))"
                    " WHERE id = :id AND status = 'todo'"
                ),
                {"due": job.due_at, "who": job.asked_by, "id": already["id"]},
            )
        return None

    def _add(self, session: Session, job: Job) -> Job | None:
        queued = Queued(
            queue=job.kind,
            task_name=job.kind,
            lock=job.lock or None,
            queueing_lock=_name(job.kind, job.subject),
            task_kwargs={"subject": job.subject, "who": job.asked_by},
            scheduled_at=job.due_at,
        )
        try:
            with session.begin_nested():
                made = self._manager.defer_job(queued, connection=_driver(session.connection()))
        except AlreadyEnqueued:  # another process asked for the same in this moment
            return None
        job.id = made.id or 0
        return job

    def open_jobs(self, session: Session) -> Sequence[Job]:
        """All that waits or runs."""
        found = session.execute(text(f"{_SELECT} AND status IN ('todo', 'doing') ORDER BY scheduled_at, id"))
        return [_job(row) for row in found.mappings()]

    def recent(self, session: Session, subject: str, limit: int) -> Sequence[Job]:
        """A subject's last jobs, newest first."""
        asked = text(f"{_SELECT} AND args->>'subject' = :subject ORDER BY id DESC LIMIT :limit")
        found = session.execute(asked, {"subject": subject, "limit": limit})
        return [_job(row) for row in found.mappings()]

    def cancel(self, session: Session, kind: str, subject: str, now: datetime) -> bool:
        """The open job is cancelled; who runs it is told by the database."""
        found = _open(session, kind, subject)
        if found is not None:
            session.execute(text("SELECT procrastinate_cancel_job_v1(:id, true, false)"), {"id": found["id"]})
        return found is not None

    def purge(self, session: Session, before: datetime) -> None:
        """Forget jobs that ended before this time."""
        session.execute(
            text(
                "DELETE FROM procrastinate_jobs j WHERE status NOT IN ('todo', 'doing') AND NOT EXISTS"
                " (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at >= :before)"
            ),
            {"before": before},
        )


def note(session: Session, job_id: int, *, reason: str, failures: int) -> None:
    """Why a job waits again or has failed, and how often it was tried in vain."""
    session.execute(
        text(
            "UPDATE procrastinate_jobs SET args = args || jsonb_build_object("
            "'reason', CAST(:reason AS text), 'failures', CAST(:failures AS int)) WHERE id = :id"
        ),
        {"reason": reason[:300], "failures": failures, "id": job_id},
    )


def take_over_rows(session: Session, jobs: SharedJobs, now: datetime) -> None:
    """What waited in a table of ours, as older versions kept jobs in PostgreSQL, waits in the queue."""
    left = text(
        "UPDATE jobs SET state = 'done', ended_at = :now, reason = 'procrastinate'"
        " WHERE state IN ('waiting', 'running') RETURNING kind, subject, due_at, asked_by"
    )
    for row in session.execute(left, {"now": now}).mappings().all():
        jobs.ask(session, Job(**row))


def apply_schema(engine: Engine) -> None:
    """The tables of the queue, as the installed library wants them; any number may do it at once."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        seen = _seen(connection)
        if not seen:
            if not connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")):
                _run(connection, SchemaManager.get_schema())
            _run(connection, _INDEX)
            _remember(connection, _migrations())
            return
    for name in _migrations():  # one by one: a new word of an enum is of no use in its own transaction
        if name not in seen:
            _migrate(engine, name)


_INDEX = (
    "CREATE INDEX IF NOT EXISTS ix_procrastinate_jobs_subject ON procrastinate_jobs ((args->>'subject'), id)"
)


def _migrations() -> list[str]:
    """Names of all migrations the library has ever had, in order."""
    folder = resources.files("procrastinate.sql") / "migrations"
    return sorted(each.name for each in folder.iterdir() if _MIGRATION.fullmatch(each.name))


def _seen(connection: Connection) -> set[str]:
    connection.execute(text("CREATE TABLE IF NOT EXISTS queue_migrations (name text PRIMARY KEY)"))
    return set(connection.scalars(text("SELECT name FROM queue_migrations")))


def _migrate(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if name in _seen(connection):
            return
        file = resources.files("procrastinate.sql") / "migrations" / name
        _run(connection, file.read_text(encoding="utf-8"))
        _remember(connection, [name])


def _remember(connection: Connection, names: Sequence[str]) -> None:
    connection.execute(
        text("INSERT INTO queue_migrations VALUES (:name)"), [{"name": each} for each in names]
    )


def _run(connection: Connection, statements: str) -> None:
    """Several at once, which only the driver itself takes."""
    _driver(connection).execute(statements.encode())


def _driver(connection: Connection) -> Driver[TupleRow]:
    found = connection.connection.driver_connection
    assert isinstance(found, Driver)  # noqa: S101 - what SQLAlchemy was told to use
    return found


def _open(session: Session, kind: str, subject: str) -> RowMapping | None:
    asked = text(
        "SELECT id, status, scheduled_at FROM procrastinate_jobs"
        " WHERE queueing_lock = :name AND status IN ('todo', 'doing') ORDER BY status DESC LIMIT 1 FOR UPDATE"
    )
    return session.execute(asked, {"name": _name(kind, subject)}).mappings().first()


def _name(kind: str, subject: str) -> str:
    return f"{kind}:{subject}"


def _job(row: RowMapping) -> Job:
    told, state = row["args"], _STATES[row["status"]]
    job = Job(
        kind=row["task_name"],
        subject=told["subject"],
        due_at=row["scheduled_at"] or row["asked_at"],
        asked_by=told.get("who", ""),
        state=state,
        started_at=row["started_at"],
        ended_at=None if state in ("waiting", "running") else row["last_at"],
        reason=told.get("reason", ""),
        lock=row["lock"] or "",
        failures=told.get("failures", 0),
    )
    job.id = row["id"]
    return job
