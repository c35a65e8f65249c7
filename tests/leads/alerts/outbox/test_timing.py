"""When an alert may be told: slots, quiet hours, weekdays, summer time, so many messages an hour."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.alerts.outbox import timing
from leads.alerts.outbox.timing import Quiet
from leads.models import FREQUENCIES, SEVERITIES, Frequency

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
NONE = Quiet()


@dataclass
class Wishes:
    frequency: Frequency = "now"
    at_time: str = "08:00"
    weekday: int = 0
    weekdays: list[int] = field(default_factory=lambda: list(range(7)))
    quiet_from: str = ""
    quiet_to: str = ""
    timezone: str = SHANGHAI
    max_per_hour: int = 10
    break_through: str = ""


def at(text: str, zone: str = SHANGHAI, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


# 2026-11-22 is a Sunday.
@pytest.mark.parametrize(
    ("wishes", "written", "told"),
    [
        (Wishes(), "2026-11-22 10:07", "2026-11-22 10:07"),
        (Wishes(frequency="hourly"), "2026-11-22 10:07", "2026-11-22 11:00"),
        (Wishes(frequency="hourly"), "2026-11-22 10:00", "2026-11-22 10:00"),
        (Wishes(frequency="daily"), "2026-11-22 07:59", "2026-11-22 08:00"),
        (Wishes(frequency="daily"), "2026-11-22 08:01", "2026-11-23 08:00"),
        (Wishes(frequency="daily", at_time="18:30"), "2026-12-31 19:00", "2027-01-01 18:30"),
        (Wishes(frequency="weekly", weekday=2), "2026-11-22 10:07", "2026-11-25 08:00"),
        (Wishes(frequency="weekly", weekday=6), "2026-11-22 10:07", "2026-11-29 08:00"),
        (Wishes(frequency="weekly", weekday=6, weekdays=[0]), "2026-11-22 07:00", "2026-11-22 08:00"),
        (Wishes(quiet_from="22:00", quiet_to="07:30"), "2026-11-22 23:00", "2026-11-23 07:30"),
        (Wishes(quiet_from="22:00", quiet_to="07:30"), "2026-11-22 07:29", "2026-11-22 07:30"),
        (Wishes(quiet_from="22:00", quiet_to="07:30"), "2026-11-22 21:59", "2026-11-22 21:59"),
        (Wishes(quiet_from="12:00", quiet_to="14:00"), "2026-11-22 12:00", "2026-11-22 14:00"),
        (Wishes(frequency="daily", quiet_from="22:00", quiet_to="09:00"),
         "2026-11-22 03:00", "2026-11-22 09:00"),
        (Wishes(frequency="hourly", quiet_from="22:00", quiet_to="08:00"),
         "2026-11-22 22:30", "2026-11-23 08:00"),
        (Wishes(weekdays=[0, 1, 2, 3, 4]), "2026-11-22 10:07", "2026-11-23 00:00"),
        (Wishes(weekdays=[0], quiet_from="22:00", quiet_to="08:00"), "2026-11-24 10:00", "2026-11-30 08:00"),
        (Wishes(frequency="daily", weekdays=[0, 1, 2, 3, 4]), "2026-11-21 09:00", "2026-11-23 08:00"),
        # the quiet night before a working day ends on it; the one after it ends on a day off
        (Wishes(weekdays=[5], quiet_from="22:00", quiet_to="08:00"), "2026-11-21 23:00", "2026-11-28 08:00"),
        # an hour that does not come in spring, and one that comes twice in autumn
        (Wishes(frequency="daily", at_time="02:30", timezone=BERLIN),
         "2026-03-28 23:00+00:00", "2026-03-29 01:30+00:00"),
        (Wishes(frequency="daily", at_time="02:30", timezone=BERLIN),
         "2026-10-24 23:00+00:00", "2026-10-25 00:30+00:00"),
        (Wishes(frequency="daily", at_time="08:00", timezone=BERLIN),
         "2026-10-24 07:00+00:00", "2026-10-25 07:00+00:00"),
        (Wishes(quiet_from="22:00", quiet_to="02:30", timezone=BERLIN),
         "2026-10-25 01:10+00:00", "2026-10-25 01:30+00:00"),
        (Wishes(quiet_from="22:00", quiet_to="02:30", timezone=BERLIN),
         "2026-03-28 23:00+00:00", "2026-03-29 01:30+00:00"),
        (Wishes(frequency="hourly", timezone="Asia/Kolkata"),
         "2026-11-22 10:07+00:00", "2026-11-22 10:30+00:00"),
    ],
)  # fmt: skip
def test_when_an_alert_is_due(wishes: Wishes, written: str, told: str) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text) if "+" in text else at(text)

    assert timing.due(wishes, NONE, "", moment(written)) == moment(told)


@pytest.mark.parametrize(
    ("own", "clinic", "written", "told"),
    [
        (("", ""), ("22:00", "08:00"), "2026-11-22 23:00", "2026-11-23 08:00"),
        (("07:00", "12:00"), ("22:00", "08:00"), "2026-11-22 23:00", "2026-11-23 12:00"),
        # together they leave no hour of the day: the person's own count
        (("08:00", "20:00"), ("20:00", "08:00"), "2026-11-22 21:00", "2026-11-22 21:00"),
        (("08:00", "20:00"), ("20:00", "08:00"), "2026-11-22 09:00", "2026-11-22 20:00"),
    ],
)
def test_the_clinics_quiet_hours_count_too(
    own: tuple[str, str], clinic: tuple[str, str], written: str, told: str
) -> None:
    wishes, hours = Wishes(quiet_from=own[0], quiet_to=own[1]), Quiet(begin=clinic[0], end=clinic[1])
    assert timing.due(wishes, hours, "", at(written)) == at(told)
    assert timing.reopens(wishes, hours, at(written)) == at(told)
    assert timing.may_tell(wishes, hours, "", at(told))


@pytest.mark.parametrize(
    ("wish", "severity", "through"),
    [
        ("", "critical", False),
        ("high", "critical", True),
        ("high", "high", True),
        ("high", "medium", False),
        ("low", "low", True),
        ("low", "", False),
    ],
)
def test_what_is_grave_enough_breaks_through(wish: str, severity: str, through: bool) -> None:
    night = at("2026-11-22 23:00")
    for frequency in FREQUENCIES:
        wishes = Wishes(
            frequency=frequency, quiet_from="22:00", quiet_to="08:00", weekdays=[0], break_through=wish
        )
        assert (timing.due(wishes, NONE, severity, night) == night) is through
        assert timing.may_tell(wishes, NONE, severity, night) is through


@pytest.mark.parametrize(
    ("frequency", "left", "waiting", "told"),
    [
        ("now", 10, 3, 1),  # there is room: each by itself
        ("now", 1, 191, 191),  # the last message of the hour tells all the rest
        ("now", 0, 5, 0),
        ("now", 5, 0, 0),
        ("hourly", 10, 3, 3),
        ("daily", 10, 300, 300),
        ("weekly", 0, 3, 0),
    ],
)
def test_what_the_next_message_tells(frequency: Frequency, left: int, waiting: int, told: int) -> None:
    assert timing.gathered(frequency, left, waiting) == told


def test_an_hour_has_room_for_so_many_messages() -> None:
    now = at("2026-11-22 10:00")
    told = [now - timedelta(minutes=each) for each in (70, 50, 40, 30)]
    assert timing.room(Wishes(max_per_hour=4), told, now) == (1, now)
    assert timing.room(Wishes(max_per_hour=3), told, now) == (0, now + timedelta(minutes=10))
    assert timing.room(Wishes(max_per_hour=2), told, now) == (0, now + timedelta(minutes=20))


def test_a_clock_put_back_holds_up_for_an_hour_at_most() -> None:
    now = at("2026-11-22 10:00")
    ahead = [now + timedelta(days=1), now + timedelta(minutes=30)]
    assert timing.room(Wishes(max_per_hour=1), sorted(ahead), now) == (0, now + timedelta(hours=1))


CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
ZONES = st.sampled_from([SHANGHAI, BERLIN, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
WISHES = st.builds(
    Wishes,
    frequency=st.sampled_from(FREQUENCIES),
    at_time=CLOCKS,
    weekday=st.integers(0, 6),
    weekdays=st.lists(st.integers(0, 6), min_size=1, unique=True),
    quiet_from=CLOCKS,
    quiet_to=CLOCKS,
    timezone=ZONES,
    max_per_hour=st.integers(1, 20),
    break_through=st.sampled_from(["", *SEVERITIES]),
)
QUIETS = st.one_of(st.just(NONE), st.builds(Quiet, begin=CLOCKS, end=CLOCKS))


@given(wishes=WISHES, clinic=QUIETS, severity=st.sampled_from(["", *SEVERITIES]), written=MOMENTS)
def test_whatever_is_wished_the_alert_is_told_within_nine_days_and_not_in_a_quiet_hour(
    wishes: Wishes, clinic: Quiet, severity: str, written: datetime
) -> None:
    told = timing.due(wishes, clinic, severity, written)
    assert written <= told <= written + timedelta(days=9)
    own = Quiet(begin=wishes.quiet_from, end=wishes.quiet_to, timezone=wishes.timezone)
    if not timing.breaks_through(wishes, severity):
        assert not own.covers(told)
        assert timing.may_tell(wishes, clinic, severity, told)
    assert timing.due(wishes, clinic, severity, told) >= told


@given(wishes=WISHES, clinic=QUIETS, now=MOMENTS)
def test_what_is_put_off_may_be_told_when_it_comes_back(wishes: Wishes, clinic: Quiet, now: datetime) -> None:
    again = timing.reopens(wishes, clinic, now)
    assert again >= now
    assert timing.may_tell(wishes, clinic, "", again)
    assert (again == now) is timing.may_tell(wishes, clinic, "", now)


@given(
    gaps=st.lists(st.integers(0, 3000), min_size=1, max_size=60),
    most=st.integers(1, 5),
    frequency=st.sampled_from(FREQUENCIES),
)
def test_never_more_messages_an_hour_and_nothing_lost(
    gaps: list[int], most: int, frequency: Frequency
) -> None:
    """Alerts arrive at random; a worker asks at every arrival and when it was told to come again."""
    wishes = replace(Wishes(), frequency=frequency, max_per_hour=most)
    now = at("2026-11-22 10:00")
    told: list[datetime] = []
    waiting = ended = 0
    for gap in [*gaps, *[3601] * 3]:
        now += timedelta(seconds=gap)
        waiting += 1
        while count := timing.gathered(frequency, timing.room(wishes, told, now)[0], waiting):
            waiting, ended = waiting - count, ended + count
            told.append(now)
    for moment in told:
        assert sum(moment - timing.HOUR < each <= moment for each in told) <= most
    assert waiting == 0
    assert ended == len(gaps) + 3
