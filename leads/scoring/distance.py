"""Distance, and what "near a clinic" means. Pure.

A place is known with different precision, so a region carries a radius: the equivalent radius of its area.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Protocol

from leads.errors import QueryError
from leads.models import DownTo, Near, Precision

EARTH_KM = 6371.0088  # mean radius, IUGG
MAX_KM = 2000.0


class Place(Protocol):
    """What reach needs of a region: nlp.models.Region and the index rows have it."""

    @property
    def code(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def lat(self) -> float: ...
    @property
    def lon(self) -> float: ...
    @property
    def radius_km(self) -> float: ...


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance by the haversine formula (Sinnott 1984); degrees in, kilometres out."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi, half_lambda = (phi2 - phi1) / 2, math.radians(lon2 - lon1) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


def same_city(code: str, other: str) -> bool:
    """Both adcodes lie in one city.

    The four municipalities are one city each (110105 and 110228); counties directly under a province
    (429004, third and fourth digit 90) are each their own.
    """
    if code[:2] in ("11", "12", "31", "50"):
        return code[:2] == other[:2]
    if code[2:4] == "90":
        return code == other
    return code[:4] == other[:4] and code[2:4] != "00"


def reach(place: Place, near: Near, distance: float) -> Precision | None:
    """How surely a writer at `place` is within `near.km` of the point; None when not near it.

    sure      distance + radius ≤ km, or a point or district whose seat is within km
    likely    the district or city contains the point, or distance ≤ km + radius within the same city
    possible  only the province is known, and it is the point's
    """
    if distance + place.radius_km <= near.km:
        return "sure"
    if place.level in ("point", "district") and distance <= near.km:
        return "sure"
    if place.level == "province" and not _is_municipality(place.code):
        return "possible" if place.code[:2] == near.adcode[:2] else None
    if same_city(place.code, near.adcode):
        contains = place.level in ("city", "province") or (
            place.level == "district" and place.code == near.adcode
        )
        if contains or distance <= near.km + place.radius_km:
            return "likely"
    return None


def _is_municipality(code: str) -> bool:
    return code in ("110000", "120000", "310000", "500000")


# How much of its score a lead keeps by how surely it is near.
_KEPT: dict[Precision, float] = {"sure": 1.0, "likely": 0.7, "possible": 0.3}


def reach_factor(precision: Precision, radius_km: float) -> float:
    """0..1 by which need is multiplied: the precision's share, less the less is known of the place.

    A point keeps all of its share, a district of 10 km radius 91 %, a city of 60 km 63 %.
    """
    return _KEPT[precision] / (1.0 + radius_km / 100.0)


TAKEN: Mapping[DownTo, tuple[Precision, ...]] = {
    "sure": ("sure",),
    "likely": ("sure", "likely"),
    "maybe": ("likely",),
    "possible": ("sure", "likely", "possible"),
}


def precise_enough(precision: Precision, asked: DownTo) -> bool:
    """`asked` says how far down to go: "likely" takes sure and likely, "maybe" likely alone."""
    return precision in TAKEN[asked]


_DISTANCE = re.compile(r"(\d+(?:\.\d+)?)\s*(km|公里|千米|m|米)?", re.IGNORECASE)


def parse_km(text: str) -> float:
    """ "5km", "800m", "3公里", "5" → kilometres.

    Raises:
        QueryError: another unit, not a number, zero or less, or more than 2,000 km.
    """
    match = _DISTANCE.fullmatch(text.strip())
    if match is None:
        raise QueryError(f"半径 {text!r} 看不懂：请写成 5km、800m 或 3公里。")
    metres = (match[2] or "").lower() in ("m", "米")
    km = float(match[1]) / (1000 if metres else 1)
    if not 0 < km <= MAX_KM:
        raise QueryError(f"半径 {text!r} 不可用：请给大于 0、不超过 {MAX_KM:.0f} 公里的值。")
    return km


def parse_point(text: str) -> tuple[float, float]:
    """ "30.64,104.04" → (lat, lon), WGS-84 degrees, within China's bounding box.

    Raises:
        QueryError: not two numbers, or outside China (a swapped order is named).
    """
    parts = re.split(r"[,，\s]+", text.strip())
    try:
        lat, lon = (float(part) for part in parts)
    except ValueError:
        raise QueryError(f"坐标 {text!r} 看不懂：请写成 纬度,经度，例如 30.64,104.04。") from None
    if not in_china(lat, lon):
        hint = "（经纬度好像写反了）" if in_china(lon, lat) else ""
        raise QueryError(f"坐标 {text!r} 不在中国范围内{hint}：请写成 纬度,经度，例如 30.64,104.04。")
    return lat, lon


def in_china(lat: float, lon: float) -> bool:
    """Inside the bounding box of the gazetteer's territory."""
    return 3.0 <= lat <= 54.0 and 73.0 <= lon <= 136.0
