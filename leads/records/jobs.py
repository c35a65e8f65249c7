"""Work to be done: asked for by the schedule or a person, taken by one worker at a time, never twice at once.

A job is waiting → running → done or failed. A worker that stops in the middle parks its job: it waits again.
One that dies leaves a lease behind; when that has run out, the job waits again, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.records.tables.jobs import Job, SourceControl

LEASE = timedelta(minutes=2)  # renewed by a worker that lives
OPEN = ("waiting", "running")


def ask(
    session: Session, kind: str, subject: str, *, who: str, now: datetime, due_at: datetime | None = None
) -> Job | None:
    """A new job; None when such a job is open already, which is then made due no later than this one."""
    due = due_at or now
    already = session.scalars(
        select(Job).where(Job.kind == kind, Job.subject == subject, Job.state.in_(OPEN)).with_for_update()
    ).first()
    if already is None:
        return _add(session, Job(kind=kind, subject=subject, due_at=due, asked_by=who))
    if already.state == "waiting" and already.due_at > due:
        already.due_at, already.asked_by = due, who
    return None


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
    """The job that has waited longest, now this worker's until its lease runs out."""
    waiting = (
        select(Job)
        .where(
            Job.kind.in_(kinds),
            Job.id.not_in(without),
            Job.due_at <= now,
            or_(Job.state == "waiting", (Job.state == "running") & (Job.lease_until < now)),
        )
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
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


def park(session: Session, job_id: int, *, worker: str, due_at: datetime, reason: str = "") -> None:
    """Not now: the job waits again, from `due_at` on."""
    _end(session, job_id, worker, state="waiting", due_at=due_at, lease_until=None, reason=reason[:300])


def _end(session: Session, job_id: int, worker: str, **values: object) -> None:
    mine = update(Job).where(Job.id == job_id, Job.worker == worker, Job.state == "running")
    session.execute(mine.values(**values))


def open_jobs(session: Session) -> Sequence[Job]:
    """All that waits or runs."""
    return session.scalars(select(Job).where(Job.state.in_(OPEN)).order_by(Job.due_at)).all()


def recent(session: Session, *, subject: str, limit: int = 20) -> Sequence[Job]:
    """A source's last jobs, newest first."""
    asked = select(Job).where(Job.subject == subject).order_by(Job.id.desc()).limit(limit)
    return session.scalars(asked).all()


def purge(session: Session, *, before: datetime) -> None:
    """Forget jobs that ended before this time."""
    session.execute(delete(Job).where(Job.state.in_(("done", "failed")), Job.ended_at < before))


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
