"""When a report is due: at the hour wished, in the person's zone, once, and not for ever after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.config import Settings
from leads.errors import InputError
from leads.records import Records, digests, open_records, users
from leads.records.digests import PlanForm
from leads.records.tables.alerts import Channel
from leads.records.tables.digests import DigestPlan

MADE = datetime(2026, 1, 1, tzinfo=UTC)


def plan(**changes: object) -> DigestPlan:
    values: dict[str, object] = {"user_id": 1, "channel_id": 1, "period": "daily", "created_at": MADE}
    return DigestPlan(**{**values, **changes})  # type: ignore[arg-type]  # by name


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+08:00")


@pytest.mark.parametrize(
    ("wishes", "now", "slot", "before"),
    [
        ({}, "2026-11-22 08:00", "2026-11-22 08:00", "2026-11-21 08:00"),
        ({}, "2026-11-22 07:59", "2026-11-21 08:00", "2026-11-20 08:00"),
        ({"at_time": "00:00"}, "2026-11-22 00:00", "2026-11-22 00:00", "2026-11-21 00:00"),
        ({"period": "weekly"}, "2026-11-22 23:00", "2026-11-16 08:00", "2026-11-09 08:00"),  # a Sunday
        ({"period": "weekly"}, "2026-11-23 08:00", "2026-11-23 08:00", "2026-11-16 08:00"),
        ({"period": "weekly"}, "2026-11-23 07:00", "2026-11-16 08:00", "2026-11-09 08:00"),
        ({"period": "weekly", "weekday": 6}, "2026-11-22 09:00", "2026-11-22 08:00", "2026-11-15 08:00"),
        ({"period": "monthly"}, "2026-11-22 09:00", "2026-11-01 08:00", "2026-10-01 08:00"),
        ({"period": "monthly"}, "2026-03-01 07:00", "2026-02-01 08:00", "2026-01-01 08:00"),
        ({"period": "quarterly"}, "2026-11-22 09:00", "2026-10-01 08:00", "2026-07-01 08:00"),
        ({"period": "quarterly", "monthday": 5}, "2026-01-03 09:00", "2025-10-05 08:00", "2025-07-05 08:00"),
        ({"period": "monthly", "monthday": 28}, "2026-03-01 09:00", "2026-02-28 08:00", "2026-01-28 08:00"),
    ],
)
def test_the_last_hour_wished(wishes: dict[str, object], now: str, slot: str, before: str) -> None:
    wished = plan(**wishes)
    assert digests.last_slot(wished, beijing(now)) == beijing(slot)
    assert digests.slot_before(wished, beijing(slot)) == beijing(before)


def test_hours_follow_the_persons_clock_through_the_change_of_it() -> None:
    wished = plan(timezone="Europe/Berlin", at_time="08:00")
    assert digests.last_slot(wished, datetime(2026, 10, 24, 12, tzinfo=UTC)).hour == 6
    assert digests.last_slot(wished, datetime(2026, 10, 25, 12, tzinfo=UTC)).hour == 7


@given(
    st.sampled_from(["daily", "weekly", "monthly", "quarterly"]),
    st.integers(0, 6),
    st.integers(1, 28),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    st.datetimes(datetime(2026, 1, 2), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),  # noqa: DTZ001
)
def test_stretches_follow_each_other_without_a_gap(
    period: str, weekday: int, monthday: int, at_time: str, zone: str, now: datetime
) -> None:
    wished = plan(period=period, weekday=weekday, monthday=monthday, at_time=at_time, timezone=zone)
    slot = digests.last_slot(wished, now)
    assert slot <= now
    assert now - slot < timedelta(days=93 if period == "quarterly" else 32)
    before = digests.slot_before(wished, slot)
    assert before < slot
    assert digests.last_slot(wished, slot - timedelta(hours=2)) == before


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened, opened.transaction() as session:
        for login in ("lin", "chen"):
            user = users.add_user(
                session, login=login, name=login, role="doctor", now=MADE, clinic_ids=("anhe",)
            )
            session.add(Channel(user_id=user.id, name="群", kind="webhook", address="{}", created_at=MADE))
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def add(records: Records, now: datetime, **form: object) -> int:
    with records.transaction() as session:
        user = users.by_login(session, "lin")
        assert user is not None
        return digests.add(session, user, PlanForm(**{"channel_id": 1, **form}), now=now).id  # type: ignore[arg-type]  # by name


def due(records: Records, now: datetime) -> list[datetime]:
    with records.reading() as session:
        return [slot for _, slot in digests.due(session, now)]


def test_a_new_plan_waits_for_its_first_hour(records: Records) -> None:
    add(records, beijing("2026-11-22 10:00"))
    assert due(records, beijing("2026-11-22 23:00")) == []
    assert due(records, beijing("2026-11-23 08:00")) == [beijing("2026-11-23 08:00")]


def test_a_report_nobody_could_make_in_time_is_let_go(records: Records) -> None:
    add(records, beijing("2026-11-01 10:00"))
    assert due(records, beijing("2026-11-22 19:59")) == [beijing("2026-11-22 08:00")]
    assert due(records, beijing("2026-11-22 20:01")) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"channel_id": 2}, "通道"),  # somebody else's
        ({"channel_id": 99}, "通道"),
        ({"period": "yearly"}, "周期"),
        ({"at_time": "8点"}, "08:00"),
        ({"at_time": "25:00"}, "08:00"),
        ({"timezone": "Mars/Base"}, "时区"),
        ({"timezone": "../etc"}, "时区"),
        ({"weekday": 7}, "星期"),
        ({"monthday": 31}, "28"),
        ({"clinic_ids": ("qingmu",)}, "自己的诊所"),
    ],
)
def test_what_cannot_be_is_said(records: Records, form: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        add(records, MADE, **form)


def test_a_plan_that_is_taken_back_is_not_due(records: Records) -> None:
    number = add(records, beijing("2026-11-20 10:00"))
    with records.transaction() as session:
        plan_ = digests.own(session, 1, number)
        assert plan_ is not None
        assert digests.own(session, 2, number) is None  # not the other's
        digests.remove(session, plan_)
    assert due(records, beijing("2026-11-22 09:00")) == []
