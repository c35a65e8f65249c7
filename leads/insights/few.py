"""Figures that single nobody out: none under `LEAST`, and none by taking one answer from another. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

LEAST = 5  # as on the map: leads that share the smallest figure

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A count as it may be told: none at all, or at least `LEAST`; `more`: up to four further ones."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        if not self.count:
            return f"不足 {LEAST}" if self.more else "0"
        return f"{self.count} 多" if self.more else str(self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Generic[T]):
    """The rows of a table that may be told, and what all others have together (0 where it may not)."""

    rows: Mapping[T, int]
    rest: int


def nested(counts: Sequence[int], *, least: int = LEAST) -> tuple[Figure, ...]:
    """Counts of stretches that hold each other, the shortest first, so that differences tell nothing.

    What a longer stretch has beyond a shorter one is told where it is enough, and otherwise left out with
    `more` set: any two figures differ by nothing or by `least` at least.
    """
    told: list[Figure] = []
    shown = 0
    for count in counts:
        beyond = count - shown
        if beyond >= least:
            shown = count
        told.append(Figure(count=shown, more=shown < count))
    return tuple(told)


def merged(counts: Mapping[T, int], *, least: int = LEAST) -> Merged[T]:
    """A table whose rows, taken from its sum, tell nothing either.

    Rows under `least` are put together; where even these are too few, the smallest row told joins them.
    """
    ordered = sorted((item for item in counts.items() if item[1] > 0), key=lambda item: -item[1])
    told = [item for item in ordered if item[1] >= least]
    rest = sum(count for _, count in ordered[len(told) :])
    while 0 < rest < least and told:
        rest += told.pop()[1]
    return Merged(rows=dict(told), rest=rest if rest >= least else 0)


def blocks(counts: Sequence[int], *, least: int = LEAST) -> tuple[tuple[int, int, int], ...]:
    """Days put together until each stretch has enough: (first, after the last, count), in order.

    What is left at the end joins the last stretch; no stretch at all where there are too few.
    """
    found: list[tuple[int, int, int]] = []
    start = total = 0
    for at, count in enumerate(counts, 1):
        total += count
        if total >= least:
            found.append((start, at, total))
            start, total = at, 0
    if found and start < len(counts):
        first, _, count = found.pop()
        found.append((first, len(counts), count + total))
    return tuple(found)
