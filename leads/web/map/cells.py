"""Leads on a map without singling anybody out: cells that hold at least `LEAST` of them. Pure.

The squares of the usual web map are a tree: every square of zoom z has four children at z + 1. A *division*
cuts the tree into leaves, each with at least `LEAST` leads:

- a square whose children hold enough is cut further; children that hold too few are taken together with each
  other ("the rest of the square"), or, where even that is too few, with their smallest neighbour;
- strays further than a neighbour's distance (squares above `FAR_ZOOM`) are not drawn, but counted;
- no square is cut below `FINEST`, about a kilometre.

What a map shows at any zoom are unions of leaves, so going nearer or further never leaves a remainder that is
smaller than a leaf. A map of a *filtered* search is made of the leaves of the division of the whole stock,
put together once more until each drawn cell holds at least `LEAST` of the leads found. So whatever filters
are put one after another, what the differences tell lies in a leaf that `LEAST` leads share.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import atan, degrees, pi, sinh
from typing import NamedTuple

LEAST = 5  # leads that share the smallest cell
COARSEST, FINEST = 4, 15  # zooms: a quarter of the country, about a kilometre
FAR_ZOOM = 9  # at 30° north such a square is 68 km wide: beyond it nobody is a neighbour


class Square(NamedTuple):
    """A square of the web map (Web Mercator, x eastward, y southward, 2**zoom a side)."""

    zoom: int
    x: int
    y: int

    def at(self, zoom: int) -> Square:
        """The square of this zoom that holds it; itself where it is no finer."""
        steps = self.zoom - zoom
        return self if steps <= 0 else Square(zoom, self.x >> steps, self.y >> steps)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in WGS-84 degrees."""
        side = 2**self.zoom
        return (
            self.x / side * 360 - 180,
            _latitude((self.y + 1) / side),
            (self.x + 1) / side * 360 - 180,
            _latitude(self.y / side),
        )

    @property
    def middle(self) -> tuple[float, float]:
        """Latitude and longitude of its centre."""
        side = 2**self.zoom
        return _latitude((self.y + 0.5) / side), (self.x + 0.5) / side * 360 - 180


@dataclass(slots=True)
class Leaf:
    """A cell that is not cut further: where it is drawn, and which of the given squares it holds."""

    square: Square
    count: int
    members: list[Square]
    merged: bool = False  # more than what lies in `square` alone, or all that is left of it


