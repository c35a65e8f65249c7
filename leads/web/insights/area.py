"""Areas over time as SVG the server draws, one above the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leads.web.insights.plot import HEIGHT, LEFT, WIDTH

FOOT = 20  # below the axis, for the dates, in units of the drawing
_TOP = 10
_GRID = 4  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One area: its name, its outline as the path of an SVG, and which of the colours it has."""

    name: str
    path: str
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPlot:
    """Areas with their grid: (y, its name), and what stands at both ends of the axis."""

    width: int
    height: int
    left: int
    bands: tuple[Band, ...]
    grid: tuple[tuple[float, str], ...]
    first: str
    last: str


def areas(
    names: Sequence[str], rows: Sequence[Sequence[float]], *, first: str, last: str, share: bool = False
) -> AreaPlot:
    """One area a name, each value a step; with `share` each step is divided among them, and empty where all
    are 0."""
    steps = len(rows[0]) if rows else 0
    sums = [sum(row[at] for row in rows) for at in range(steps)]
    if share:
        rows = [[value / (whole or 1) for value, whole in zip(row, sums, strict=True)] for row in rows]
    most = 1.0 if share else max(sums, default=0.0) or 1.0
    floor = HEIGHT - FOOT
    scale = (floor - _TOP) / most
    below = [0.0] * steps
    bands = []
    for tone, (name, row) in enumerate(zip(names, rows, strict=True)):
        above = [low + value for low, value in zip(below, row, strict=True)]
        bands.append(Band(name=name, path=_path(below, above, floor, scale), tone=tone))
        below = above
    grid = tuple(
        (round(floor - part / _GRID * (floor - _TOP), 1), _grid_name(most * part / _GRID, share))
        for part in range(_GRID + 1)
    )
    return AreaPlot(
        width=WIDTH, height=HEIGHT, left=LEFT, bands=tuple(bands), grid=grid, first=first, last=last
    )


def _path(below: Sequence[float], above: Sequence[float], floor: float, scale: float) -> str:
    """Forth along the upper edge and back along the lower; each step is as wide as it lasts."""
    width = (WIDTH - LEFT) / max(1, len(above))
    forth = [
        (LEFT + (at + side) * width, floor - value * scale)
        for at, value in enumerate(above)
        for side in (0, 1)
    ]
    back = [
        (LEFT + (at + side) * width, floor - below[at] * scale)
        for at in reversed(range(len(below)))
        for side in (1, 0)
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in [*forth, *back]) + "Z" if above else ""


def _grid_name(value: float, share: bool) -> str:
    return f"{value:.0%}" if share else f"{value:.0f}"
