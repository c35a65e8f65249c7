"""The ten questions of a day: what was answered or passed over, by whom. What is learnt is feedback."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.models import Assent, Drawn
from leads.records.tables.work import DailyQuestion, Feedback
from nlp.models import INTENTS

SKIP = "skip"


def of_day(session: Session, who: str, day: date) -> Sequence[DailyQuestion]:
    """What this person has done of a day's questions, the first one first."""
    mine = select(DailyQuestion).where(DailyQuestion.who == who, DailyQuestion.day == day)
    return session.scalars(mine.order_by(DailyQuestion.id)).all()


def settled(session: Session, *, who: str, day: date) -> frozenset[str]:
    """Ids of leads this person need not be asked about: judged by anybody, or passed over today."""
    judged = select(Feedback.lead_id).where(Feedback.intent != "")
    passed = select(DailyQuestion.lead_id).where(DailyQuestion.who == who, DailyQuestion.day == day)
    return frozenset(session.scalars(judged)) | frozenset(session.scalars(passed))


def note(
    session: Session,
    lead_id: str,
    answer: str,
    *,
    drawn: Drawn,
    who: str,
    day: date,
    now: datetime,
    symptom: Assent = "",
    place: Assent = "",
) -> bool:
    """Write down that a question was answered with an intent, or passed over; False when it was before.

    Raises:
        InputError: neither an intent nor `SKIP`.
    """
    if answer != SKIP and answer not in INTENTS:
        raise InputError(f"回答 {answer!r} 不认识：可用 {'、'.join((*INTENTS, SKIP))}。")
    mine = DailyQuestion.who == who, DailyQuestion.day == day
    same = select(DailyQuestion.id).where(*mine, DailyQuestion.lead_id == lead_id)
    if session.scalar(same) is not None:
        return False
    row = DailyQuestion(lead_id=lead_id, who=who, day=day, at=now, drawn=drawn, answer=answer)
    row.symptom, row.place = symptom, place
    session.add(row)
    session.flush()
    return True


def answered(session: Session) -> int:
    """How many questions were answered here in all."""
    return (
        session.scalar(select(func.count()).select_from(DailyQuestion).where(DailyQuestion.answer != SKIP))
        or 0
    )


def by_week(session: Session) -> list[tuple[date, int, int]]:
    """(Monday, posts drawn by chance and answered, of them leads indeed), the first week first."""
    fair = DailyQuestion.drawn == "chance", DailyQuestion.answer != SKIP
    asked = select(DailyQuestion.day, DailyQuestion.answer).where(*fair).order_by(DailyQuestion.day)
    found: dict[date, list[bool]] = {}
    for day, answer in session.execute(asked):
        found.setdefault(day - timedelta(days=day.weekday()), []).append(answer == "seeker")
    return [(monday, len(real), sum(real)) for monday, real in found.items()]
