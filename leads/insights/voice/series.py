"""How often a name came over the weeks, in stretches of enough posts each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from leads.insights.few import LEAST, blocks

WEEKS = 26  # as long as mentions are kept by default
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The weeks that are looked at, the last of which ends with `today`."""

    today: date

    @property
    def since(self) -> date:
        """The first day."""
        return self.until - WEEKS * WEEK

    @property
    def until(self) -> date:
        """The day after the last."""
        return self.today + timedelta(days=1)

    def start(self, week: int) -> date:
        """The first day of a week, by its number."""
        return self.since + week * WEEK

    def week(self, day: date) -> int | None:
        """Number of the week from 0, None outside."""
        number = (day - self.since).days // 7
        return number if 0 <= number < WEEKS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekBlock:
    """Some weeks together: numbers of the first and of the one after the last, and enough posts in them."""

    first: int
    after: int
    count: int

    @property
    def rate(self) -> float:
        """Posts a week."""
        return self.count / (self.after - self.first)


def series(days: Iterable[tuple[date, int]], window: Window) -> tuple[WeekBlock, ...]:
    """Posts of days → stretches of `few.LEAST` posts at least that together have all; none for fewer."""
    weeks: Counter[int] = Counter()
    for day, count in days:
        number = window.week(day)
        if number is not None:
            weeks[number] += count
    told = blocks([weeks[number] for number in range(WEEKS)])
    return tuple(WeekBlock(first=first, after=after, count=count) for first, after, count in told)


def rates(told: Iterable[WeekBlock]) -> tuple[float, ...]:
    """Posts a week, for each week of the window."""
    each = [0.0] * WEEKS
    for block in told:
        for number in range(block.first, block.after):
            each[number] = block.rate
    return tuple(each)


def enough(count: int) -> bool:
    """Whether a figure may be told."""
    return count >= LEAST
