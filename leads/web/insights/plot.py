"""Bars a day as SVG the server draws: few days merged, hatched where something was not read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leads.insights.topics.topics import DayBar

WIDTH, HEIGHT, LEFT, FOOT = 720, 160, 36, 20  # in units of the drawing
_GRID = 4  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBar:
    """A bar of the plot; `title` is what a person who points at it reads."""

    x: float
    y: float
    width: float
    height: float
    gap: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars with their grid: (y, its name), and the dates at both ends."""

    width: int
    height: int
    bars: tuple[DrawnBar, ...]
    grid: tuple[tuple[float, str], ...]
    first: str
    last: str


def plot(days: Sequence[DayBar]) -> Plot:
    """One bar a stretch of days, as wide as it is long and as high as a day of it has posts on average."""
    whole = sum(_length(each) for each in days) or 1
    most = max((each.count / _length(each) for each in days), default=0.0) or 1.0
    floor = HEIGHT - FOOT
    bars: list[DrawnBar] = []
    done = 0
    for each in days:
        size = _length(each)
        height = round(each.count / size / most * (floor - 10), 1)
        left = LEFT + done / whole * (WIDTH - LEFT)
        bars.append(
            DrawnBar(
                x=round(left + 1, 1),
                y=round(floor - height, 1),
                width=round(max(1.0, size / whole * (WIDTH - LEFT) - 2), 1),
                height=height,
                gap=each.gap,
                title=f"{stretch_name(each)}：{each.count} 条" + ("（来源中断）" if each.gap else ""),
            )
        )
        done += size
    grid = tuple(
        (round(floor - part / _GRID * (floor - 10), 1), _number(most * part / _GRID, of=most))
        for part in range(_GRID + 1)
    )
    return Plot(
        width=WIDTH,
        height=HEIGHT,
        bars=tuple(bars),
        grid=grid,
        first=f"{days[0].first:%m-%d}" if days else "",
        last=f"{days[-1].last:%m-%d}" if days else "",
    )


def _number(value: float, *, of: float) -> str:
    """Whole posts; parts of one where the highest bar stands for few, or lines would share a name."""
    return f"{value:.0f}" if value == 0 or of >= 2 * _GRID else f"{value:.2g}"


def stretch_name(each: DayBar) -> str:
    """ "11-20", or "11-18 到 11-20" where days were put together."""
    if each.first == each.last:
        return f"{each.first:%m-%d}"
    return f"{each.first:%m-%d} 到 {each.last:%m-%d}"


def _length(each: DayBar) -> int:
    return (each.last - each.first).days + 1
