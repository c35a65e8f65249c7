"""The outbox as people see it: what became of each alert, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from leads.models import AlertState
from leads.records.tables.alerts import Alert

# What the page offers to look at, and the states it means.
TABS: Mapping[str, tuple[AlertState, ...]] = {
    "waiting": ("waiting", "sending"),
    "sent": ("sent",),
    "merged": ("merged",),
    "dead": ("dead",),
    "cancelled": ("cancelled",),
}


def counts(session: Session, user_id: int | None) -> dict[str, int]:
    """How many alerts each tab has; of one person, or of everybody."""
    grouped = select(Alert.state, func.count()).where(_of(user_id)).group_by(Alert.state)
    found: dict[str, int] = {row[0]: row[1] for row in session.execute(grouped)}
    return {tab: sum(found.get(state, 0) for state in states) for tab, states in TABS.items()}


def oldest_due(session: Session, now: datetime) -> datetime | None:
    """When the alert should have left that waits longest although it is due; None when none does."""
    waiting = Alert.state.in_(("waiting", "sending"))
    return session.scalar(select(func.min(Alert.next_at)).where(waiting, Alert.next_at <= now))


def listed(session: Session, user_id: int | None, *, tab: str, limit: int, offset: int) -> Sequence[Alert]:
    """One page of a tab, or of all when there is no such tab."""
    chosen = select(Alert).where(_of(user_id))
    if tab in TABS:
        chosen = chosen.where(Alert.state.in_(TABS[tab]))
    chosen = chosen.order_by(Alert.created_at.desc(), Alert.id)
    return session.scalars(chosen.limit(limit).offset(offset)).all()


def _of(user_id: int | None) -> ColumnElement[bool]:
    return true() if user_id is None else Alert.user_id == user_id
