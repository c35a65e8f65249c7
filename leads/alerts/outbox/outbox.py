"""The outbox: alerts written, taken by a worker, told, tried again, given up. At least once, in order.

States: waiting → sending → sent; back to waiting when it did not work; dead when it never will; cancelled,
with the reason, when nobody may or wants to hear of it any more; merged into another alert whose message
tells both.

Who is merged is decided and stored before anything is sent: a message that is sent again says the same again,
so a receiver may drop it by its id. `lease_until` holds up a channel's later alerts: while one is being sent
(until the worker must have ended), and while one waits to be tried again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import islice

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update
from sqlalchemy.orm import Session

from leads.alerts.messages.message import MOST_ITEMS, rank
from leads.records.cancellations import chunks
from leads.records.tables.alerts import Alert, Channel

LEASE = timedelta(minutes=3)  # more than any delivery may take, see services.DEADLINE
MOST_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_HOLD = timedelta(hours=6)  # no service's Retry-After is followed for longer
# A clock that was put back leaves times in the future; nothing is planned further ahead than this.
FURTHEST = timedelta(days=9)
_TOLERANCE = timedelta(seconds=5)  # clocks of two machines may differ
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a worker has taken to send. `attempt` counts from 1."""

    id: str  # of the alert that stands for the message
    worker: str
    user_id: int
    channel_id: int
    channel_kind: str
    address: str  # sealed
    attempt: int
    first_tried_at: datetime
    said: tuple[
        Mapping[str, object], ...
    ]  # payloads as they are kept; read where one that is broken harms one
    total: int


def alert_id(cause_id: str, subscription_id: int) -> str:
    """The same cause for the same subscription is the same alert, however often it is found."""
    return blake2b(f"{cause_id}\n{subscription_id}".encode(), digest_size=20).hexdigest()


def add(session: Session, alert: Alert) -> bool:
    """Put an alert into the outbox unless it was there already."""
    if session.get(Alert, alert.id) is not None:
        return False
    session.add(alert)
    session.flush()
    return True


def said(session: Session, leader: Alert) -> tuple[tuple[Mapping[str, object], ...], int]:
    """What the message of an alert spells out, the gravest first, and how many alerts it tells."""
    merged = session.execute(
        select(Alert.id, Alert.severity)
        .where(Alert.merged_into == leader.id)
        .order_by(Alert.created_at, Alert.id)
    ).all()
    by_weight = sorted(merged, key=lambda row: -rank(row.severity))
    wanted = [row.id for row in islice(by_weight, MOST_ITEMS - 1)]
    rows = {row.id: row for row in session.scalars(select(Alert).where(Alert.id.in_(wanted)))}
    told = sorted([leader, *(rows[each] for each in wanted)], key=lambda row: -rank(row.severity))
    return tuple(row.payload for row in told), 1 + len(merged)


# --- what became of it ------------------------------------------------------------


def sent(session: Session, alert_id: str, *, worker: str, now: datetime) -> bool:
    """The service took it. False when another worker has the alert by now."""
    alert = _taken(session, alert_id, worker)
    if alert is None:
        return False
    alert.state, alert.sent_at, alert.reason = "sent", now, ""
    _let_go(alert)
    _tell_channel(session, alert.channel_id, "ok", "")
    return True


def failed(
    session: Session,
    alert_id: str,
    *,
    worker: str,
    now: datetime,
    reason: str,
    retry_after: timedelta | None = None,
    jitter: float = 1.0,
) -> bool:
    """It did not work this time; it is tried again later, at most `MOST_ATTEMPTS` times in all.

    `reason` is zh-CN without secrets; `jitter` (0.5 to 1.5) spreads what failed together.
    """
    alert = _taken(session, alert_id, worker)
    if alert is None:
        return False
    _tell_channel(session, alert.channel_id, "failing", reason)
    if alert.attempts >= MOST_ATTEMPTS:
        alert.state, alert.reason = "dead", f"试了 {alert.attempts} 次都没有送到：{reason}"[:300]
        _let_go(alert)
        return True
    wait = min(retry_after, LONGEST_HOLD) if retry_after else pause(alert.attempts) * jitter
    alert.state, alert.reason, alert.worker = "waiting", reason[:300], ""
    alert.next_at = alert.lease_until = now + wait
    return True


