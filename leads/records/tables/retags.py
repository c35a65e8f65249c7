"""Tagging everything that is stored anew, cut into pieces."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from leads.records.tables.base import Base


class Retag(Base):
    """One time that all leads get the tags of a model. At most one has not ended."""

    __tablename__ = "retags"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    model: Mapped[str] = mapped_column(String(64))  # what the tags come from (`storage.tags_from`)
    asked_by: Mapped[str] = mapped_column(String(80))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class RetagPiece(Base):
    """Leads published in some hours, or a part of them: what one worker does at a time."""

    __tablename__ = "retag_pieces"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    retag_id: Mapped[int] = mapped_column(ForeignKey("retags.id", ondelete="CASCADE"), index=True)
    since: Mapped[int]  # hours since 1970
    until: Mapped[int]  # not included
    part: Mapped[int]  # of the leads of an hour that has many: those whose id falls to this one
    parts: Mapped[int]
    leads: Mapped[int]  # as many as there were when it was cut
    worker: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    tagged: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unlike: Mapped[int] = mapped_column(default=0)  # would be no leads by the new tags
    wordless: Mapped[int] = mapped_column(default=0)  # hold no text that could be tagged
