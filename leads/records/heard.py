"""What was heard on the way: voices counted, threads marked, what must never be stored again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crawler.items import Post
from leads.clinics.threads import Mark, keys_of
from leads.models import BEIJING
from leads.records.tables.heard import ThreadMark, Voice
from nlp.models import Polarity

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


def voice(post: Post, clinic_id: str, term: str, polarity: Polarity) -> Voice:
    """A post speaks of the clinic ("" for `term`) or of a competitor."""
    key = blake2b(f"{post.id}\n{clinic_id}\n{term}".encode(), digest_size=20).hexdigest()
    day = post.published_at.astimezone(BEIJING).date()
    return Voice(key=key, clinic_id=clinic_id, term=term[:120], day=day, polarity=polarity)


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


def forget(session: Session, before: datetime) -> None:
    """Drop marks and voices older than leads are kept."""
    session.execute(delete(ThreadMark).where(ThreadMark.at < before))
    session.execute(delete(Voice).where(Voice.day < before.astimezone(BEIJING).date()))
