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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Division:
    """The leaves, and how many leads are in none."""

    leaves: tuple[Leaf, ...]
    left_out: int = 0

    def members(self) -> dict[Square, Square]:
        """For each square that was given, the square of its leaf; those left out are not there."""
        return {member: leaf.square for leaf in self.leaves for member in leaf.members}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is drawn at one zoom."""

    square: Square
    count: int
    merged: bool


@dataclass(slots=True)
class _Node:
    own: int = 0  # leads given for this very square, not for one below it
    own_given: bool = False
    children: dict[Square, _Node] = field(default_factory=dict)
    total: int = 0


def divide(counts: Mapping[Square, int], *, least: int = LEAST) -> Division:
    """The division of these leads; squares may be of any zoom from `COARSEST` on, counts are positive."""
    roots: dict[Square, _Node] = {}
    for square, count in counts.items():
        _plant(roots, square, count)
    leaves: list[Leaf] = []
    for square in sorted(roots):
        leaves += _cut(square, roots[square], least)
    return Division(tuple(leaves), sum(counts.values()) - sum(leaf.count for leaf in leaves))


def show(base: Division, found: Mapping[Square, int], *, least: int = LEAST) -> Division:
    """The division of the leads found, made of whole leaves of `base`; what lies in none is left out."""
    leaf_of = base.members()
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
            count=sum(leaf.count for leaf in group),
            merged=any(leaf.merged for leaf in group),
        )
        for square, group in sorted(groups.items())
    ]


def _plant(roots: dict[Square, _Node], square: Square, count: int) -> None:
    top = square.at(COARSEST)
    node = roots.setdefault(top, _Node())
    node.total += count
    for zoom in range(top.zoom + 1, min(square.zoom, FINEST) + 1):
        node = node.children.setdefault(square.at(zoom), _Node())
        node.total += count
    node.own += count
    node.own_given = True


def _cut(square: Square, node: _Node, least: int) -> list[Leaf]:
    """The leaves of a square; none when it holds too few."""
    if node.total < least:
        return []
    big = [child for child, below in sorted(node.children.items()) if below.total >= least]
    if not big:
        return [Leaf(square, node.total, _given(square, node))]
    leaves: list[Leaf] = []
    for child in big:
        leaves += _cut(child, node.children[child], least)
    # Strays left out further down are counted as what they are: not drawn.
    small = [child for child in node.children if child not in big]
    rest = node.own + sum(node.children[child].total for child in small)
    members = [square] if node.own_given else []
    members += [each for child in sorted(small) for each in _given(child, node.children[child])]
    if rest >= least:
        return [*leaves, Leaf(square, rest, members, merged=True)]
    if rest and leaves and square.zoom >= FAR_ZOOM:
        nearest = min(leaves, key=lambda leaf: (leaf.count, leaf.square))
        nearest.count, nearest.merged = nearest.count + rest, True
        nearest.members += members
    return leaves


def _given(square: Square, node: _Node) -> list[Square]:
    """All squares that were given in or below this one."""
    below: Iterable[Square] = (
        each for child in sorted(node.children) for each in _given(child, node.children[child])
    )
    return [*([square] if node.own_given else []), *below]


def _latitude(down: float) -> float:
    """Latitude of a share of the map's height from the top: the inverse Mercator projection."""
    return degrees(atan(sinh(pi * (1 - 2 * down))))
