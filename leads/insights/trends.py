"""走势: what a city speaks of over time, as tables to be drawn. No figure under five is told.

A table's rows are stretches of days of one length, the shortest in which most of them can be told at all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from leads.index.base import LeadIndex
from leads.index.daily import Daily, Dimension
from leads.insights.few import LEAST, merged
from leads.models import BEIJING
from nlp.symptoms import lexicon

Back = Literal["month", "quarter", "year"]
BACK_DAYS: Mapping[Back, int] = {"month": 30, "quarter": 90, "year": 364}
GRAINS = (1, 7, 28)  # days a row
MOST_ROWS = 92  # bars that a phone can still show
COLUMNS = 6  # as many as colours can be told apart
WEEKS = 53  # rows of the calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRun:
    """Days that are counted together, both ends included."""

    first: date
    last: date

    @property
    def after(self) -> date:
        """The day after the last."""
        return self.last + timedelta(days=1)

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first:%m-%d}"
        return f"{self.first:%m-%d} 到 {self.last:%m-%d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTable:
    """Counts by stretch (rows, oldest first) and by code (columns, most first); None: under five.

    `rest`: what the other codes have, and those that are too few, row by row.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[DayRun, tuple[int | None, ...]], ...]
    rest: tuple[int | None, ...]

    @property
    def told(self) -> bool:
        """There is anything to draw."""
        return any(count for _, counts in self.rows for count in counts) or any(self.rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A row of the calendar: the Monday, and the leads of its seven days (None: under five, or not yet)."""

    monday: date
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """A city's tables; days are those of Beijing, `until` is the day after the last."""

    since: date
    until: date
    symptoms: TrendTable
    places: TrendTable
    calendar: tuple[Week, ...]


def find(
    index: LeadIndex, city: str, back: Back, *, now: datetime, specialties: Collection[str] = ()
) -> Trends:
    """The trends of a city (adcode; "" for everywhere), of these specialties where any are given.

    Raises:
        StorageError: the index cannot be read.
    """
    today = now.astimezone(BEIJING).date()
    until = today + timedelta(days=1)
    since = until - timedelta(days=BACK_DAYS[back])
    cities = (city,) if city else ()
    codes = tuple(
        code for code, concept in lexicon.load().concepts.items() if concept.specialty in specialties
    )

    def asked(*by: Dimension, first: date) -> Mapping[tuple[str, ...], int]:
        question = Daily(by=by, cities=cities, since=first, until=until, specialties=tuple(specialties))
        return index.daily(question)

    symptoms = index.daily(
        Daily(by=("day", "symptom"), cities=cities, since=since, until=until, symptoms=codes)
    )
    start = today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))
    return Trends(
        since=since,
        until=until,
        symptoms=table(symptoms, since, until),
        places=table(asked("day", "district" if city else "city", first=since), since, until),
        calendar=calendar(asked("day", first=start), start, today),
    )


def table(counts: Mapping[tuple[str, ...], int], since: date, until: date) -> TrendTable:
    """The table of counts by (ISO day, code); leads of no code are left out. Pure."""
    by_day: dict[date, Counter[str]] = defaultdict(Counter)
    whole: Counter[str] = Counter()
    for (day, code), count in counts.items():
        if code:
            by_day[date.fromisoformat(day)][code] += count
            whole[code] += count
    columns = tuple(sorted(whole, key=lambda code: (-whole[code], code))[:COLUMNS])
    rows, rest = [], []
    for stretch, sums in _stretches(by_day, since, until):
        told = merged(sums)
        rows.append((stretch, tuple(told.rows.get(code) for code in columns)))
        others = told.rest + sum(count for code, count in told.rows.items() if code not in columns)
        rest.append(others or None)
    return TrendTable(columns=columns, rows=tuple(rows), rest=tuple(rest))


def _stretches(
    by_day: Mapping[date, Counter[str]], since: date, until: date
) -> list[tuple[DayRun, Counter[str]]]:
    """Stretches of the shortest length with which at least half of those that are not empty have enough."""
    found: list[tuple[DayRun, Counter[str]]] = []
    fitting = [length for length in GRAINS if (until - since).days <= length * MOST_ROWS]
    for length in fitting or GRAINS[-1:]:
        found = _grouped(by_day, since, until, length)
        sizes = [sums.total() for _, sums in found if sums]
        if sum(size >= LEAST for size in sizes) * 2 >= len(sizes):
            break
    return found


def _grouped(
    by_day: Mapping[date, Counter[str]], since: date, until: date, length: int
) -> list[tuple[DayRun, Counter[str]]]:
    """Whole stretches that end with the last day; what is left over at the beginning joins the first."""
    days = (until - since).days
    starts = range(days % length, days, length) if days >= length else (0,)
    found = []
    for number, start in enumerate(starts):
        first = since if number == 0 else since + timedelta(days=start)
        last = min(since + timedelta(days=start + length), until) - timedelta(days=1)
        sums: Counter[str] = Counter()
        for day in range((last - first).days + 1):
            sums.update(by_day.get(first + timedelta(days=day), {}))
        found.append((DayRun(first=first, last=last), sums))
    return found


def calendar(counts: Mapping[tuple[str, ...], int], start: date, today: date) -> tuple[Week, ...]:
    """Weeks from the Monday `start` on. Pure."""
    by_day = {date.fromisoformat(day): count for (day,), count in counts.items()}

    def told(day: date) -> int | None:
        count = by_day.get(day, 0)
        return count if day <= today and (count == 0 or count >= LEAST) else None

    mondays: Sequence[date] = [
        start + timedelta(days=7 * week) for week in range(((today - start).days // 7) + 1)
    ]
    return tuple(
        Week(monday=monday, counts=tuple(told(monday + timedelta(days=day)) for day in range(7)))
        for monday in mondays
    )
