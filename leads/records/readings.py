"""What the second reader said of doubtful posts, and what it may still be asked today.

A question is written down before it is sent: a crash can neither ask twice nor go beyond the day's budget,
and two servers on one database do not ask the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.models import BEIJING
from leads.records.heard import chunks
from leads.records.tables.readings import ReaderDay, Reading
from leads.records.tables.work import Feedback
from nlp.models import IntentLabel

MOST_TRIES = 3  # at one text; then the model's own reading stays
PENDING = timedelta(minutes=15)  # a question without an answer is not asked again before
FIRST_REST = timedelta(minutes=1)  # after a trouble; doubled with each that follows
LONGEST_REST = timedelta(hours=1)  # unless the service asks for more
Leave = Literal["go", "known", "spent", "resting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBudget:
    """How much may be asked on a day of Beijing."""

    requests: int
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A judgement of a doubtful lead by somebody who did not know what the second reader says."""

    lead_id: str
    text: str
    own: bool  # the model takes it for a lead
    meant: bool  # the person does


def known(session: Session, model: str, keys: Sequence[str]) -> Mapping[str, Reading]:
    """By key, what is there of these questions, answered or not."""
    found: dict[str, Reading] = {}
    for some in chunks(keys):
        chosen = select(Reading).where(Reading.model == model, Reading.key.in_(some))
        found |= {row.key: row for row in session.scalars(chosen)}
    return found


def is_open(row: Reading | None, now: datetime) -> bool:
    """The question may be asked: never was, or without an answer some time ago and not too often."""
    return row is None or (not row.intent and row.tries < MOST_TRIES and row.at + PENDING <= now)


def reserve(
    session: Session,
    key: str,
    *,
    model: str,
    post_id: str,
    characters: int,
    budget: DailyBudget,
    now: datetime,
) -> Leave:
    """Write down that a question is about to be asked; anything but "go" says why it may not be."""
    today = _today(session, now)
    if today.rest_until is not None and today.rest_until > now:
        return "resting"
    row = session.get(Reading, (key, model))
    if not is_open(row, now):
        return "known"
    if today.requests >= budget.requests or today.characters + characters > budget.characters:
        return "spent"
    today.requests += 1
    today.characters += characters
    if row is None:
        session.add(Reading(key=key, model=model, post_id=post_id, at=now))
    else:
        row.tries, row.at = row.tries + 1, now
    session.flush()
    return "go"


def keep(session: Session, key: str, *, model: str, intent: IntentLabel, now: datetime) -> None:
    """The answer; nothing when the post was erased meanwhile."""
    row = session.get(Reading, (key, model))
    if row is not None:
        row.intent, row.at = intent, now
    _well(_today(session, now))


def unusable(session: Session, *, reason: str, now: datetime) -> None:
    """There was an answer that says nothing: the service is well."""
    today = _today(session, now)
    _well(today)
    today.unusable += 1
    today.reason = reason[:200]


def rest(session: Session, *, reason: str, wait: timedelta | None, now: datetime) -> None:
    """The service is to be left alone: as long as it asks for, or longer with each trouble."""
    today = _today(session, now)
    own = min(FIRST_REST * 2 ** min(today.troubles, 10), LONGEST_REST)
    today.troubles += 1
    today.reason, today.rest_until = reason[:200], now + max(own, wait or own)


def today_of(session: Session, now: datetime) -> ReaderDay:
    """What was asked today, for looking at."""
    found = session.get(ReaderDay, _day(now))
    return found or _after(_last(session), now)


def unseen(session: Session, *, below: float) -> list[Unseen]:
    """The judgements to measure by: of each lead the last, as long as it is still somebody's own view."""
    chosen = select(Feedback).where(Feedback.intent != "", Feedback.lead_id != "")
    last: dict[str, Unseen] = {}
    for row in session.scalars(chosen.order_by(Feedback.at, Feedback.id)):
        share = row.said.get("seeker")
        if isinstance(share, float | int) and share < below and "reader" not in row.said:
            own, meant = row.said.get("intent") == "seeker", row.intent == "seeker"
            last[row.lead_id] = Unseen(lead_id=row.lead_id, text=row.text, own=own, meant=meant)
    return list(last.values())


def held(session: Session, lead_ids: Collection[str]) -> frozenset[str]:
    """Those of these leads that a person says are leads: nobody else may put them down."""
    said: dict[str, str] = {}
    for some in chunks(sorted(lead_ids)):
        chosen = select(Feedback.lead_id, Feedback.intent).where(Feedback.lead_id.in_(some))
        rows = session.execute(chosen.where(Feedback.intent != "").order_by(Feedback.at, Feedback.id))
        said |= {row.lead_id: row.intent for row in rows}
    return frozenset(lead_id for lead_id, intent in said.items() if intent == "seeker")


def drop(session: Session, post_ids: Sequence[str]) -> None:
    """What was said of these posts goes."""
    for some in chunks(post_ids):
        session.execute(delete(Reading).where(Reading.post_id.in_(some)))


def forget(session: Session, before: datetime) -> None:
    """Drop what is older than leads are kept."""
    session.execute(delete(Reading).where(Reading.at < before))
    session.execute(delete(ReaderDay).where(ReaderDay.day < _day(before)))


def _day(now: datetime) -> date:
    return now.astimezone(BEIJING).date()


def _today(session: Session, now: datetime) -> ReaderDay:
    """Today's row, locked until the transaction ends; the first of a day takes the last one's state over."""
    chosen = select(ReaderDay).where(ReaderDay.day == _day(now)).with_for_update()
    found = session.scalars(chosen).one_or_none()
    if found is not None:
        return found
    with suppress(IntegrityError), session.begin_nested():  # another process may be quicker
        session.add(_after(_last(session), now))
    return session.scalars(chosen).one()


def _last(session: Session) -> ReaderDay | None:
    return session.scalars(select(ReaderDay).order_by(ReaderDay.day.desc()).limit(1)).one_or_none()


def _after(last: ReaderDay | None, now: datetime) -> ReaderDay:
    if last is None:
        return ReaderDay(day=_day(now))
    return ReaderDay(day=_day(now), troubles=last.troubles, reason=last.reason, rest_until=last.rest_until)


def _well(today: ReaderDay) -> None:
    today.troubles, today.reason, today.rest_until = 0, "", None
