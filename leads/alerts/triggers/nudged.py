"""Nudges of colleagues become alerts: by the first channel of the person that works, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from leads.alerts.messages.message import Payload
from leads.alerts.outbox.outbox import alert_id
from leads.alerts.triggers.news import lead_page, mention_page
from leads.records import Records, channels, nudges, users
from leads.records.tables.alerts import Alert, Channel
from leads.records.tables.work import Nudge

_TITLES = {
    "assigned": "{}把一条{}交给了你",
    "named": "{}在一条{}的备注里提到了你",
    "device": "你的账户在一台新设备上登录了（{}）：不是你就改密码、退出那台设备",
}


def title(nudge: Nudge, names: Mapping[str, str]) -> str:
    """What it says; `names` are those of logins."""
    return _TITLES[nudge.kind].format(names.get(nudge.who, nudge.who), subject(nudge))


def subject(nudge: Nudge) -> str:
    """What it is about, in a word."""
    if nudge.kind == "device":
        return "我的账户"
    return "提及" if nudge.mention_id else "线索"


def page(nudge: Nudge) -> str:
    """Where that is seen."""
    if nudge.kind == "device":
        return "/account"
    return mention_page(nudge.mention_id) if nudge.mention_id else lead_page(nudge.lead_id)


def tell(records: Records, *, now: datetime) -> int:
    """Put what nobody was told of yet into the outbox; how many alerts. Without a channel one sees it here.

    Raises:
        StorageError: the records cannot be read or written.
    """
    with records.reading() as session:
        if not nudges.untold(session):
            return 0
    with records.transaction() as session:
        names = users.names(session)
        return sum(_tell(session, each, names, now) for each in nudges.untold(session))


def _tell(session: Session, nudge: Nudge, names: Mapping[str, str], now: datetime) -> bool:
    nudge.told = True
    channel = usable(channels.of(session, nudge.user_id))
    if channel is None or nudge.seen_at is not None:
        return False
    session.add(
        Alert(
            id=alert_id(f"nudge:{nudge.id}", channel.id),
            kind="nudge",
            user_id=nudge.user_id,
            channel_id=channel.id,
            created_at=now,
            next_at=now,
            payload=Payload(title=title(nudge, names), page=page(nudge)).to_json(),
        )
    )
    return True


def usable(found: Sequence[Channel]) -> Channel | None:
    """The channel to tell somebody by: one that worked the last time before one that nobody tried.

    None that is known to fail for good.
    """
    order = ("ok", "untested", "failing")
    fit = [each for each in found if each.state in order]
    return min(fit, key=lambda each: (order.index(each.state), each.id), default=None)
