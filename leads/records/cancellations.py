"""Alerts that nobody may or wants to hear of any more: ended, whatever they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.orm import Session, aliased

from leads.models import AlertState
from leads.records.tables.alerts import Alert

_CHUNK = 500
ERASED: Final[dict[str, object]] = {"title": "（帖子已删除）"}  # what an alert says of a post that was erased
EXPIRED: Final[dict[str, object]] = {"title": "（帖子已过期）"}  # of one that is too old to be kept

OPEN: tuple[AlertState, ...] = ("waiting", "sending")


def cancel_for_channel(session: Session, channel_id: int, *, reason: str = "通道已被移除。") -> int:
    """Nobody will be told by this channel any more; how many alerts that ends."""
    return cancel(session, Alert.channel_id == channel_id, reason=reason)


def cancel_for_subscription(session: Session, subscription_id: int, *, reason: str = "订阅已取消。") -> int:
    """Nobody will be told for this subscription any more."""
    return cancel(session, Alert.subscription_id == subscription_id, reason=reason)


def cancel_for_post(session: Session, post_id: str, *, reason: str = "帖子已按要求删除。") -> int:
    """The post was erased: nobody is told of it, and what the alerts said of it goes too, in every state."""
    count = cancel(session, Alert.post_id == post_id, reason=reason)
    session.execute(update(Alert).where(Alert.post_id == post_id).values(payload=ERASED))
    return count


def forget(session: Session, before: datetime) -> int:
    """What alerts of older posts said of them goes; of how many."""
    old = (Alert.created_at < before, Alert.post_id != "")
    left = Alert.payload["title"].as_string().not_in([EXPIRED["title"], ERASED["title"]])
    cancel(session, and_(*old), reason="帖子已过期。")
    ids = session.scalars(select(Alert.id).where(*old, left)).all()
    for some in chunks(ids):
        session.execute(update(Alert).where(Alert.id.in_(some)).values(payload=EXPIRED))
    return len(ids)


def cancel(session: Session, which: ColumnElement[bool], *, reason: str) -> int:
    """End what waits, with those merged into it; what is on its way ends as it ends.

    An alert that others were merged into hands its place to the first that is not to be ended.
    """
    ids = list(session.scalars(select(Alert.id).where(which, Alert.state == "waiting")))
    leader = aliased(Alert)
    open_leader = exists().where(leader.id == Alert.merged_into, leader.state.in_(OPEN))
    merged = list(session.scalars(select(Alert.id).where(which, Alert.state == "merged", open_leader)))
    for some in chunks([*ids, *merged]):
        ended = {
            "state": "cancelled",
            "reason": reason[:300],
            "lease_until": None,
            "worker": "",
            "merged_into": "",
        }
        session.execute(update(Alert).where(Alert.id.in_(some)).values(ended))
    for some in chunks(ids):  # never sent as a whole: what was merged waits again by itself
        again = {"state": "waiting", "merged_into": "", "attempts": 0}
        session.execute(
            update(Alert).where(Alert.merged_into.in_(some), Alert.state == "merged").values(again)
        )
    return len(ids) + len(merged)


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def alert(session: Session, alert_id: str) -> Alert | None:
    """None when it is not there."""
    return session.get(Alert, alert_id)
