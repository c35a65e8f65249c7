"""Rows the outbox tests need around an alert: a person, a channel, a rule, a subscription."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.alerts.messages.message import Payload
from leads.records.tables.alerts import Alert, Channel, Rule, Subscription
from leads.records.tables.people import User

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # Sunday 10:00 in Beijing


def person(session: Session, login: str = "lin", **fields: Any) -> User:
    user = User(login=login, name=login, role=fields.pop("role", "admin"), created_at=NOW, **fields)
    session.add(user)
    session.flush()
    return user


def channel(
    session: Session, user: User, kind: str = "webhook", address: str = "{}", **fields: Any
) -> Channel:
    made = Channel(user_id=user.id, name="群", kind=kind, address=address, created_at=NOW, **fields)
    session.add(made)
    session.flush()
    return made


def subscription(session: Session, to: Channel, name: str = "差评", **fields: Any) -> Subscription:
    rule = Rule(name=name, kind="mention", query="", created_by="lin", created_at=NOW, changed_at=NOW)
    session.add(rule)
    session.flush()
    made = Subscription(rule_id=rule.id, user_id=to.user_id, channel_id=to.id, **fields)
    session.add(made)
    session.flush()
    return made


def alert(session: Session, number: int, by: Subscription | Channel, **fields: Any) -> Alert:
    """Alert `number`, written `number` milliseconds after NOW."""
    at = fields.pop("at", NOW) + timedelta(milliseconds=number)
    direct = isinstance(by, Channel)
    said = Payload(
        title=f"第{number}条",
        rule="差评",
        clinic_id=fields.pop("clinic_id", ""),
        severity=fields.get("severity", ""),
    )
    made = Alert(
        id=f"a{by.id}-{number:04}",
        kind="mention",
        user_id=by.user_id,
        channel_id=by.id if direct else by.channel_id,  # type: ignore[union-attr]  # one of the two, as asked
        subscription_id=None if direct else by.id,
        created_at=at,
        next_at=fields.pop("next_at", at),
        payload=fields.pop("payload", said.to_json()),
        **fields,
    )
    session.add(made)
    session.flush()
    return made


def states(session: Session) -> dict[str, str]:
    return {row.id: row.state for row in session.scalars(select(Alert).order_by(Alert.id))}
