"""A write that is asked for twice happens once: its answer is kept in the transaction of the deed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.errors import ConflictError
from leads.records.tables.people import Idempotency

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer that was given already. `body` is JSON text, "" for none."""

    status: int
    body: str


def reserve(session: Session, key: str, request_hash: str, *, now: datetime) -> Kept | None:
    """The answer this key got before, or None: then it is this transaction's, which has to `keep` one.

    Of two requests at once the later waits for the earlier one's transaction and gets its answer.

    Raises:
        ConflictError: the key was used for another request.
    """
    purge(session, now=now)
    found = _find(session, key)
    if found is None:
        row = Idempotency(key=key, request_hash=request_hash, status=0, body="", created_at=now)
        try:
            with session.begin_nested():
                session.add(row)
            return None
        except IntegrityError:  # somebody came first in this very moment, and is done now
            found = _find(session, key)
    return _same(found, request_hash)


def find(session: Session, key: str, request_hash: str, *, now: datetime) -> Kept | None:
    """The answer this key got before, without taking it.

    Raises:
        ConflictError: the key was used for another request.
    """
    found = _find(session, key)
    if found is None or found.created_at <= now - KEPT:
        return None
    return _same(found, request_hash)


def keep(session: Session, key: str, *, status: int, body: str) -> None:
    """The answer of this transaction, for whoever asks again."""
    row = session.get_one(Idempotency, key)
    row.status, row.body = status, body


def purge(session: Session, *, now: datetime) -> int:
    """Drop answers that are a day old; how many."""
    old = session.scalars(select(Idempotency.key).where(Idempotency.created_at <= now - KEPT)).all()
    session.execute(delete(Idempotency).where(Idempotency.created_at <= now - KEPT))
    return len(old)


def blank(session: Session) -> None:
    """Kept answers may repeat what was erased: who asks again hears that it is gone (410), and nothing is
    done twice."""
    session.execute(update(Idempotency).where(Idempotency.body != "").values(status=410, body=""))


def _same(found: Idempotency | None, request_hash: str) -> Kept:
    if found is None or found.request_hash != request_hash:
        raise ConflictError("这个 Idempotency-Key 已经用在另一个请求上：请换一个。")
    return Kept(status=found.status, body=found.body)


def _find(session: Session, key: str) -> Idempotency | None:
    statement = select(Idempotency).where(Idempotency.key == key)
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