@dataclass(frozen=True)
class Division:
    """The leaves, and how many leads are in none."""

    leaves: tuple[Leaf, ...]
    left_out: int = 0

    @cached_property
    def members(self) -> Mapping[Square, Square]:
        """For each square that was given, the square of its leaf; those left out are not there."""
        return {member: leaf.square for leaf in self.leaves for member in leaf.members}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is drawn at one zoom."""

    square: Square
    core: Square  # of its largest leaf: where most of it is
    count: int
    merged: bool


def divide(counts: Mapping[Square, int], *, least: int = LEAST) -> Division:
    """The division of these leads; squares may be of any zoom from `COARSEST` on, counts are positive."""
    cutter = _Cutter(counts, least)
    leaves = cutter.all()
    return Division(tuple(leaves), sum(counts.values()) - sum(leaf.count for leaf in leaves))


def show(base: Division, found: Mapping[Square, int], *, least: int = LEAST) -> Division:
    """The division of the leads found, made of whole leaves of `base`; what lies in none is left out."""
    leaf_of = base.members
    counts: dict[Square, int] = {}
    for square, count in found.items():
        leaf = leaf_of.get(square)
        if leaf is not None:
            counts[leaf] = counts.get(leaf, 0) + count
    made = divide(counts, least=least)
    drawn = sum(leaf.count for leaf in made.leaves)
    return Division(made.leaves, sum(found.values()) - drawn)


def cells(division: Division, zoom: int) -> list[Cell]:
    """What a map of this zoom shows: leaves that share a square of that zoom are one cell."""
    groups: dict[Square, list[Leaf]] = {}
    for leaf in division.leaves:
        groups.setdefault(leaf.square.at(zoom), []).append(leaf)
    return [
        Cell(
            square=square,
            core=max(group, key=lambda leaf: leaf.count).square,
            count=sum(leaf.count for leaf in group),
            merged=any(leaf.merged for leaf in group),
        )
        for square, group in sorted(groups.items())
    ]


class _Cutter:
    """The tree as a sorted list: what lies in a square stands together, so a square is a stretch of it.

    A square's own entry (given for it, not for one below) comes before those below it.
    """

    def __init__(self, counts: Mapping[Square, int], least: int) -> None:
        order = sorted((_key(square), square.zoom, square) for square in counts)
        self._keys = [key for key, _, _ in order]
        self._squares = [square for _, _, square in order]
        self._before = [0, *accumulate(counts[square] for square in self._squares)]
        self._least = least

    def all(self) -> list[Leaf]:
        """The leaves of all squares of `COARSEST`."""
        leaves: list[Leaf] = []
        at = 0
        while at < len(self._squares):
            root = self._squares[at].at(COARSEST)
            end = bisect_left(self._keys, _key(root) + _span(COARSEST), at)
            leaves += self._cut(root, at, end)
            at = end
        return leaves

    def _cut(self, square: Square, start: int, end: int) -> list[Leaf]:
        """The leaves of a square, whose entries are start to end; none when it holds too few."""
        total = self._total(start, end)
        if total < self._least:
            return []
        below = start + (self._squares[start].zoom == square.zoom)
        big, small = self._children(square, below, end)
        if not big:
            return [Leaf(square, total, self._squares[start:end])]
        leaves: list[Leaf] = []
        for child, first, last in big:
            leaves += self._cut(child, first, last)
        # Strays left out further down are counted as what they are: not drawn.
        stretches = [(start, below), *((first, last) for _, first, last in small)]
        rest = sum(self._total(*stretch) for stretch in stretches)
        members = [each for first, last in stretches for each in self._squares[first:last]]
        if rest >= self._least:
            return [*leaves, Leaf(square, rest, members, merged=True)]
        if rest and square.zoom >= FAR_ZOOM:
            smallest = min(leaves, key=lambda leaf: (leaf.count, leaf.square))
            smallest.count, smallest.merged = smallest.count + rest, True
            smallest.members += members
        return leaves

    def _children(self, square: Square, start: int, end: int) -> tuple[list[_Stretch], list[_Stretch]]:
        """The children that hold anything: those that hold enough, and the others."""
        big: list[_Stretch] = []
        small: list[_Stretch] = []
        if start == end:
            return big, small
        key, span = _key(square), _span(square.zoom + 1)
        for quarter in range(4):
            last = bisect_left(self._keys, key + (quarter + 1) * span, start, end)
            if last > start:
                child = Square(square.zoom + 1, 2 * square.x + quarter % 2, 2 * square.y + quarter // 2)
                enough = self._total(start, last) >= self._least
                (big if enough else small).append((child, start, last))
            start = last
        return big, small

    def _total(self, start: int, end: int) -> int:
        return self._before[end] - self._before[start]


_Stretch = tuple[Square, int, int]  # a square, and where its entries begin and end


def _key(square: Square) -> int:
    """Where the square begins in the Z-order curve (Morton 1966) through the squares of `FINEST`."""
    return (_spread(square.x) | _spread(square.y) << 1) << 2 * (FINEST - square.zoom)


def _span(zoom: int) -> int:
    """How long a square of this zoom is on that curve."""
    return 1 << 2 * (FINEST - zoom)


def _spread(bits: int) -> int:
    """The low sixteen bits with a gap after each."""
    bits = (bits | bits << 8) & 0x00FF00FF
    bits = (bits | bits << 4) & 0x0F0F0F0F
    bits = (bits | bits << 2) & 0x33333333
    return (bits | bits << 1) & 0x55555555


def _latitude(down: float) -> float:
    """Latitude of a share of the map's height from the top: the inverse Mercator projection."""
    return degrees(atan(sinh(pi * (1 - 2 * down))))
