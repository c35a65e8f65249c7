"""Which alert a worker may send next: at most one at a time per channel, gathered as the subscription wishes.

A channel's row is locked while one of its alerts is chosen (on SQLite the whole file is), so that two workers
never send for one channel at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from leads.alerts.outbox import outbox, timing
from leads.alerts.outbox.outbox import LEASE, Delivery
from leads.alerts.outbox.timing import Quiet
from leads.records import cancellations
from leads.records.tables.alerts import Alert, Channel, Subscription
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.people import User

_CHUNK = 500
_FIRST = 4  # alerts looked at for a message that may be sent
WRONG_CLOCK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """What deciding needs to know of an alert; its text is read only when it is sent."""

    id: str
    subscription_id: int | None
    severity: str
    clinic_id: str
    attempts: int


def has_work(session: Session, now: datetime) -> bool:
    """Whether `claim` may find something; reads only, so that an idle worker locks nothing."""
    return bool(session.scalar(select(or_(exists().where(outbox.lapsed(now)), exists().where(*_ready(now))))))


def claim(session: Session, worker: str, now: datetime, limit: int) -> list[Delivery]:
    """Take up to `limit` messages, of as many channels; each is this worker's for `LEASE`.

    Alerts nobody may or wants to hear of are cancelled on the way, those of quiet hours put off.
    """
    outbox.recover(session, now)
    taken: list[Delivery] = []
    for channel_id in _channels(session, now, limit):
        if len(taken) >= limit:
            break
        chosen = select(Channel).where(Channel.id == channel_id)
        channel = session.scalars(chosen.with_for_update(skip_locked=True)).one_or_none()
        if channel is None or not _free(session, channel, now):
            continue
        delivery = _next(session, channel, worker, now)
        if delivery is not None:
            taken.append(delivery)
    return taken


def plan_anew(session: Session, subscription_id: int, *, now: datetime) -> None:
    """Its wishes have changed: what waits and was not tried yet is due when they say."""
    wishes = session.get(Subscription, subscription_id)
    chosen = select(Alert).where(Alert.subscription_id == subscription_id, Alert.state == "waiting")
    alerts = session.scalars(chosen.where(Alert.attempts == 0)).all()
    if wishes is None:
        return
    clinics = {str(alert.payload.get("clinic_id", "")) for alert in alerts}
    quiet = _quiet_hours(session, clinics)
    for alert in alerts:
        hours = quiet.get(str(alert.payload.get("clinic_id", "")), Quiet())
        alert.next_at = timing.due(wishes, hours, alert.severity, now)


def _ready(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Waiting, due, and nothing of the same channel on its way or about to be tried again."""
    busy = aliased(Alert)
    holding = select(busy.channel_id).where(
        busy.state.in_(cancellations.OPEN),
        busy.lease_until > now,
        busy.lease_until <= now + outbox.LONGEST_HOLD,
    )
    return (outbox.ready(now), Alert.channel_id.not_in(holding))


def _channels(session: Session, now: datetime, wanted: int) -> Iterator[int]:
    """Those that may be sent something, the one that waited longest first."""
    # Of 30,000 reports of a morning all channels take 88 ms each time, the first by the index 14.
    first = select(Alert.channel_id).where(*_ready(now)).order_by(Alert.next_at).limit(_FIRST * wanted)
    found = session.scalars(first).all()
    seen = dict.fromkeys(found)
    yield from seen
    if len(found) == _FIRST * wanted:
        due = select(Alert.channel_id).where(*_ready(now)).group_by(Alert.channel_id)
        every = session.scalars(due.order_by(func.min(Alert.next_at))).all()
        yield from (each for each in every if each not in seen)


def _free(session: Session, channel: Channel, now: datetime) -> bool:
    """Still nothing on its way, now that the row is ours."""
    busy = select(Alert.id).where(
        Alert.channel_id == channel.id, Alert.state.in_(cancellations.OPEN), outbox.held(now)
    )
    return session.scalars(busy.limit(1)).first() is None


def _next(session: Session, channel: Channel, worker: str, now: datetime) -> Delivery | None:
    """The oldest message of a channel that may go now."""
    if _closed(session, channel):
        return None
    waiting = _waiting(session, channel, now)
    subscriptions = _subscriptions(session, waiting)
    quiet = _quiet_hours(session, (each.clinic_id for each in waiting))
    for group in _groups(waiting):
        leader = group[0]
        wishes = subscriptions.get(leader.subscription_id or 0)
        if leader.subscription_id is not None and (wishes is None or not wishes.enabled):
            cancellations.cancel(
                session, Alert.id.in_([each.id for each in group]), reason="订阅已取消或停用。"
            )
            continue
        ready = [leader.id] if wishes is None else _allowed(session, wishes, quiet, group, now)
        if ready:
            return _take(session, channel, worker, ready, now)
    return None


