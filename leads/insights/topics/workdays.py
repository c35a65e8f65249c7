"""Which days are alike: weekdays, and the holidays of China with their shifted working days. Pure.

The calendar is `holidays`: kept (a release a week), typed, and it knows the working weekends (调休) that the
State Council announces. Years not announced yet have the fixed days without shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

import holidays

HOLIDAY, KINDS = 7, 8  # 0 … 6 are Monday to Sunday; a holiday is a kind of its own
_FRIDAY = 4


@cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")


def kind_of_day(day: date) -> int:
    """The kind of a day: its weekday, HOLIDAY, or for a working weekend Friday's."""
    calendar, weekday = _calendar(), day.weekday()
    if day in calendar:
        return HOLIDAY
    if weekday > _FRIDAY:
        return _FRIDAY if calendar.is_working_day(day) else weekday
    return weekday if calendar.is_working_day(day) else HOLIDAY


def kinds_of(days: Sequence[date]) -> list[int]:
    """Of each day."""
    return [kind_of_day(day) for day in days]
