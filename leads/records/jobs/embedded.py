"""The queue of one machine: a table in the SQLite file.

A worker that stops in the middle parks its job: it waits again. One that dies leaves a lease behind; when
that has run out, the job waits again, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from leads.records.tables.jobs import Job

LEASE = timedelta(minutes=2)  # renewed by a worker that lives
_OPEN = ("waiting", "running")


class EmbeddedJobs:
    """Jobs as rows of our own."""

    def ask(self, session: Session, job: Job) -> Job | None:
        """A new job; None when one is open already, which is then due no later than this one."""
        already = _open(session, job.kind, job.subject)
        if already is None:
            return _add(session, job)
        if already.state == "waiting" and already.due_at > job.due_at:
            already.due_at, already.asked_by = job.due_at, job.asked_by
        return None

    def open_jobs(self, session: Session) -> Sequence[Job]:
        """All that waits or runs."""
        return session.scalars(select(Job).where(Job.state.in_(_OPEN)).order_by(Job.due_at)).all()

    def recent(self, session: Session, subject: str, limit: int) -> Sequence[Job]:
        """A subject's last jobs, newest first."""
        asked = select(Job).where(Job.subject == subject).order_by(Job.id.desc()).limit(limit)
        return session.scalars(asked).all()

    def cancel(self, session: Session, kind: str, subject: str, now: datetime) -> bool:
        """The open job is cancelled; who runs it learns that it is no longer its own."""
        found = _open(session, kind, subject)
        if found is not None:
            found.state, found.ended_at = "cancelled", now
        return found is not None

    def purge(self, session: Session, before: datetime) -> None:
        """Forget jobs that ended before this time."""
        session.execute(delete(Job).where(Job.state.not_in(_OPEN), Job.ended_at < before))


def _open(session: Session, kind: str, subject: str) -> Job | None:
    asked = select(Job).where(Job.kind == kind, Job.subject == subject, Job.state.in_(_OPEN))
    return session.scalars(asked).first()


def _add(session: Session, job: Job) -> Job | None:
    """The job, unless another process asked for the same in this moment: the database keeps one open."""
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError:
        return None
    return job


def claim(
    session: Session, *, worker: str, now: datetime, kinds: Collection[str], without: Collection[int] = ()
) -> Job | None:
    """The job that has waited longest, now this worker's until its lease runs out. `without` are those it
    runs already: where the clock was set on, or the machine slept, their leases ran out all the same.
    """
    other = aliased(Job)
    kept = (
        select(other.id)
        .where(other.lock == Job.lock, other.lock != "", other.id != Job.id)
        .where(other.state == "running", other.lease_until >= now)
    )
    waiting = (
        select(Job)
        .where(
            Job.kind.in_(kinds),
            Job.id.not_in(without),
            Job.due_at <= now,
            or_(Job.state == "waiting", (Job.state == "running") & (Job.lease_until < now)),
            ~kept.exists(),
        )
        .order_by(Job.due_at, Job.id)
        .limit(1)
    )
    job = session.scalars(waiting).first()
    if job is not None:
        job.state, job.worker = "running", worker
        job.started_at, job.lease_until = now, now + LEASE
    return job


def renew(session: Session, job_id: int, *, worker: str, now: datetime) -> bool:
    """This worker still lives; False when the job is no longer its own."""
    mine = update(Job).where(Job.id == job_id, Job.worker == worker, Job.state == "running")
    renewed = session.execute(mine.values(lease_until=now + LEASE).returning(Job.id))
    return renewed.first() is not None


def finish(session: Session, job_id: int, *, worker: str, now: datetime, reason: str = "") -> None:
    """Done, or with a reason failed."""
    _end(session, job_id, worker, state="failed" if reason else "done", ended_at=now, reason=reason[:300])


def park(
    session: Session,
    job_id: int,
    *,
    worker: str,
    due_at: datetime,
    reason: str = "",
    failures: int = 0,
    lock: str | None = None,
) -> None:
    """Not now: the job waits again, from `due_at` on, with another lock where one is given."""
    changed: dict[str, object] = {} if lock is None else {"lock": lock}
    changed |= {"due_at": due_at, "lease_until": None, "reason": reason[:300], "failures": failures}
    _end(session, job_id, worker, state="waiting", **changed)


def _end(session: Session, job_id: int, worker: str, **values: object) -> None:
    mine = update(Job).where(Job.id == job_id, Job.worker == worker, Job.state == "running")
    session.execute(mine.values(**values))
