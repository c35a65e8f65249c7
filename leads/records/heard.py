"""What was heard on the way: voices counted, threads marked, what must never be stored again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import TypeVar

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from crawler.items import Post
from leads.clinics import threads
from leads.clinics.threads import Mark, keys_of
from leads.models import BEIJING
from leads.records.tables.heard import EchoRow, ThreadMark, Voice
from nlp.models import Sentiment

CHUNK = 400  # values in one IN (…); SQLite's oldest limit is 999
T = TypeVar("T")


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Slices small enough for one statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


# --- threads ------------------------------------------------------------


def marks(session: Session, posts: Iterable[Post]) -> set[Mark]:
    """What is known of the threads these posts stand in."""
    keys = sorted({key for post in posts for key in keys_of(post)})
    return {
        Mark(*row)
        for part in chunks(keys)
        for row in session.execute(
            select(ThreadMark.key, ThreadMark.clinic_id, ThreadMark.kind).where(ThreadMark.key.in_(part))
        )
    }


def keep_marks(session: Session, found: Iterable[Mark], *, now: datetime) -> None:
    """Store what is new among them."""
    for mark in found:
        session.merge(ThreadMark(key=mark.key, clinic_id=mark.clinic_id, kind=mark.kind, at=now))


# --- voices ------------------------------------------------------------


def voice(post: Post, clinic_id: str, term: str, mood: Sentiment) -> Voice:
    """A post speaks of the clinic ("" for `term`) or of a competitor."""
    return Voice(
        key=hash_of(post.id, clinic_id, term),
        clinic_id=clinic_id,
        term=term[:120],
        day=post.published_at.astimezone(BEIJING).date(),
        polarity=mood.polarity,
        severity=mood.severity,
    )


def hash_of(*parts: str) -> str:
    """Stands for a post's id, and what it speaks of, in a count."""
    return blake2b("\n".join(parts).encode(), digest_size=20).hexdigest()


def keep_voices(session: Session, voices: Iterable[Voice]) -> None:
    """Count each once, however often its post is read."""
    for each in voices:
        session.merge(each)


def drop_voice(session: Session, gone: Voice) -> None:
    """A post spoke of somebody else after all."""
    session.execute(delete(Voice).where(Voice.key == gone.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceShare:
    """How often a name was heard."""

    posts: int = 0
    praises: int = 0
    complaints: int = 0


def shares(session: Session, clinic_id: str, *, since: date, until: date) -> Mapping[str, VoiceShare]:
    """For the clinic (under "") and each competitor that was heard, from `since` to before `until`."""
    rows = session.execute(
        select(Voice.term, Voice.polarity, func.count())
        .where(Voice.clinic_id == clinic_id, Voice.day >= since, Voice.day < until)
        .group_by(Voice.term, Voice.polarity)
    )
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for term, polarity, count in rows:
        counted[term][polarity] = count
    return {
        term: VoiceShare(
            posts=sum(by.values()), praises=by.get("praise", 0), complaints=by.get("complaint", 0)
        )
        for term, by in counted.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalDay:
    """Posts of a day (Beijing) that name a competitor in one mood; `graves` of them complain gravely, None
    where some were counted before that was kept."""

    term: str
    day: date
    polarity: str
    posts: int
    graves: int | None


def rival_days(session: Session, clinic_id: str, *, since: date, until: date, grave: int) -> list[RivalDay]:
    """What was heard of a clinic's competitors from `since` to before `until`; grave: of that severity on."""
    rows = session.execute(
        select(
            Voice.term,
            Voice.day,
            Voice.polarity,
            func.count(),
            func.count(Voice.severity),
            func.sum(case((Voice.severity >= grave, 1), else_=0)),
        )
        .where(Voice.clinic_id == clinic_id, Voice.term != "", Voice.day >= since, Voice.day < until)
        .group_by(Voice.term, Voice.day, Voice.polarity)
        .order_by(Voice.day, Voice.term, Voice.polarity)
    )
    return [
        RivalDay(
            term=term, day=day, polarity=polarity, posts=posts, graves=graves if known == posts else None
        )
        for term, day, polarity, posts, known, graves in rows
    ]


# --- echoes ------------------------------------------------------------


def keep_echoes(session: Session, found: Iterable[threads.Echo]) -> None:
    """Count each once, however often its post is read."""
    for echo in found:
        hour = echo.post.published_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        session.merge(EchoRow(post=hash_of(echo.post.id), of=echo.key, hour=hour, kind=echo.kind))


def echo_hours(
    session: Session, keys: Sequence[str], *, since: datetime, until: datetime
) -> Mapping[tuple[datetime, str], int]:
    """(hour, "reply" or "repost") → posts that answer what bears one of these keys."""
    rows = session.execute(
        select(EchoRow.hour, EchoRow.kind, func.count(EchoRow.post.distinct()))
        .where(EchoRow.of.in_(keys), EchoRow.hour >= since, EchoRow.hour < until)
        .group_by(EchoRow.hour, EchoRow.kind)
    )
    return {(hour, kind): count for hour, kind, count in rows}


# --- forgetting ------------------------------------------------------------


def drop(session: Session, post_ids: Sequence[str]) -> None:
    """Take posts out of every count: their writers want it."""
    named = session.execute(select(Voice.clinic_id, Voice.term).distinct()).all()
    for some in chunks(post_ids):
        own = [*some, *(post_id.replace("/", "#", 1) for post_id in some)]
        session.execute(delete(EchoRow).where(EchoRow.of.in_(own)))
        session.execute(delete(EchoRow).where(EchoRow.post.in_([hash_of(post_id) for post_id in some])))
        session.execute(delete(ThreadMark).where(ThreadMark.key.in_(own), ThreadMark.kind == "named"))
    for keys in chunks([hash_of(post_id, *name) for post_id in post_ids for name in named]):
        session.execute(delete(Voice).where(Voice.key.in_(keys)))


def forget(session: Session, before: datetime) -> None:
    """Drop marks, voices and echoes older than leads are kept."""
    session.execute(delete(EchoRow).where(EchoRow.hour < before))
    session.execute(delete(ThreadMark).where(ThreadMark.at < before))
    session.execute(delete(Voice).where(Voice.day < before.astimezone(BEIJING).date()))
