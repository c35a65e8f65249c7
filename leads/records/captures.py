"""Posts that people kept while reading: who, when, and what came of it. The ground `seen` stands here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from leads.models import BEIJING
from leads.records.heard import chunks
from leads.records.tables.work import Capture

CaptureOutcome = Literal["saved", "known", "dropped"]


def note(session: Session, outcome: CaptureOutcome, *, who: str, now: datetime, post_id: str = "") -> None:
    """Somebody kept a post; of one that is dropped nothing is written down but that there was one."""
    kept = "" if outcome == "dropped" else post_id
    session.add(Capture(who=who, at=now, outcome=outcome, post_id=kept))


def of_today(session: Session, who: str, *, now: datetime) -> int:
    """How many this person has sent since midnight in Beijing."""
    begin = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Capture.who == who, Capture.at >= begin, Capture.at < begin + timedelta(days=1)
    return session.scalar(select(func.count()).select_from(Capture).where(*mine)) or 0


def drop(session: Session, post_ids: Sequence[str]) -> None:
    """Nobody kept these any more: they are erased."""
    for some in chunks(post_ids):
        session.execute(delete(Capture).where(Capture.post_id.in_(some)))


def forget(session: Session, before: datetime) -> None:
    """Drop those of before."""
    session.execute(delete(Capture).where(Capture.at < before))
