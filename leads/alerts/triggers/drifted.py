"""The posts of late are unlike those before: admins hear of it by a channel, once in four weeks."""

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

KIND = "drift"
# A shift stays in the comparison for five weeks; said every day nobody would read it.
APART = timedelta(days=28)


def tell(records: Records, measure: Callable[[], float | None], *, now: datetime) -> int:
    """Put a shift into the outbox; how many alerts. Who has no channel sees it on the page.

    `measure` gives the shift (a population stability index), None where there is nothing to tell; it is asked
    only where somebody would hear of it.

    Raises:
        StorageError: the records cannot be read or written, or as `measure` does.
    """
    with records.reading() as session:
        if not _hearers(session, now):
            return 0
    shift = measure()
    if shift is None:
        return 0
    with records.transaction() as session:
        hearers = _hearers(session, now)
        session.add_all(_alert(channel, shift, now) for channel in hearers)
    return len(hearers)


def _hearers(session: Session, now: datetime) -> list[Channel]:
    """A channel of each admin who has one and was not told lately."""
    lately = select(Alert.user_id).where(Alert.kind == KIND, Alert.created_at > now - APART)
    told = frozenset(session.scalars(lately))
    admins = [user for user in users.everybody(session) if user.role == "admin" and not user.disabled]
    found = (usable(channels.of(session, user.id)) for user in admins if user.id not in told)
    return [channel for channel in found if channel is not None]


def _alert(channel: Channel, shift: float, now: datetime) -> Alert:
    payload = Payload(
        title="最近的帖子和以前很不一样，线索可能不准了",
        lines=(f"最近 7 天的线索和之前 28 天相比，偏移 {shift:.2f}（0.25 以上算明显）。请多答几天十问。",),
        page="/ten/effect",
    )
    return Alert(
        id=alert_id(f"{KIND}:{now.date()}", channel.id),
        kind=KIND,
        user_id=channel.user_id,
        channel_id=channel.id,
        created_at=now,
        next_at=now,
        payload=payload.to_json(),
    )
