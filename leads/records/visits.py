"""When each person was last at the desk: what came since is new to them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from leads.records.tables.people import Visit

AWAY = timedelta(minutes=30)  # without a look: the next one is another visit
_WRITTEN = timedelta(minutes=1)  # how old the last look may be before it is written again


def before(session: Session, user_id: int, *, now: datetime) -> datetime | None:
    """When the visit before this one ended; None at the first."""
    visit = session.get(Visit, user_id)
    if visit is None:
        return None
    return visit.seen_at if now - visit.seen_at >= AWAY else visit.before_at


def stale(session: Session, user_id: int, *, now: datetime) -> bool:
    """The last look was so long ago that this one is worth writing down."""
    visit = session.get(Visit, user_id)
    return visit is None or now - visit.seen_at >= _WRITTEN


def look(session: Session, user_id: int, *, now: datetime) -> None:
    """The person looks at what is new."""
    visit = session.get(Visit, user_id)
    if visit is None:
        session.add(Visit(user_id=user_id, seen_at=now))
        return
    if now - visit.seen_at >= AWAY:
        visit.before_at = visit.seen_at
    visit.seen_at = now
