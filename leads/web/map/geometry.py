"""Where things stand on our maps. Pure.

Plot units are degrees of longitude; upward the Mercator projection of the latitude in the same unit, so that
a circle stays a circle and a square of the web map is a square.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from math import asinh, atan, cos, degrees, radians, sinh, tan

import numpy as np

from leads.web.map.cells import Cell, Square
from nlp.places.gazetteer import Division, Gazetteer

KM_A_DEGREE = 111.195  # of a great circle, by the mean radius of leads.scoring.distance
MOST_SEATS = 40
NAME_WIDTH, NAME_HEIGHT = 0.07, 0.04  # shares of the box that a name takes
CITY_ZOOM = 9  # up to here cells are called after cities, from there on after districts
Box = tuple[float, float, float, float]  # west, south, east, north in plot units


def up(lat: float) -> float:
    """The latitude in plot units."""
    return degrees(asinh(tan(radians(lat))))


def latitude(height: float) -> float:
    """The latitude of plot units."""
    return degrees(atan(sinh(radians(height))))


def size(km: float, lat: float) -> float:
    """A distance at this latitude in plot units."""
    return km / (KM_A_DEGREE * max(0.01, cos(radians(lat))))


def box_of(square: Square) -> Box:
    """The square in plot units."""
    side = 360 / 2**square.zoom
    west, north = square.x * side - 180, 180 - square.y * side
    return west, north - side, west + side, north


def around(boxes: Iterable[Box], *, least: float) -> Box:
    """A box that holds all boxes with some air, wider than tall, at least `least` wide."""
    west, south, east, north = zip(*boxes, strict=True)
    x, y = (min(west) + max(east)) / 2, (min(south) + max(north)) / 2
    half = max(max(east) - min(west), (max(north) - min(south)) * 1.5, least) * 0.54
    return x - half, y - half / 1.5, x + half, y + half / 1.5


def seats(
    view: Box, *, cities: bool, close_to: Sequence[tuple[float, float]] = ()
) -> list[dict[str, object]]:
    """Seats of districts (or cities) inside a box with their equivalent radius.

    Those next to one of the points (the middle of the box without any) come first; one whose name would
    cover another's is left out.
    """
    west, south, east, north = view
    points = np.array(close_to or [((west + east) / 2, (south + north) / 2)])
    inside = [
        (each.lon, up(each.lat), each)
        for each in (_cities() if cities else _districts())
        if west <= each.lon <= east and south <= up(each.lat) <= north
    ]
    inside.sort(key=lambda seat: float(np.min(np.hypot(points[:, 0] - seat[0], points[:, 1] - seat[1]))))
    wide, tall = (east - west) * NAME_WIDTH, (north - south) * NAME_HEIGHT
    chosen: list[tuple[float, float, Division]] = []
    for x, y, each in inside:
        if all(abs(x - seen[0]) > wide or abs(y - seen[1]) > tall for seen in chosen):
            chosen.append((x, y, each))
        if len(chosen) == MOST_SEATS:
            break
    return [_seat(each) for _, _, each in chosen]


def seats_around(lat: float, lon: float, km: float) -> list[dict[str, object]]:
    """Seats of districts within about `km` of a point."""
    half, y = size(km, lat), up(lat)
    return seats((lon - half, y - half, lon + half, y + half), cities=False)


def names_of(cells: Sequence[Cell]) -> list[str]:
    """What to call each cell: the district whose seat is nearest to most of it, at coarse zooms the city."""
    if not cells:
        return []
    middles = np.array([cell.core.middle for cell in cells])
    named = []
    for cities in (False, True):
        places = _cities() if cities else _districts()
        points = np.array([(each.lat, each.lon) for each in places])
        # Good enough to choose a name by: degrees on a plane, longitudes shortened by the latitude.
        short = np.cos(np.radians(middles[:, :1]))
        gaps = (middles[:, :1] - points[:, 0]) ** 2 + ((middles[:, 1:] - points[:, 1]) * short) ** 2
        named.append([places[at].name for at in np.argmin(gaps, axis=1)])
    districts, cities_ = named
    return [
        cities_[number] if cell.square.zoom <= CITY_ZOOM else districts[number]
        for number, cell in enumerate(cells)
    ]


def _seat(division: Division) -> dict[str, object]:
    return {
        "name": division.name,
        "x": round(division.lon, 5),
        "y": round(up(division.lat), 5),
        "r": round(size(division.radius_km, division.lat), 5),
    }


@cache
def _districts() -> tuple[Division, ...]:
    """The finest divisions of the official list with a seat of their own."""
    listed = [each for each in Gazetteer.load() if not each.zone]
    parents = {each.parent for each in listed}
    return tuple(each for each in listed if each.code not in parents and each.exact)


@cache
def _cities() -> tuple[Division, ...]:
    """Prefectures, and the municipalities, which are cities too."""
    gazetteer = Gazetteer.load()
    with_cities = {each.parent for each in gazetteer if each.level == "city"}
    return tuple(
        each
        for each in gazetteer
        if each.level == "city" or (each.level == "province" and each.code not in with_cities)
    )
