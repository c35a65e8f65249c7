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
    severity: Mapped[int | None] = mapped_column(default=None)  # 0 to 3; None: counted before it was kept


class EchoRow(Base):
    """A post answered or repeated something about a clinic, in this hour: how a complaint spreads.

    Of the post itself only a hash of its id is kept, so that it counts once and can be taken out.
    """

    __tablename__ = "echoes"
    __table_args__ = (Index("ix_echoes_of_hour", "of", "hour"),)

    post: Mapped[str] = mapped_column(String(40), primary_key=True)
    of: Mapped[str] = mapped_column(String(200), primary_key=True)  # key of a mark: a post, or its thread
    hour: Mapped[datetime]  # of publication
    kind: Mapped[str] = mapped_column(String(8))  # reply | repost


class OwnPost(Base):
    """A clinic's own account wrote something: for its scoreboard. Of the post a hash of its id is kept."""

    __tablename__ = "own_posts"
    __table_args__ = (Index("ix_own_posts_clinic_id_at", "clinic_id", "at"),)

    post: Mapped[str] = mapped_column(String(40), primary_key=True)
    clinic_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    of: Mapped[str] = mapped_column(String(200), primary_key=True)  # what it answers; "" where it opens
    account: Mapped[str] = mapped_column(String(64), index=True)  # author key
    at: Mapped[datetime]  # of publication


class PublicPost(Base):
    """A house, or somebody of the trade, wrote about a symptom. No text; never a private person's."""

    __tablename__ = "public_posts"

    post: Mapped[str] = mapped_column(String(40), primary_key=True)  # a hash of its id
    symptom: Mapped[str] = mapped_column(String(40), primary_key=True)
    account: Mapped[str] = mapped_column(String(64), index=True)  # author key
    kind: Mapped[str] = mapped_column(String(16))  # organisation | professional
    source: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(String(1000))  # where the site shows it
    at: Mapped[datetime] = mapped_column(index=True)  # of publication
    replies: Mapped[int | None]
    spread: Mapped[int | None]  # reposts and likes together


class DoubtedAccount(Base):
    """An account that was once taken for public and once for a private person: shown no more."""

    __tablename__ = "doubted_accounts"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)  # when it was last read as a private person's


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
