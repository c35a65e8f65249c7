"""What was heard of clinics in posts that are not kept themselves: the tables of `leads.records.heard`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from leads.records.tables.base import Base


class Voice(Base):
    """One post spoke of a clinic or of one of its competitors: counted for the share of voice.

    `key` is a hash of post, clinic and name, so a post read twice counts once and no row leads to its post.
    """

    __tablename__ = "voices"
    __table_args__ = (Index("ix_voices_clinic_id_day", "clinic_id", "day"),)

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    clinic_id: Mapped[str] = mapped_column(String(40))  # whose share is counted
    term: Mapped[str] = mapped_column(String(120))  # the competitor; "" for the clinic itself
    day: Mapped[date]  # of publication, in Beijing
    polarity: Mapped[str] = mapped_column(String(16))


class ThreadMark(Base):
    """A thread or post that has to do with a clinic, so that answers to it are understood.

    "own": written by the clinic; answers are mentions. "named": it names the clinic, which supports a
    doctor's name there.
    """

    __tablename__ = "thread_marks"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)  # a post's id, or "source#thread"
    clinic_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)  # own | named
    at: Mapped[datetime] = mapped_column(index=True)


class PostOrigin(Base):
    """Who wrote a post that is stored, or that something written is left of; hashes only."""

    __tablename__ = "post_origins"

    post_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    author_key: Mapped[str] = mapped_column(String(64), index=True)  # "" for an unknown author
    address: Mapped[str] = mapped_column(String(32), index=True)  # leads.records.origins.address_key
    words: Mapped[str] = mapped_column(String(32))  # leads.records.origins.words_key
    published_at: Mapped[datetime] = mapped_column(index=True)
