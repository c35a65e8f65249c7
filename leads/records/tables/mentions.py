"""What people do with mentions: where each stands, its history, notes, and names that were others'."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from leads.models import MentionState
from leads.records.tables.base import Base


class MentionWork(Base):
    """The clinic's work on a mention; there is one as soon as somebody did something. No text here."""

    __tablename__ = "mention_work"

    mention_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    post_id: Mapped[str] = mapped_column(String(200), index=True)
    clinic_id: Mapped[str] = mapped_column(String(40), index=True)
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[MentionState] = mapped_column(default="open")
    assignee: Mapped[str] = mapped_column(String(64), default="")  # a login
    version: Mapped[int] = mapped_column(default=0)


class MentionEvent(Base):
    """One change in a mention's history."""

    __tablename__ = "mention_events"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    mention_id: Mapped[str] = mapped_column(String(250), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    field: Mapped[str] = mapped_column(String(16))  # state assignee
    before: Mapped[str] = mapped_column(String(200), default="")
    after: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=0)  # of the work after this change


class MentionNote(Base):
    """What somebody wrote down about a mention."""

    __tablename__ = "mention_notes"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    mention_id: Mapped[str] = mapped_column(String(250), index=True)
    post_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class StrangerRow(Base):
    """What a mention that was not the clinic taught: see `leads.clinics.strangers.Stranger`."""

    __tablename__ = "strangers"

    mention_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    post_id: Mapped[str] = mapped_column(String(200), index=True)
    clinic_id: Mapped[str] = mapped_column(String(40))
    said: Mapped[str] = mapped_column(String(120))
    word: Mapped[str] = mapped_column(String(40), default="")
    beside: Mapped[str] = mapped_column(String(32), default="")
