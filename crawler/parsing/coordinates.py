"""WGS-84, GCJ-02 and BD-09: the three systems Chinese maps speak, converted at the border.

Inside tingzhen everything is WGS-84 degrees. GCJ-02 (Amap, Tencent, Weibo check-ins) is shifted by up to
about 700 m within mainland China, BD-09 (Baidu) is GCJ-02 shifted once more. Formulas: the publicly known
GCJ-02 series on the Krasovsky 1940 ellipsoid, and Baidu's published offset; the ways back are found
by iteration, to under a centimetre.
"""

from __future__ import annotations

from collections.abc import Callable
from math import atan2, cos, hypot, pi, sin, sqrt
from typing import Literal, NamedTuple

System = Literal["wgs84", "gcj02", "bd09"]

_AXIS = 6378245.0  # semi-major axis of Krasovsky 1940, metres
_ECCENTRICITY = 0.00669342162296594323  # its first eccentricity, squared
_BAIDU = pi * 3000.0 / 180.0


class Point(NamedTuple):
    """Degrees, latitude first."""

    lat: float
    lon: float


def to_wgs84(lat: float, lon: float, system: System) -> Point:
    """`lat`, `lon` in `system` as WGS-84.

    Raises:
        ValueError: an unknown system, or a place that is not on the globe.
    """
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError(f"纬度 {lat}、经度 {lon} 不在地球上")
    point = Point(lat, lon)
    if system == "wgs84":
        return point
    if system == "gcj02":
        return gcj02_to_wgs84(point)
    if system == "bd09":
        return gcj02_to_wgs84(bd09_to_gcj02(point))
    raise ValueError(f"不认识的坐标系 {system!r}，可用 wgs84、gcj02、bd09")


def wgs84_to_gcj02(point: Point) -> Point:
    """Shifted inside the rectangle the shift applies to, as it is elsewhere."""
    if not _shifted(point):
        return point
    x, y = point.lon - 105.0, point.lat - 35.0
    radians = point.lat / 180.0 * pi
    curve = 1 - _ECCENTRICITY * sin(radians) ** 2
    north = _north(x, y) * 180.0 / (_AXIS * (1 - _ECCENTRICITY) / (curve * sqrt(curve)) * pi)
    east = _east(x, y) * 180.0 / (_AXIS / sqrt(curve) * cos(radians) * pi)
    return Point(point.lat + north, point.lon + east)


def gcj02_to_wgs84(point: Point) -> Point:
    return _undo(wgs84_to_gcj02, point) if _shifted(point) else point


def gcj02_to_bd09(point: Point) -> Point:
    radius = hypot(point.lon, point.lat) + 0.00002 * sin(point.lat * _BAIDU)
    angle = atan2(point.lat, point.lon) + 0.000003 * cos(point.lon * _BAIDU)
    return Point(radius * sin(angle) + 0.006, radius * cos(angle) + 0.0065)


def bd09_to_gcj02(point: Point) -> Point:
    return _undo(gcj02_to_bd09, point)


def _undo(forward: Callable[[Point], Point], target: Point) -> Point:
    """The point that `forward` moves to `target`: fixed-point iteration, three or four rounds suffice."""
    guess = target
    for _ in range(12):
        moved = forward(guess)
        north, east = target.lat - moved.lat, target.lon - moved.lon
        guess = Point(guess.lat + north, guess.lon + east)
        if abs(north) < 1e-10 and abs(east) < 1e-10:
            break
    return guess


def _shifted(point: Point) -> bool:
    """The rectangle in which Chinese maps shift; it covers neighbours too, as the maps themselves do."""
    return 72.004 <= point.lon <= 137.8347 and 0.8293 <= point.lat <= 55.8271


def _waves(value: float, first: float, second: float, third: float) -> float:
    """The three sine terms both series share, in metres; amplitudes with their wavelengths."""
    return (first * sin(value * pi) + second * sin(value / 3.0 * pi) + third) * 2.0 / 3.0


def _ripple(x: float) -> float:
    return (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0


def _north(x: float, y: float) -> float:
    metres = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    long = 160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)
    return metres + _ripple(x) + _waves(y, 20.0, 40.0, long)


def _east(x: float, y: float) -> float:
    metres = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    long = 150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)
    return metres + _ripple(x) + _waves(x, 20.0, 40.0, long)
