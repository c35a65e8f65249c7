"""Work to be done, and sources that somebody stopped."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Index,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from leads.records.tables.base import Base


class SourceControl(Base):
    """What a person decided about a source: paused or not."""

    __tablename__ = "source_controls"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    paused: Mapped[bool]
    who: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class Job(Base):
    """A piece of work: asked for, running, or ended. A source has at most one that has not ended.

    Rows are kept here on one machine; where the records are PostgreSQL, procrastinate's tables keep jobs, and
    this class is the form in which they are read.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_due_at", "state", "due_at"),
        Index(
            "uq_jobs_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    kind: Mapped[str] = mapped_column(String(16))  # crawl | recheck | import | …
    subject: Mapped[str] = mapped_column(String(80))  # a source's name; "" where there is none
    due_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(80), default="schedule")
    state: Mapped[str] = mapped_column(
        String(16), default="waiting"
    )  # waiting | running | done | failed | cancelled
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    worker: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(String(300), default="")
    lock: Mapped[str] = mapped_column(
        String(200), default="", server_default=""
    )  # of one lock, one runs at a time
    failures: Mapped[int] = mapped_column(default=0, server_default="0")  # times it was tried in vain
