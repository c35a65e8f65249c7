"""What people write down about a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.records import audit, cases, nudges
from leads.records.tables.people import User
from leads.records.tables.work import Note
from leads.records.texts import storable

LONGEST = 2000


def add(
    session: Session, lead_id: str, text: str, *, who: str, now: datetime, people: Iterable[User] = ()
) -> Note:
    """Keep a note; a lead without a case gets one. Whom of these people it calls with @ is told of it.

    Raises:
        InputError: nothing written, or more than 2,000 characters.
    """
    text = storable(text).strip()
    if not text:
        raise InputError("备注是空的：请写点什么再保存。")
    if len(text) > LONGEST:
        raise InputError(f"备注有 {len(text):,} 个字，最多 {LONGEST:,} 个：请截短或分成几条。")
    cases.open_case(session, lead_id, now=now).changed_at = now  # no new version: a note is in nobody's way
    note = Note(lead_id=lead_id, at=now, who=who, text=text)
    session.add(note)
    nudges.named(session, lead_id, text, people, who=who, now=now)
    audit.note(session, who=who, action="note.add", now=now, subject=lead_id)
    session.flush()
    return note


def of(session: Session, lead_id: str) -> Sequence[Note]:
    """The notes of a case, the first one first."""
    return session.scalars(select(Note).where(Note.lead_id == lead_id).order_by(Note.id)).all()
