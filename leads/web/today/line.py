"""Two weeks of days as a line: where its points stand in the picture, and what each day lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from leads.models import BEIJING
from leads.web.leads.search_form import LeadForm

DAYS = 14
WIDE, HIGH = 560, 150  # of the picture, in its own units
_SIDE, _TOP, _FOOT = 16, 22, 24  # kept free around the line, for what is written there


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPoint:
    """A day of the line; `x` and `y` in the picture's units."""

    day: date
    count: int
    url: str  # the leads of this day
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """The days, the last one today; `path` is what an SVG's polyline takes."""

    points: Sequence[DayPoint]
    width: int = WIDE
    height: int = HIGH

    @property
    def path(self) -> str:
        return " ".join(f"{each.x:g},{each.y:g}" for each in self.points)

    @property
    def area(self) -> str:
        """The same closed along the foot."""
        foot = HIGH - _FOOT
        return f"{self.points[0].x:g},{foot} {self.path} {self.points[-1].x:g},{foot}"

    @property
    def most(self) -> int:
        return max(each.count for each in self.points)

    @property
    def total(self) -> int:
        return sum(each.count for each in self.points)


def first_moment(now: datetime) -> datetime:
    """Where the first day begins, in Beijing."""
    return datetime.combine(now.astimezone(BEIJING).date() - timedelta(days=DAYS - 1), time(), BEIJING)


def line(counts: Mapping[str, int], near: LeadForm, now: datetime) -> DayLine:
    """`counts`: ISO day in Beijing → leads; `near` says near what, for the lists of the days."""
    today = now.astimezone(BEIJING).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    most = max(1, *(counts.get(day.isoformat(), 0) for day in days))
    step = (WIDE - 2 * _SIDE) / (DAYS - 1)
    room = HIGH - _TOP - _FOOT
    return DayLine(
        points=[
            DayPoint(
                day=day,
                count=(count := counts.get(day.isoformat(), 0)),
                url=_list(near, day),
                x=round(_SIDE + number * step, 1),
                y=round(_TOP + room * (1 - count / most), 1),
            )
            for number, day in enumerate(days)
        ]
    )


def _list(near: LeadForm, day: date) -> str:
    until = day + timedelta(days=1)
    form: LeadForm = near.model_copy(
        update={"status": [], "since": day.isoformat(), "until": until.isoformat()}
    )
    return form.url()
