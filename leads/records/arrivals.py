"""What has come into the index lately, by the causes written with it: cheap to ask again and again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.records.tables.alerts import Cause

MOST = 2000  # of one answer, the newest; nobody reads a larger number


def since(session: Session, moment: datetime) -> Mapping[str, datetime]:
    """The leads and mentions written after it, as their causes are called ("lead:<id>"), with the moment."""
    chosen = select(Cause.id, Cause.at).where(Cause.at > moment, Cause.kind.in_(("lead", "mention")))
    return {row.id: row.at for row in session.execute(chosen.order_by(Cause.at.desc()).limit(MOST))}
