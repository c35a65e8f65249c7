"""Browsers that are logged in: opened, found by their cookie, closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from leads.records.secrets import hashed, new_secret
from leads.records.tables.people import Session as SessionRow
from leads.records.tables.people import User

IDLE = timedelta(days=3)  # without a click
LONGEST = timedelta(days=14)
_TOUCH = timedelta(minutes=10)  # how old "last seen" may be before it is written again


def open_session(session: Session, user: User, *, now: datetime) -> str:
    """A new session's secret, for the cookie; old sessions of anybody are swept."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now))
    secret = new_secret()
    session.add(
        SessionRow(
            secret_hash=hashed(secret),
            user_id=user.id,
            csrf=new_secret(),
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return secret


def find(session: Session, secret: str, *, now: datetime) -> tuple[User, SessionRow] | None:
    """Whose session this is; None when it ended or its user may no longer come in."""
    row = session.get(SessionRow, hashed(secret))
    if row is None or row.expires_at <= now or row.seen_at + IDLE <= now:
        return None
    user = session.get(User, row.user_id)
    if user is None or user.disabled:
        return None
    return user, row


def open_ones(session: Session, secrets: Iterable[str], *, now: datetime) -> set[str]:
    """Those of these secrets whose sessions are still open."""
    return {secret for secret in secrets if find(session, secret, now=now) is not None}


def stale(row: SessionRow, *, now: datetime) -> bool:
    """The last click was so long ago that it is worth writing down that there was another."""
    return row.seen_at + _TOUCH <= now


def touch(session: Session, row: SessionRow, *, now: datetime) -> None:
    """There was a click."""
    session.execute(update(SessionRow).where(SessionRow.secret_hash == row.secret_hash).values(seen_at=now))


def last_seen(session: Session) -> dict[int, datetime]:
    """When each user with an open session last clicked, to ten minutes."""
    seen = func.max(SessionRow.seen_at).label("seen")
    latest = session.execute(select(SessionRow.user_id, seen).group_by(SessionRow.user_id))
    return {row.user_id: row.seen for row in latest}


def close(session: Session, secret: str) -> None:
    """Log this browser out."""
    session.execute(delete(SessionRow).where(SessionRow.secret_hash == hashed(secret)))


def close_all(session: Session, user: User) -> None:
    """Log a user out everywhere: after a new password, or when somebody may no longer come in."""
    session.execute(delete(SessionRow).where(SessionRow.user_id == user.id))
