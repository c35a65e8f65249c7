"""What to look out for, who hears of it how, and what was sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from leads.models import (
    AlertState,
    Frequency,
    RuleKind,
)
from leads.records.tables.base import Base


class Rule(Base):
    """What to look out for.

    `query` is a query string with the names of the lead page's form (q, near, radius, symptom, min_need, …);
    for mentions `q`, `clinic`, `severity`, `polarity` and `kind`; for spikes `symptom`, `area` and `factor`;
    for sources `source`. leads.query.alert_conditions reads it.
    """

    __tablename__ = "rules"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[RuleKind]
    query: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Channel(Base):
    """A way to reach somebody. `address` is a secret: shown to nobody, written to no log."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))  # a key of leads.alerts.channels.KINDS
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="untested")  # untested | ok | failing | revoked
    problem: Mapped[str] = mapped_column(String(300), default="")  # the last failure, without secrets
    removed: Mapped[bool] = mapped_column(default=False)


class Subscription(Base):
    """Who hears of a rule, how and when. Hours are those of `timezone`."""

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("rule_id", "user_id", "channel_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    frequency: Mapped[Frequency] = mapped_column(default="now")
    at_time: Mapped[str] = mapped_column(String(5), default="08:00")  # daily and weekly
    weekday: Mapped[int] = mapped_column(default=0)  # weekly: 0 is Monday
    weekdays: Mapped[list[int]] = mapped_column(default_factory=lambda: list(range(7)))  # delivered on these
    quiet_from: Mapped[str] = mapped_column(String(5), default="")
    quiet_to: Mapped[str] = mapped_column(String(5), default="")
    timezone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")
    max_per_hour: Mapped[int] = mapped_column(default=10)  # messages; the rest goes into one summary
    break_through: Mapped[str] = mapped_column(String(16), default="")  # severity that ignores quiet hours
    enabled: Mapped[bool] = mapped_column(default=True)


class Cause(Base):
    """Something rules were asked about once: a new mention or lead, a spike, a silent or blocked source.

    Written in one transaction with the alerts it gives, so that neither is without the other.
    """

    __tablename__ = "causes"

    id: Mapped[str] = mapped_column(
        String(300), primary_key=True
    )  # "lead:<post id>", "mention:<post id>#<clinic>", …
    kind: Mapped[RuleKind]
    at: Mapped[datetime] = mapped_column(index=True)
    post_id: Mapped[str] = mapped_column(String(200), default="", index=True)


class Alert(Base):
    """One thing to tell one person by one channel: the outbox. `id` is made of cause and subscription."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_state_next_at", "state", "next_at"),
        Index("ix_alerts_channel_id_state", "channel_id", "state"),
        Index("ix_alerts_subscription_id_sent_at", "subscription_id", "sent_at"),
        Index("ix_alerts_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # a RuleKind, "nudge", "drift", "disk", "summary", "digest"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    next_at: Mapped[datetime]  # not to be tried before
    payload: Mapped[dict[str, object]]  # what is said; see leads.alerts.messages.message
    rule_id: Mapped[int | None] = mapped_column(default=None)
    subscription_id: Mapped[int | None] = mapped_column(default=None)
    cause_id: Mapped[str] = mapped_column(String(300), default="")
    post_id: Mapped[str] = mapped_column(String(200), default="", index=True)
    severity: Mapped[str] = mapped_column(String(16), default="")
    state: Mapped[AlertState] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    # What a message says of its own time: the same at every try.
    first_tried_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(String(300), default="")  # of the last failure, without secrets
    worker: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    # The alert whose message told this one.
    merged_into: Mapped[str] = mapped_column(String(64), default="", index=True)
    acknowledged: Mapped[str] = mapped_column(String(16), default="")  # seen | irrelevant
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)
