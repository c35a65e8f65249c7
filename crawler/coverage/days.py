"""Days on which a source has less than it should: none at all, or far too little. Pure.

Today is never judged, and neither is what lies before the first day that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median

AROUND = 7  # days on each side that say what is usual
FEWEST = 5.0  # posts that are expected; of fewer nothing is too little
FAR = 2.5  # robust standard deviations below what is expected
AT_MOST = 0.6  # of what is expected: what is hardly less is not told, however regular the source
SPAN = 60  # days that are looked at
WEEKS = 3  # of each weekday, from which on weekdays differ
_MAD = 1.4826  # median absolute deviation → standard deviation of a normal variable


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortDay:
    """A day with `posts` where about `expected` are usual."""

    day: date
    posts: int
    expected: float


def missing_days(
    counts: Mapping[date, int], *, today: date, many: int = 3, around: int = 3
) -> tuple[date, ...]:
    """Days without a post whose neighbours have many: on both sides, the median over `around` days is at
    least `many`."""
    if not counts:
        return ()
    first, missing = min(counts), []
    for offset in range((today - first).days):
        day = first + timedelta(days=offset)
        before = sorted(counts.get(day - timedelta(days=n), 0) for n in range(1, around + 1))
        after = sorted(counts.get(day + timedelta(days=n), 0) for n in range(1, around + 1))
        if not counts.get(day) and min(before[around // 2], after[around // 2]) >= many:
            missing.append(day)
    return tuple(missing)


def short_days(counts: Mapping[date, int], *, today: date) -> tuple[ShortDay, ...]:
    """Days with posts, and far fewer than the days around and the weekday let expect.

    Expected: the median of the days around (the smaller of both sides, so that a source that grows or fades
    has no short days), times what is usual for the weekday. Counts scatter more than chance alone would let
    them (threads are long and short): a quasi-Poisson variance φ·expected, φ from the median absolute
    deviation of the Pearson residuals, which a few bad days do not move (Maronna, Martin and Yohai, Robust
    Statistics, 2006, 2.3). Looked at are the last `SPAN` days.
    """
    first = max(min(counts, default=today), today - timedelta(days=SPAN))
    days = [first + timedelta(days=n) for n in range((today - first).days)]
    if len(days) < 2 * AROUND:
        return ()
    weekday = _weekdays(counts, days)
    expected = {day: _expected(counts, day, days, weekday) for day in days}
    judged = [day for day in days if expected[day] >= FEWEST]
    if len(judged) < AROUND:
        return ()
    residual = {day: (counts.get(day, 0) - expected[day]) / sqrt(expected[day]) for day in judged}
    middle = median(residual.values())
    spread = max(_MAD * median(abs(each - middle) for each in residual.values()), 1.0)
    return tuple(
        ShortDay(day=day, posts=counts[day], expected=expected[day])
        for day in judged
        if counts.get(day) and residual[day] < -FAR * spread and counts[day] < AT_MOST * expected[day]
    )


def _expected(counts: Mapping[date, int], day: date, days: list[date], weekday: Mapping[int, float]) -> float:
    """What is usual around the day, on such a weekday."""
    near = [other for other in days if 0 < abs((other - day).days) <= AROUND]
    even = {other: counts.get(other, 0) / weekday[other.weekday()] for other in near}
    sides = ([even[other] for other in near if other < day], [even[other] for other in near if other > day])
    usual = [median(side) for side in sides if len(side) >= 3]
    return min(usual) * weekday[day.weekday()] if usual else 0.0


def _weekdays(counts: Mapping[date, int], days: list[date]) -> dict[int, float]:
    """How much of a usual day each weekday has; 1 for all where there are too few weeks to tell."""
    found = {}
    for number in range(7):
        ratios = []
        for day in days:
            near = [counts.get(other, 0) for other in days if abs((other - day).days) <= AROUND]
            if day.weekday() == number and (usual := median(near)):
                ratios.append(counts.get(day, 0) / usual)
        found[number] = min(max(median(ratios), 0.2), 5.0) if len(ratios) >= WEEKS else 1.0
    return found
