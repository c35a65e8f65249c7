"""WGS-84, GCJ-02, BD-09."""

from __future__ import annotations

from math import cos, hypot, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.coordinates import (
    Point,
    System,
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_gcj02,
)

# Away from the edges of the shifted rectangle, where a shift can carry a point across.
mainland = st.builds(Point, lat=st.floats(18, 53), lon=st.floats(74, 134))


def metres(one: Point, two: Point) -> float:
    east = (one.lon - two.lon) * cos(radians(one.lat))
    return hypot(one.lat - two.lat, east) * 111_195


# WGS-84 and GCJ-02 of the same spots, as commonly used to check this transformation.
@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        (Point(31.1774276, 121.5272106), Point(31.17530398364597, 121.531541859215)),  # Shanghai
        (Point(22.543847, 113.912316), Point(22.540796131694766, 113.9171764808363)),  # Shenzhen
        (Point(39.911954, 116.377817), Point(39.91334545536069, 116.38404722455657)),  # Beijing
    ],
)
def test_known_spots(wgs: Point, gcj: Point) -> None:
    assert metres(wgs84_to_gcj02(wgs), gcj) < 0.1
    assert metres(gcj02_to_wgs84(gcj), wgs) < 0.1


@given(mainland)
def test_the_way_there_and_back(point: Point) -> None:
    assert metres(gcj02_to_wgs84(wgs84_to_gcj02(point)), point) < 0.01
    assert metres(bd09_to_gcj02(gcj02_to_bd09(point)), point) < 0.01


@given(mainland)
def test_the_shift_is_some_hundred_metres(point: Point) -> None:
    assert 10 < metres(wgs84_to_gcj02(point), point) < 1_500
    assert 400 < metres(gcj02_to_bd09(point), point) < 2_000


@pytest.mark.parametrize(
    "place", [Point(52.52, 13.405), Point(35.68, 139.69), Point(-33.87, 151.21), Point(0, 0)]
)
def test_abroad_nothing_is_shifted(place: Point) -> None:
    assert wgs84_to_gcj02(place) == gcj02_to_wgs84(place) == place


@given(mainland, st.sampled_from(["wgs84", "gcj02", "bd09"]))
def test_every_system_leads_to_wgs84(point: Point, system: System) -> None:
    written = {"wgs84": point, "gcj02": wgs84_to_gcj02(point), "bd09": gcj02_to_bd09(wgs84_to_gcj02(point))}[
        system
    ]
    assert metres(to_wgs84(written.lat, written.lon, system), point) < 0.02


@pytest.mark.parametrize(
    ("lat", "lon", "system"),
    [
        (91, 0, "wgs84"),
        (0, 181, "gcj02"),
        (float("nan"), 0, "bd09"),
        (float("inf"), 0, "wgs84"),
        (30, 104, "mars"),
    ],
)
def test_off_the_globe_or_map(lat: float, lon: float, system: System) -> None:
    with pytest.raises(ValueError, match=r"不在地球上|不认识的坐标系"):
        to_wgs84(lat, lon, system)
