"""Browsers that are logged in: opened, found by their cookie, closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from leads.records.secrets import hashed, new_secret
from leads.records.tables.people import Session as SessionRow
from leads.records.tables.people import User

IDLE = timedelta(days=3)  # without a click
LONGEST = timedelta(days=14)
_HANDLE = 16  # hexadecimal digits
_TOUCH = timedelta(minutes=10)  # how old "last seen" may be before it is written again


def open_session(session: Session, user: User, *, now: datetime, device: str = "", by: str = "") -> str:
    """A new session's secret, for the cookie; old sessions of anybody are swept.

    `device` says which browser, in words; `by`: password, link or oidc.
    """
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
            device=device[:80],
            by=by,
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


def of_user(session: Session, user_id: int, *, now: datetime) -> Sequence[SessionRow]:
    """A person's open sessions, the one with the latest click first."""
    chosen = select(SessionRow).where(
        SessionRow.user_id == user_id, SessionRow.expires_at > now, SessionRow.seen_at > now - IDLE
    )
    return session.scalars(chosen.order_by(SessionRow.seen_at.desc(), SessionRow.secret_hash)).all()


def of_everybody(session: Session, *, now: datetime) -> dict[int, list[SessionRow]]:
    """Open sessions by person."""
    chosen = select(SessionRow).where(SessionRow.expires_at > now, SessionRow.seen_at > now - IDLE)
    found: dict[int, list[SessionRow]] = {}
    for row in session.scalars(chosen.order_by(SessionRow.seen_at.desc(), SessionRow.secret_hash)):
        found.setdefault(row.user_id, []).append(row)
    return found


def handle(row: SessionRow) -> str:
    """What a page calls a session by: a piece of the hash, with which nobody comes in."""
    return row.secret_hash[:_HANDLE]


def is_of(row: SessionRow, secret: str) -> bool:
    """The browser with this cookie is in this session."""
    return row.secret_hash == hashed(secret)


def end(session: Session, user_id: int, called: str) -> SessionRow | None:
    """Log one browser of this person out; None when there is no such one."""
    if len(called) != _HANDLE or not called.isalnum():
        return None
    chosen = select(SessionRow).where(
        SessionRow.user_id == user_id, SessionRow.secret_hash.startswith(called, autoescape=True)
    )
    row = session.scalars(chosen.limit(1)).first()
    if row is not None:
        session.delete(row)
    return row


def close(session: Session, secret: str) -> None:
    """Log this browser out."""
    session.execute(delete(SessionRow).where(SessionRow.secret_hash == hashed(secret)))


def close_all(session: Session, user: User, *, but: str = "") -> None:
    """Log a user out everywhere: after a new password, or when somebody may no longer come in; but not in the
    browser with this cookie."""
    mine = delete(SessionRow).where(SessionRow.user_id == user.id)
    session.execute(mine.where(SessionRow.secret_hash != hashed(but)) if but else mine)
