"""What people do with leads: cases and their history, notes, judgements, searches, replies, erasures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from leads.models import (
    CaseStatus,
)
from leads.records.tables.base import Base


class Case(Base):
    """The clinic's work on a lead; there is one as soon as somebody did something. No text of posts here."""

    __tablename__ = "cases"

    lead_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[CaseStatus] = mapped_column(default="new")
    reason: Mapped[str] = mapped_column(String(200), default="")  # why dismissed
    assignee: Mapped[str] = mapped_column(String(64), default="")  # a login
    clinic_id: Mapped[str] = mapped_column(String(40), default="")
    due_on: Mapped[date | None] = mapped_column(default=None)
    value_yuan: Mapped[int | None] = mapped_column(default=None)
    snoozed_until: Mapped[date | None] = mapped_column(default=None, index=True)  # in no list before this day
    version: Mapped[int] = mapped_column(default=1)
    # The index holds status and assignee too, for searching; true until it has been told.
    unindexed: Mapped[bool] = mapped_column(default=True, index=True)


class CaseEvent(Base):
    """One change in a case's history."""

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    field: Mapped[str] = mapped_column(String(16))  # a key of leads.records.cases.FIELD_NAMES
    before: Mapped[str] = mapped_column(String(200), default="")
    after: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=0)  # of the case after this change


class Note(Base):
    """What somebody wrote down about a case."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class VisitCard(Base):
    """What somebody who has an appointment said, and what to ask; there until the visit."""

    __tablename__ = "visit_cards"

    lead_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(index=True)
    changed_by: Mapped[str] = mapped_column(String(80))
    said: Mapped[str] = mapped_column(Text)
    questions: Mapped[str] = mapped_column(Text)  # a line each


class Nudge(Base):
    """What a colleague wants somebody to know of a lead or a mention. No text here: the note has it."""

    __tablename__ = "nudges"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # assigned | named: in a note | device: `who` is a browser
    lead_id: Mapped[str] = mapped_column(String(200), index=True)  # of a mention: the post it stands in
    who: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
    told: Mapped[bool] = mapped_column(default=False, index=True)  # by a channel, or there was none
    mention_id: Mapped[str] = mapped_column(String(250), default="", server_default="")  # "": of the lead


class Feedback(Base):
    """What a person says of the tags, beside what the model said. `text` is the masked post, for training."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))  # lead | not_lead | symptom | place
    intent: Mapped[str] = mapped_column(String(16), default="")  # what it really is
    reason: Mapped[str] = mapped_column(String(200), default="")
    said: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)  # what the model thought before
    text: Mapped[str] = mapped_column(Text, default="")


class DailyQuestion(Base):
    """One of somebody's ten questions of a day, once answered or passed over. No text of the post here."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("who", "day", "lead_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    who: Mapped[str] = mapped_column(String(80))
    day: Mapped[date]  # in Beijing
    at: Mapped[datetime]
    drawn: Mapped[str] = mapped_column(String(8))  # doubt | chance: why this post was asked about
    answer: Mapped[str] = mapped_column(String(16))  # an intent | skip
    symptom: Mapped[str] = mapped_column(String(8), default="")  # right | wrong | "": not said
    place: Mapped[str] = mapped_column(String(8), default="")  # the same


class SavedSearch(Base):
    """A search somebody keeps: the query string of the lead page. `feed_secret` opens its Atom feed."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    feed_secret: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class Snippet(Base):
    """A piece of a reply, written by the clinic, with {variables}."""

    __tablename__ = "snippets"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime]
    symptom: Mapped[str] = mapped_column(String(40), default="")  # a code; "" fits every symptom
    clinic_id: Mapped[str] = mapped_column(String(40), default="")  # "" for all clinics
    version: Mapped[int] = mapped_column(default=1)


class Erasure(Base):
    """A tombstone: this post, or everything by this author, is never stored again."""

    __tablename__ = "erasures"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)  # a post's id, or an author key
    kind: Mapped[str] = mapped_column(String(8))  # post | author
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200), default="")
    # The number of its receipt, for life: author keys are changed. "": of versions that worked it out.
    receipt: Mapped[str] = mapped_column(String(16), default="", server_default="")


class ErasedPost(Base):
    """A post that an erasure took away, known again by id, address or words: files may lack its author."""

    __tablename__ = "erased_posts"

    post_id: Mapped[str] = mapped_column(String(200), primary_key=True)  # or the address that was erased
    address: Mapped[str] = mapped_column(String(32), index=True)  # a hash; "" for none
    words: Mapped[str] = mapped_column(String(32), index=True)  # a hash; "" for none


class Capture(Base):
    """Somebody kept a post while reading: the ground `seen`, who and when. Counted for the day's limit."""

    __tablename__ = "captures"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    who: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(8))  # saved | known | dropped
    post_id: Mapped[str] = mapped_column(
        String(200), default="", index=True
    )  # "" where nothing is kept of it


class AuthorKey(Base):
    """A key of the author hashes that was used here, by a fingerprint that does not give it away."""

    __tablename__ = "author_keys"

    fingerprint: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_used: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=0, server_default="0")  # times it had been changed
