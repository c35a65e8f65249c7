"""What the map shows of a search: cells, outlines, and what is not drawn."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import log2, sqrt
from threading import Lock

from leads.errors import QueryError
from leads.index.base import LeadIndex, Tile
from leads.labels import ONLY_LEVEL_NAMES
from leads.models import Lead, LeadQuery, Near
from leads.web.map import geometry
from leads.web.map.cells import COARSEST, FINEST, Cell, Division, Square, cells, divide, show
from leads.web.map.geometry import Box

STOCK_LASTS = timedelta(minutes=10)
FOUND_LASTS = timedelta(seconds=30)
MOST_KEPT = 64  # searches
MOST_CELLS = 800
CITIES_FROM = 4.0  # degrees of longitude in view from which cities are named instead of districts
ZOOMS: Mapping[int, str] = {6: "省", 8: "城市", 11: "区县", 14: "街区"}
_KEY = re.compile(r"\d{1,2}-\d{1,6}-\d{1,6}", re.ASCII)
CHINA: Box = (73.0, 17.0, 136.0, 62.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFound:
    """What a search finds, as any zoom of its map needs it."""

    division: Division
    levels: Mapping[str, int]
    placed: int


class Stock:
    """The division of all leads, on which every map is built; made anew every ten minutes.

    What a search found is kept for half a minute: going nearer asks the same again, and all leads of a large
    stock take a third of a second.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: tuple[datetime, Division] | None = None
        self._kept: dict[LeadQuery, tuple[datetime, MapFound]] = {}

    def found(self, index: LeadIndex, query: LeadQuery, now: datetime) -> MapFound:
        """Raises QueryError, StorageError."""
        asked = replace(query, sort="newest", limit=1, cursor="")  # these mean nothing to a map
        kept = self._kept.get(asked)
        if kept is None or abs(now - kept[0]) > FOUND_LASTS:
            division = self.division(index, now)
            levels = index.facets(query, ("level",))["level"]
            counts = _counts(index.tiles(query, FINEST))
            kept = now, MapFound(division=show(division, counts), levels=levels, placed=sum(counts.values()))
            with self._lock:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[asked] = kept
        return kept[1]

    def division(self, index: LeadIndex, now: datetime) -> Division:
        """Raises StorageError."""
        with self._lock:
            if self._made is None or abs(now - self._made[0]) > STOCK_LASTS:
                self._made = now, divide(_counts(index.tiles(LeadQuery(), FINEST)))
            return self._made[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """A cell as it is drawn, in plot units."""

    x: float
    y: float
    r: float  # half the side of its square
    count: int
    name: str
    merged: bool
    key: str  # of its square: "zoom-x-y", as `open_cell` takes it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCell:
    """What a bubble stands for: all of its leads counted, the newest of them listed."""

    name: str
    count: int
    merged: bool
    leads: Sequence[Lead]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapView:
    """One map. `total` = drawn + `left_out` + `unplaced`."""

    zoom: int
    view: Box
    bubbles: tuple[Bubble, ...]
    seats: tuple[dict[str, object], ...]
    reach: dict[str, float] | None
    total: int
    left_out: int  # have a place, but too few others near it
    unplaced: int
    levels: Mapping[str, int]  # how well the places are known: label → leads


def map_view(index: LeadIndex, stock: Stock, query: LeadQuery, *, now: datetime, zoom: int | None) -> MapView:
    """The map of a search at this zoom, or at one that suits what is found.

    Raises:
        QueryError: the text is not a rule.
        StorageError: the index cannot be read.
    """
    found = stock.found(index, query, now)
    division, levels = found.division, found.levels
    view = _view(division, query.near)
    drawn = _cells(division, zoom if zoom is not None else _suiting(view))
    bubbles = _bubbles(drawn)
    total = sum(levels.values())
    used = max((cell.square.zoom for cell in drawn), default=zoom or FINEST)
    return MapView(
        zoom=zoom if zoom is not None else used,
        view=view,
        bubbles=bubbles,
        seats=tuple(
            geometry.seats(
                view,
                cities=view[2] - view[0] > CITIES_FROM,
                close_to=[(bubble.x, bubble.y) for bubble in bubbles],
            )
        ),
        reach=_reach(query.near),
        total=total,
        left_out=division.left_out,
        unplaced=max(0, total - found.placed),
        levels={ONLY_LEVEL_NAMES[key]: levels[key] for key in ONLY_LEVEL_NAMES if levels.get(key)},
    )


def open_cell(
    index: LeadIndex, stock: Stock, query: LeadQuery, *, now: datetime, zoom: int | None, key: str, limit: int
) -> OpenCell | None:
    """What lies in the cell that a map of this zoom draws at this square; None where it draws none there.

    Raises:
        QueryError: the key is none, or the text is not a rule.
        StorageError: the index cannot be read.
    """
    square = _square(key)
    division = stock.found(index, query, now).division
    grid = _grid(division, zoom if zoom is not None else _suiting(_view(division, query.near)))
    drawn = next((cell for cell in cells(division, grid) if cell.square == square), None)
    if drawn is None:
        return None
    inside = [leaf for leaf in division.leaves if leaf.square.at(grid) == square]
    # The leaves of what was found are made of leaves of the whole stock, and those of tiles.
    whole = {member for leaf in inside for member in leaf.members}
    leaf_of = stock.division(index, now).members
    tiles = [(tile.x, tile.y) for tile, leaf in leaf_of.items() if leaf in whole]
    return OpenCell(
        name=geometry.names_of([drawn])[0],
        count=drawn.count,
        merged=drawn.merged,
        leads=index.on_tiles(query, FINEST, tiles, limit),
    )


def _square(key: str) -> Square:
    if not _KEY.fullmatch(key):
        raise QueryError("这个地方的网址不完整：请在地图上重新点一下。")
    return Square(*map(int, key.split("-")))


def _counts(tiles: Sequence[Tile]) -> dict[Square, int]:
    return {Square(tile.zoom, tile.x, tile.y): tile.count for tile in tiles}


def _cells(division: Division, zoom: int) -> list[Cell]:
    return cells(division, _grid(division, zoom))


def _grid(division: Division, zoom: int) -> int:
    """This zoom, or the finest coarser one with few enough cells to look at."""
    zooms = range(COARSEST, max(COARSEST, min(zoom, FINEST)) + 1)
    # The number of cells grows with the zoom.
    few = bisect_right(zooms, MOST_CELLS, key=lambda each: _number_of_cells(division, each))
    return zooms[max(0, few - 1)]


def _number_of_cells(division: Division, zoom: int) -> int:
    return len({leaf.square.at(zoom) for leaf in division.leaves})


def _bubbles(drawn: Sequence[Cell]) -> tuple[Bubble, ...]:
    names = geometry.names_of(drawn)
    bubbles = []
    for cell, name in zip(drawn, names, strict=True):
        west, south, east, north = geometry.box_of(cell.square)
        bubbles.append(
            Bubble(
                x=round((west + east) / 2, 5),
                y=round((south + north) / 2, 5),
                r=round((east - west) / 2, 5),
                count=cell.count,
                name=name,
                merged=cell.merged,
                key="-".join(map(str, cell.square)),
            )
        )
    # The larger ones first, so that a smaller one is never hidden beneath.
    return tuple(sorted(bubbles, key=lambda bubble: -bubble.count))


def _reach(near: Near | None) -> dict[str, float] | None:
    if near is None:
        return None
    return {"x": near.lon, "y": geometry.up(near.lat), "r": geometry.size(near.km, near.lat)}


def _view(division: Division, near: Near | None) -> Box:
    """The reach and all that is drawn; the whole country when there is neither."""
    boxes = [geometry.box_of(leaf.square) for leaf in division.leaves]
    circle = _reach(near)
    if circle is not None:
        x, y, r = circle["x"], circle["y"], circle["r"]
        boxes.append((x - r, y - r, x + r, y + r))
    return geometry.around(boxes or [CHINA], least=0.03)


def _suiting(view: Box) -> int:
    """The zoom at which about twelve squares stand side by side."""
    return max(COARSEST, min(FINEST, round(log2(360 / (view[2] - view[0]) * 12))))


def radius(count: int, largest: int) -> float:
    """How large a bubble is drawn, 0..1: its area follows the count."""
    return sqrt(count / largest) if largest else 0.0
