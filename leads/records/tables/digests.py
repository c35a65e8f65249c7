"""Regular reports, planned and made, and the news they tell: the tables of `leads.records.digests` and
`.headlines`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from leads.models import Period
from leads.records.tables.base import Base


class DigestPlan(Base):
    """Who gets which regular report, when. Hours are those of `timezone`."""

    __tablename__ = "digest_plans"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    period: Mapped[Period]
    created_at: Mapped[datetime]  # nothing before it is reported by itself
    at_time: Mapped[str] = mapped_column(String(5), default="08:00")
    weekday: Mapped[int] = mapped_column(default=0)  # weekly: 0 is Monday
    monthday: Mapped[int] = mapped_column(default=1)  # monthly and quarterly: 1 to 28
    timezone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")
    clinic_ids: Mapped[list[str]] = mapped_column(default_factory=list)  # [] for all the person may see
    enabled: Mapped[bool] = mapped_column(default=True)


class DigestIssue(Base):
    """One report as it was made: what is behind its address. Counts and places, no names of writers."""

    __tablename__ = "digest_issues"
    __table_args__ = (UniqueConstraint("plan_id", "until"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("digest_plans.id", ondelete="CASCADE"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    made_at: Mapped[datetime]
    content: Mapped[dict[str, object]]


class Headline(Base):
    """An entry of a feed of news: title and address, nothing of its text."""

    __tablename__ = "headlines"

    post_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    day: Mapped[date] = mapped_column(index=True)  # of publication, in Beijing
    title: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(40))
    published_at: Mapped[datetime] = mapped_column(index=True)
    fits: Mapped[bool] = mapped_column(default=False)  # about what one of the clinics treats
    others: Mapped[list[str]] = mapped_column(default_factory=list)  # ids of entries that tell the same story
