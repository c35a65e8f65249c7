"""What admins hear of by a channel because the installation needs them: once in a while, not each turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.alerts.messages.message import Payload
from leads.alerts.outbox.outbox import alert_id
from leads.alerts.triggers.nudged import usable
from leads.records import Records, channels, users
from leads.records.tables.alerts import Alert, Channel


def tell(
    records: Records, kind: str, make: Callable[[], Payload | None], *, apart: timedelta, now: datetime
) -> int:
    """Put it into the outbox of each admin who has a channel and heard nothing of this kind for so long; how
    many alerts. Who has no channel sees it on the page.

    `make` says what there is to tell, None for nothing; it is asked only where somebody would hear of it.

    Raises:
        StorageError: the records cannot be read or written, or as `make` does.
    """
    with records.reading() as session:
        if not _hearers(session, kind, now - apart):
            return 0
    payload = make()
    if payload is None:
        return 0
    with records.transaction() as session:
        hearers = _hearers(session, kind, now - apart)
        session.add_all(_alert(channel, kind, payload, now) for channel in hearers)
    return len(hearers)


def _hearers(session: Session, kind: str, since: datetime) -> list[Channel]:
    lately = select(Alert.user_id).where(Alert.kind == kind, Alert.created_at > since)
    told = frozenset(session.scalars(lately))
    admins = [user for user in users.everybody(session) if user.role == "admin" and not user.disabled]
    found = (usable(channels.of(session, user.id)) for user in admins if user.id not in told)
    return [channel for channel in found if channel is not None]


def _alert(channel: Channel, kind: str, payload: Payload, now: datetime) -> Alert:
    return Alert(
        id=alert_id(f"{kind}:{now.isoformat()}", channel.id),
        kind=kind,
        user_id=channel.user_id,
        channel_id=channel.id,
        created_at=now,
        next_at=now,
        payload=payload.to_json(),
    )
