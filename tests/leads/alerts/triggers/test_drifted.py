"""A shift of the posts is told to admins by a channel, once in four weeks."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from leads.alerts.triggers import drifted
from leads.alerts.triggers.drifted import APART
from leads.records import Records
from leads.records.tables.alerts import Alert
from tests.support.outbox_people import NOW, channel, person


def told(records: Records) -> list[Alert]:
    with records.reading() as session:
        return list(session.scalars(select(Alert).order_by(Alert.created_at)))


def test_admins_with_a_channel_hear_of_it_once_in_four_weeks(records: Records) -> None:
    with records.transaction() as session:
        admin = channel(session, person(session, "lin")).user_id
        channel(session, person(session, "chen", role="marketer"))
        channel(session, person(session, "gone", disabled=True))
        person(session, "zhao")  # an admin whom nothing reaches
    assert drifted.tell(records, lambda: 0.41, now=NOW) == 1
    (alert,) = told(records)
    assert (alert.kind, alert.user_id) == ("drift", admin)
    assert alert.payload["page"] == "/ten/effect"
    assert "偏移 0.41" in str(alert.payload["lines"])
    assert drifted.tell(records, lambda: 0.41, now=NOW + APART - timedelta(hours=1)) == 0
    assert drifted.tell(records, lambda: 0.41, now=NOW + APART) == 1


def test_without_a_shift_nobody_is_told(records: Records) -> None:
    with records.transaction() as session:
        channel(session, person(session))
    assert drifted.tell(records, lambda: None, now=NOW) == 0
    assert told(records) == []


def test_where_nobody_would_hear_nothing_is_measured(records: Records) -> None:
    def measure() -> float:
        raise AssertionError

    assert drifted.tell(records, measure, now=NOW) == 0
