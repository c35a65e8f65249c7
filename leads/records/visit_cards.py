"""The card of somebody who has an appointment: what was said and what to ask, until the visit.

Words of the post stand in it: they go when the case moves on to the visit or is given up, when leads expire,
and at once when the writer asks for erasure.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.records import audit, cases
from leads.records.tables.work import VisitCard
from leads.records.texts import storable

LONGEST = 4000


def get(session: Session, lead_id: str) -> VisitCard | None:
    """The card of a lead, once one was kept."""
    return session.get(VisitCard, lead_id)


def keep(session: Session, lead_id: str, *, said: str, questions: str, who: str, now: datetime) -> VisitCard:
    """Keep a card, in place of the one before.

    Raises:
        InputError: the case is not booked, nothing is written, or more than 4,000 characters are.
    """
    case = cases.get(session, lead_id)
    if case is None or case.status != "booked":
        raise InputError("只有“已预约”的线索才有预约卡：请先把状态改成已预约。")
    said, questions = storable(said).strip(), storable(questions).strip()
    if not said and not questions:
        raise InputError("预约卡是空的：请写点什么再保存。")
    if len(said) > LONGEST or len(questions) > LONGEST:
        raise InputError(f"预约卡太长：每一栏最多 {LONGEST:,} 个字。")
    card = session.merge(
        VisitCard(lead_id=lead_id, made_at=now, changed_by=who, said=said, questions=questions)
    )
    audit.note(session, who=who, action="card.keep", now=now, subject=lead_id)
    session.flush()
    return card


def forget(session: Session, before: datetime) -> int:
    """Drop cards older than leads are kept; returns how many."""
    gone = session.execute(delete(VisitCard).where(VisitCard.made_at < before).returning(VisitCard.lead_id))
    return len(gone.all())