def _closed(session: Session, channel: Channel) -> bool:
    """Whether nobody can be told by this channel; what waits for it is ended."""
    user = session.get(User, channel.user_id)
    mine = Alert.channel_id == channel.id
    if channel.removed:
        cancellations.cancel_for_channel(session, channel.id)
    elif user is None or user.disabled:
        cancellations.cancel(session, mine, reason="用户已停用。")
    elif channel.state == "revoked":
        # Each of two hundred alerts asking a revoked bot again would help nobody.
        waiting = and_(mine, Alert.state == "waiting")
        reason = f"通道失效，没有再试：{channel.problem}"[:300]
        session.execute(update(Alert).where(waiting).values(state="dead", reason=reason, lease_until=None))
    else:
        if user.role == "doctor":
            others = Alert.payload["clinic_id"].as_string().not_in([*user.clinic_ids, ""])
            cancellations.cancel(session, and_(mine, others), reason="没有权限再看这家诊所。")
        return False
    return True


def _waiting(session: Session, channel: Channel, now: datetime) -> list[_Waiting]:
    """In the order they were written."""
    clinic = func.coalesce(Alert.payload["clinic_id"].as_string(), "")
    columns = (Alert.id, Alert.subscription_id, Alert.severity, clinic, Alert.attempts)
    chosen = select(*columns).where(Alert.channel_id == channel.id, outbox.ready(now))
    rows = session.execute(chosen.order_by(Alert.created_at, Alert.id)).all()
    return [
        _Waiting(id=row[0], subscription_id=row[1], severity=row[2], clinic_id=row[3], attempts=row[4])
        for row in rows
    ]


def _groups(waiting: Sequence[_Waiting]) -> Iterator[list[_Waiting]]:
    """What may become one message: a subscription's new alerts together, anything tried before by itself."""
    groups: dict[int | str, list[_Waiting]] = {}
    for each in waiting:
        alone = each.attempts > 0 or each.subscription_id is None
        groups.setdefault(each.id if alone else each.subscription_id or 0, []).append(each)
    yield from groups.values()


def _allowed(
    session: Session,
    wishes: Subscription,
    quiet: Mapping[str, Quiet],
    group: Sequence[_Waiting],
    now: datetime,
) -> list[str]:
    """Ids for the next message; what has to wait is put off."""
    ready: list[str] = []
    for each in group:
        severities = _severities(session, each)
        hours = quiet.get(each.clinic_id, Quiet())
        if any(timing.may_tell(wishes, hours, severity, now) for severity in severities):
            ready.append(each.id)
        else:
            _put_off(session, [each.id], timing.reopens(wishes, hours, now))
    left, again = timing.room(wishes, _told(session, wishes, now), now)
    count = timing.gathered(wishes.frequency, left, len(ready))
    if not count:
        _put_off(session, ready, again)
    return ready[:count]


def _severities(session: Session, waiting: _Waiting) -> set[str]:
    """Of all that a message tells; only what was tried before has alerts merged into it."""
    if not waiting.attempts:
        return {waiting.severity}
    merged = session.scalars(select(Alert.severity).where(Alert.merged_into == waiting.id))
    return {waiting.severity, *merged}


def _told(session: Session, wishes: Subscription, now: datetime) -> list[datetime]:
    """When this subscription's latest messages went out, oldest first."""
    told = select(Alert.sent_at).where(
        Alert.subscription_id == wishes.id, Alert.state == "sent", Alert.sent_at > now - timing.HOUR
    )
    latest = session.scalars(told.order_by(Alert.sent_at.desc()).limit(wishes.max_per_hour)).all()
    return sorted(each for each in latest if each is not None)


def _put_off(session: Session, ids: Sequence[str], until: datetime) -> None:
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        # The try of an earlier failure is over: others of the channel need not wait for the morning.
        session.execute(update(Alert).where(Alert.id.in_(some)).values(next_at=until, lease_until=None))


def _take(session: Session, channel: Channel, worker: str, ids: Sequence[str], now: datetime) -> Delivery:
    """The first of them stands for all."""
    leader = session.get_one(Alert, ids[0])
    leader.state, leader.worker, leader.lease_until = "sending", worker, now + LEASE
    leader.attempts += 1
    leader.first_tried_at = first = _first_try(leader, now)
    for start in range(1, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        session.execute(update(Alert).where(Alert.id.in_(some)).values(state="merged", merged_into=leader.id))
    said, total = outbox.said(session, leader)
    return Delivery(
        id=leader.id,
        worker=worker,
        user_id=leader.user_id,
        channel_id=channel.id,
        channel_kind=channel.kind,
        address=channel.address,
        attempt=leader.attempts,
        first_tried_at=first,
        said=said,
        total=total,
    )


def _first_try(alert: Alert, now: datetime) -> datetime:
    """When its message was first tried: now, where it was not, or where only a wrong clock says so."""
    before = alert.first_tried_at
    return now if before is None or before > now + WRONG_CLOCK else before


def _subscriptions(session: Session, waiting: Iterable[_Waiting]) -> dict[int, Subscription]:
    ids = {each.subscription_id for each in waiting if each.subscription_id is not None}
    return {each.id: each for each in session.scalars(select(Subscription).where(Subscription.id.in_(ids)))}


def _quiet_hours(session: Session, ids: Iterable[str]) -> dict[str, Quiet]:
    rows = session.scalars(select(ClinicRow).where(ClinicRow.id.in_(set(ids))))
    return {row.id: Quiet(begin=row.quiet_from, end=row.quiet_to) for row in rows}
