"""Who did what: written in the transaction of the deed itself, so that neither is without the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.records.tables.people import Audit

SYSTEM = "system"  # the name of what nobody asked for


def note(
    session: Session, *, who: str, action: str, now: datetime, subject: str = "", **detail: object
) -> None:
    """Write down a deed: `who` is a login, "token:<name>" or `SYSTEM`; `action` like "case.status".

    Never a post's text, a password or a secret in `subject` or `detail`; details are what JSON can hold.
    """
    session.add(Audit(at=now, who=who[:80], action=action, subject=subject[:200], detail=detail))


def entries(
    session: Session,
    *,
    limit: int,
    who: str = "",
    action: str = "",
    before: int | None = None,
) -> Sequence[Audit]:
    """Deeds, the latest first: of one person, of actions that begin with `action`, before the id `before`."""
    chosen = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if who:
        chosen = chosen.where(Audit.who == who)
    if action:
        chosen = chosen.where(Audit.action.startswith(action, autoescape=True))
    if before is not None:
        chosen = chosen.where(Audit.id < before)
    return session.scalars(chosen).all()
