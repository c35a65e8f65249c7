"""When an alert may be told. Pure: wishes, clinic's quiet hours, times.

An alert waits for the slot of its subscription's frequency, then for an hour and a weekday that are not
quiet. One that is grave enough to break through waits for neither. How many messages go out in an hour is
limited for all of them: what is too much waits and becomes one summary.

Hours are wall-clock times of a zone: in a spring night that has no 02:30, what was due then is due at the
same moment as 03:30; in an autumn night that has it twice, the first one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from crawler.sources.quiet_hours import QuietHours
from leads.alerts.messages.message import rank
from leads.models import Frequency

HOUR = timedelta(hours=1)
BEIJING = "Asia/Shanghai"  # the zone of a clinic's quiet hours
_WEEK = timedelta(days=7, hours=2)  # a week with a change of clocks in it


class Wishes(Protocol):
    """What `leads.records.tables.work.Subscription` says about times."""

    frequency: Frequency
    at_time: str
    weekday: int
    weekdays: list[int]
    quiet_from: str
    quiet_to: str
    timezone: str
    max_per_hour: int
    break_through: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Hours of every day in which nothing is sent, over midnight if `begin` is the later one. "" for none."""

    begin: str = ""
    end: str = ""
    timezone: str = BEIJING

    def covers(self, moment: datetime) -> bool:
        return self.over(moment) is not None

    def over(self, moment: datetime) -> datetime | None:
        """The end of the quiet hours that cover `moment`, UTC; None where none do."""
        if not self.begin or not self.end or self.begin == self.end:
            return None
        hours = QuietHours(time.fromisoformat(self.begin), time.fromisoformat(self.end))
        end = hours.ends(moment.astimezone(ZoneInfo(self.timezone)))
        return end and end.astimezone(UTC)


def due(wishes: Wishes, clinic: Quiet, severity: str, at: datetime) -> datetime:
    """When an alert written at `at` is to be told, if there is room then."""
    if breaks_through(wishes, severity):
        return at
    for slot in takewhile(lambda slot: slot <= at + _WEEK, _slots(wishes, at)):
        if _on_its_day(wishes, slot):
            opened = _after_quiet(wishes, clinic, slot)
            if _on_its_day(wishes, opened):
                return opened
    return reopens(wishes, clinic, at)  # every slot of the week is quiet


def breaks_through(wishes: Wishes, severity: str) -> bool:
    """Grave enough to be told at once and at any hour."""
    return bool(wishes.break_through and severity) and rank(severity) >= rank(wishes.break_through)


def may_tell(wishes: Wishes, clinic: Quiet, severity: str, now: datetime) -> bool:
    """Neither a quiet hour nor a day off."""
    opened = _on_its_day(wishes, now) and _after_quiet(wishes, clinic, now) == now
    return opened or breaks_through(wishes, severity)


def reopens(wishes: Wishes, clinic: Quiet, now: datetime) -> datetime:
    """The next moment at which `may_tell` holds for everything."""
    moment = now
    for _ in range(8):
        moment = _after_quiet(wishes, clinic, moment)
        if _on_its_day(wishes, moment):
            return moment
        moment = _midnight_after(moment, wishes.timezone)
    return moment


def room(wishes: Wishes, told: Sequence[datetime], now: datetime) -> tuple[int, datetime]:
    """How many messages may still go out now, and when there is room again if it is none.

    `told` are the times of this subscription's messages, oldest first. One from the future was written before
    the clock was put back; it does not hold up more than it would have.
    """
    recent = [each for each in told if now - HOUR < each <= now + HOUR]
    left = wishes.max_per_hour - len(recent)
    if left > 0:
        return left, now
    return 0, min(recent[-wishes.max_per_hour] + HOUR, now + HOUR)


def gathered(frequency: Frequency, left: int, waiting: int) -> int:
    """How many of the waiting alerts the next message tells: one, or all as a summary.

    The last message an hour has room for tells all the rest.
    """
    if left <= 0 or waiting <= 0:
        return 0
    return 1 if frequency == "now" and left > 1 else waiting


def _slots(wishes: Wishes, at: datetime) -> Iterator[datetime]:
    """Moments the frequency allows, from `at` on; for "now" also the beginnings of the days after."""
    if wishes.frequency == "hourly":
        yield from _hours_from(at, wishes.timezone)  # without end
    first = at.astimezone(ZoneInfo(wishes.timezone)).date()
    if wishes.frequency == "now":
        yield at
    hour = "00:00" if wishes.frequency == "now" else wishes.at_time
    for days in count():
        day = first + timedelta(days=days)
        if wishes.frequency == "weekly" and day.weekday() != wishes.weekday:
            continue
        slot = _at(day, hour, wishes.timezone)
        if slot >= at:
            yield slot


def _hours_from(at: datetime, timezone: str) -> Iterator[datetime]:
    """Full hours of the zone (some zones are half an hour off)."""
    local = at.astimezone(ZoneInfo(timezone))
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    slot = at - past if not past else at - past + HOUR
    while True:
        yield slot
        slot += HOUR


def _on_its_day(wishes: Wishes, moment: datetime) -> bool:
    if wishes.frequency == "weekly" or not wishes.weekdays:
        return True  # the weekday is chosen by the slot
    return moment.astimezone(ZoneInfo(wishes.timezone)).weekday() in wishes.weekdays


def _after_quiet(wishes: Wishes, clinic: Quiet, moment: datetime) -> datetime:
    """The first moment from `moment` on that no quiet hours cover.

    Where the person's and the clinic's together leave no moment of the day, the person's own count.
    """
    own, both = _hours(wishes, Quiet())[:1], _hours(wishes, clinic)
    return _out_of(both, moment) or _out_of(own, moment) or moment


def _out_of(hours: Sequence[Quiet], moment: datetime) -> datetime | None:
    for _ in range(6):  # two windows that overlap push each other at most a day on
        end = next(filter(None, (each.over(moment) for each in hours)), None)
        if end is None:
            return moment
        moment = end
    return None


def _hours(wishes: Wishes, clinic: Quiet) -> tuple[Quiet, Quiet]:
    return Quiet(begin=wishes.quiet_from, end=wishes.quiet_to, timezone=wishes.timezone), clinic


def _midnight_after(moment: datetime, timezone: str) -> datetime:
    local = moment.astimezone(ZoneInfo(timezone))
    return _at(local.date() + timedelta(days=1), "00:00", timezone)


def _at(day: date, clock: str, timezone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), ZoneInfo(timezone)).astimezone(UTC)
