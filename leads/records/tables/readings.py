"""What the second reader said, and how much it was asked: the tables of `leads.records.readings`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from leads.records.tables.base import Base


class Reading(Base):
    """What one model takes one text for. No word of the text: `key` is a hash of it and of the question."""

    __tablename__ = "readings"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    model: Mapped[str] = mapped_column(String(120), primary_key=True)
    post_id: Mapped[str] = mapped_column(String(200), index=True)  # the post it was asked for first
    at: Mapped[datetime] = mapped_column(index=True)
    intent: Mapped[str] = mapped_column(String(16), default="")  # "" as long as there is no usable answer
    tries: Mapped[int] = mapped_column(default=1)


class ReaderDay(Base):
    """What was asked on a day of Beijing, and how the service was at its end."""

    __tablename__ = "reader_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(default=0)
    characters: Mapped[int] = mapped_column(default=0)
    unusable: Mapped[int] = mapped_column(default=0)  # answers that said nothing
    troubles: Mapped[int] = mapped_column(default=0)  # one after the other, until it answers again
    reason: Mapped[str] = mapped_column(String(200), default="")  # of the last trouble, zh-CN
    rest_until: Mapped[datetime | None] = mapped_column(default=None)