def dead(
    session: Session, alert_id: str, *, worker: str, now: datetime, reason: str, revoked: bool = False
) -> bool:
    """It never will work. `revoked`: nothing will by this channel, until a person mends it."""
    alert = _taken(session, alert_id, worker)
    if alert is None:
        return False
    alert.state, alert.reason = "dead", reason[:300]
    _let_go(alert)
    _tell_channel(session, alert.channel_id, "revoked" if revoked else "failing", reason)
    return True


def retry(session: Session, alert_id: str, *, now: datetime) -> bool:
    """A person asks for another try of what was given up. It tells the same as before."""
    alert = session.get(Alert, alert_id)
    if alert is None or alert.state != "dead":
        return False
    channel = session.get(Channel, alert.channel_id)
    if channel is None or channel.removed:
        return False
    if channel.state == "revoked":
        channel.state = "failing"  # the person has mended it, or finds out again
    alert.state, alert.attempts, alert.next_at = "waiting", 1, now
    _let_go(alert)
    return True


def pause(attempts: int) -> timedelta:
    """How long to wait after this many attempts, before jitter."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), LONGEST_PAUSE)


# --- giving up and handing back ------------------------------------------------------------


def hand_back(session: Session, worker: str, *, now: datetime, ids: Iterable[str] | None = None) -> int:
    """Alerts this worker took and did not send wait again at once."""
    which = and_(Alert.worker == worker, Alert.state == "sending")
    if ids is not None:
        which = and_(which, Alert.id.in_(list(ids)))
    return _put_back(session, which, now)


def recover(session: Session, now: datetime) -> int:
    """Alerts whose worker must have died wait again; so do those a clock put back left ahead of us."""
    ahead = select(Alert).where(*_from_the_future(now)).order_by(Alert.created_at, Alert.id)
    for number, alert in enumerate(session.scalars(ahead.with_for_update(skip_locked=True)).all()):
        alert.created_at = now + timedelta(microseconds=number)  # they keep their order
        alert.next_at = alert.next_at if alert.attempts else now
    session.flush()
    return _put_back(session, lapsed(now), now)


def lapsed(now: datetime) -> ColumnElement[bool]:
    """Taken by a worker that must have died, or planned for a time that only a wrong clock can have meant."""
    died = and_(Alert.state == "sending", ~held(now))
    return or_(died, and_(Alert.state == "waiting", Alert.next_at > now + FURTHEST))


def ready(now: datetime) -> ColumnElement[bool]:
    """Waiting, and due."""
    return and_(Alert.state == "waiting", or_(Alert.next_at <= now, and_(*_from_the_future(now))))


def _from_the_future(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Written later than now, as the clock has it since it was put back."""
    return (Alert.state == "waiting", Alert.created_at > now + _TOLERANCE)


def held(now: datetime) -> ColumnElement[bool]:
    """An alert is on its way, or its next try is not due. A lease longer than any is from a wrong clock."""
    lasting = and_(
        Alert.lease_until.is_not(None), Alert.lease_until > now, Alert.lease_until <= now + LONGEST_HOLD
    )
    return func.coalesce(lasting, false())


def _put_back(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    ids = list(session.scalars(select(Alert.id).where(which).with_for_update(skip_locked=True)))
    for some in chunks(ids):
        values = {"state": "waiting", "worker": "", "lease_until": None, "next_at": now}
        session.execute(update(Alert).where(Alert.id.in_(some)).values(values))
    return len(ids)


def _taken(session: Session, alert_id: str, worker: str) -> Alert | None:
    """The alert while it is this worker's; a lease that ran out may have gone to another."""
    chosen = select(Alert).where(Alert.id == alert_id, Alert.state == "sending", Alert.worker == worker)
    return session.scalars(chosen.with_for_update()).one_or_none()


def _let_go(alert: Alert) -> None:
    alert.lease_until, alert.worker = None, ""


def _tell_channel(session: Session, channel_id: int, state: str, problem: str) -> None:
    channel = session.get(Channel, channel_id)
    if channel is not None and (channel.state, channel.problem) != (state, problem[:300]):
        channel.state, channel.problem = state, problem[:300]
