"""Work to be done: asked for by the schedule or a person, taken by one worker at a time, never twice at once.

A job is waiting → running → done, failed or cancelled. What is asked for here is taken and carried out by
`leads.queue`, by whichever of two queues these records have: tables of ours in a SQLite file (`embedded`), or
procrastinate's in a PostgreSQL database (`shared`), for any number of machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.records.tables.jobs import Job, SourceControl

OPEN = ("waiting", "running")
ENDED = ("done", "failed", "cancelled")


class Jobs(Protocol):
    """What can be asked of a queue within a transaction of the records. Jobs are plain values afterwards."""

    def ask(self, session: Session, job: Job) -> Job | None:
        """See `ask` below."""

    def open_jobs(self, session: Session) -> Sequence[Job]:
        """See `open_jobs` below."""

    def recent(self, session: Session, subject: str, limit: int) -> Sequence[Job]:
        """See `recent` below."""

    def cancel(self, session: Session, kind: str, subject: str, now: datetime) -> bool:
        """See `cancel` below."""

    def purge(self, session: Session, before: datetime) -> None:
        """See `purge` below."""


def _jobs(session: Session) -> Jobs:
    found: Jobs = session.info["jobs"]
    return found


def ask(
    session: Session,
    kind: str,
    subject: str,
    *,
    who: str,
    now: datetime,
    due_at: datetime | None = None,
    lock: str = "",
) -> Job | None:
    """A new job; None when such a job is open already, which is then made due no later than this one.

    Of jobs with one `lock` (a host) only one runs at a time, on whatever machine. Who does not know it leaves
    it out: the worker puts it on before it begins.
    """
    job = Job(kind=kind, subject=subject, due_at=due_at or now, asked_by=who, lock=lock)
    return _jobs(session).ask(session, job)


def open_jobs(session: Session) -> Sequence[Job]:
    """All that waits or runs, the longest due first."""
    return _jobs(session).open_jobs(session)


def recent(session: Session, *, subject: str, limit: int = 20) -> Sequence[Job]:
    """A subject's last jobs, newest first."""
    return _jobs(session).recent(session, subject, limit)


def cancel(session: Session, kind: str, subject: str, *, now: datetime) -> bool:
    """A waiting job goes; one that runs is told to end, and does not wait again. False when none is open."""
    return _jobs(session).cancel(session, kind, subject, now)


def purge(session: Session, *, before: datetime) -> None:
    """Forget jobs that ended before this time."""
    _jobs(session).purge(session, before)


def pause(session: Session, source: str, *, paused: bool, who: str, now: datetime) -> None:
    """Stop a source's schedule, or let it go on; what runs is not interrupted."""
    control = session.get(SourceControl, source)
    if control is None:
        session.add(SourceControl(source=source, paused=paused, who=who, at=now))
    elif control.paused != paused:
        control.paused, control.who, control.at = paused, who, now


def controls(session: Session) -> dict[str, SourceControl]:
    """What people decided, by source."""
    return {each.source: each for each in session.scalars(select(SourceControl))}
