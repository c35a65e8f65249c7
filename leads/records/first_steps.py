"""What of the first steps of an installation the records know to be done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from leads.records.tables.alerts import Channel, Subscription
from leads.records.tables.clinics import ClinicRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Whether there is any of each, whoever made it."""

    clinic: bool
    channel: bool
    alert: bool


def recorded(session: Session) -> Recorded:
    """As it is now."""
    clinic, channel, alert = (
        bool(session.scalar(select(exists().select_from(table))))
        for table in (ClinicRow, Channel, Subscription)
    )
    return Recorded(clinic=clinic, channel=channel, alert=alert)
