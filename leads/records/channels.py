"""Ways to reach people: made, removed, and what became of the last message. Addresses are secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.models import Outcome
from leads.records import audit, cancellations
from leads.records.seal import Seal
from leads.records.tables.alerts import Channel, Subscription
from leads.records.tables.digests import DigestPlan

LONGEST_NAME = 40
MOST = 50  # channels of one person


def add(
    session: Session, *, user_id: int, name: str, kind: str, address: str, who: str, now: datetime
) -> Channel:
    """A new channel; `address` is what `leads.alerts.channels.form.read_form` gave.

    Raises:
        InputError: no name, or too many channels.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"请给通道起个名字，1 到 {LONGEST_NAME} 个字，如「前台微信群」。")
    if len(of(session, user_id)) >= MOST:
        raise InputError(f"一个人最多 {MOST} 个通道：请先移除不用的。")
    kept = _seal(session).close(address)
    made = Channel(user_id=user_id, name=name, kind=kind, address=kept, created_at=now)
    session.add(made)
    session.flush()
    audit.note(session, who=who, action="channel.add", now=now, subject=f"channel:{made.id}", kind=kind)
    return made


def _seal(session: Session) -> Seal:
    seal: Seal = session.info["seal"]
    return seal


def of(session: Session, user_id: int | None) -> Sequence[Channel]:
    """The channels of a person, or of everybody, in the order they were made; not those removed."""
    chosen = select(Channel).where(~Channel.removed).order_by(Channel.user_id, Channel.id)
    if user_id is not None:
        chosen = chosen.where(Channel.user_id == user_id)
    return session.scalars(chosen).all()


def remove(session: Session, channel: Channel, *, who: str, now: datetime) -> int:
    """Nothing goes there any more; how many alerts that ends. What led to it goes too, and its secret."""
    for subscription in session.scalars(select(Subscription).where(Subscription.channel_id == channel.id)):
        session.delete(subscription)
    session.execute(update(DigestPlan).where(DigestPlan.channel_id == channel.id).values(enabled=False))
    cancelled = cancellations.cancel_for_channel(session, channel.id)
    channel.removed, channel.address, channel.problem = True, "{}", ""
    subject = f"channel:{channel.id}"
    audit.note(session, who=who, action="channel.remove", now=now, subject=subject, cancelled=cancelled)
    return cancelled


def tried(session: Session, channel_id: int, outcome: Outcome, *, who: str, now: datetime) -> None:
    """What became of a test message."""
    channel = session.get(Channel, channel_id)
    if channel is None or channel.removed:
        return
    failed = "revoked" if outcome.revoked else "failing"
    channel.state = "ok" if outcome.verdict == "delivered" else failed
    channel.problem = outcome.reason[:300]
    subject, verdict = f"channel:{channel_id}", outcome.verdict
    audit.note(session, who=who, action="channel.test", now=now, subject=subject, verdict=verdict)


def get(session: Session, channel_id: int) -> Channel | None:
    """Also one that was removed; None when it was never there."""
    return session.get(Channel, channel_id)
