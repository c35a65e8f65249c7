"""A place as pasted from a map, numbers or a link → WGS-84 degrees, and how it was understood. Pure.

Amap and Baidu copy "longitude,latitude", others the other way round. Nowhere in China is a latitude also a
longitude (3 to 54 and 73 to 136 degrees), so the numbers themselves say which is which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from urllib.parse import unquote

from crawler.parsing.coordinates import System, to_wgs84
from leads.errors import InputError
from leads.scoring.distance import in_china

SYSTEM_NAMES: Mapping[System, str] = {
    "gcj02": "高德、腾讯（GCJ-02）",
    "bd09": "百度（BD-09）",
    "wgs84": "GPS、OpenStreetMap、天地图（WGS-84）",
}
LONGEST = 300
_NUMBER = re.compile(r"(?<![\d.])-?\d{1,3}(?:\.\d+)?(?![\d.])")
_LAT = re.compile(r"纬度|北纬|\blat(?:itude)?\b", re.IGNORECASE)
_LON = re.compile(r"经度|东经|\b(?:lng|lon|long|longitude)\b", re.IGNORECASE)
_EXAMPLE = "例如从高德复制的 104.0668,30.5728"
# In a link other numbers stand about, too (a zoom, an id): degrees have decimals.
_DEGREES = re.compile(r"(?<![\d.])\d{1,3}\.\d{2,}(?![\d.])")
_LINK = re.compile(r"https?://([^/\s?#]+)\S*", re.IGNORECASE)
_HOSTS: Mapping[str, System] = {
    "amap.com": "gcj02",
    "gaode.com": "gcj02",
    "qq.com": "gcj02",
    "google.cn": "gcj02",
    "baidu.com": "bd09",
    "openstreetmap.org": "wgs84",
    "tianditu.gov.cn": "wgs84",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """Where it is, and in which order the two numbers stood."""

    lat: float  # WGS-84 degrees
    lon: float
    longitude_first: bool
    system: System  # in which it was given: a map's own link says so itself


def read_place(text: str, system: str) -> Pasted:
    """The place of a pasted pair of numbers in the named coordinate system, or of a map's link with one.

    Raises:
        InputError: an unknown system, not two numbers, outside China, or words that name them the wrong way.
    """
    known = next((each for each in SYSTEM_NAMES if each == system), None)
    if known is None:
        raise InputError(f"坐标系 {system!r} 不认识：请选 {'、'.join(SYSTEM_NAMES.values())}。")
    plain = unicodedata.normalize("NFKC", text[: LONGEST + 1]).strip()
    link = _LINK.search(plain)
    if link:
        known = _system_of(link[1], known)
        plain = unquote(plain[link.start() :])
    numbers = [float(found) for found in _NUMBER.findall(plain)] if len(text) <= LONGEST else []
    if link and len(numbers) != 2:
        numbers = [float(found) for found in _DEGREES.findall(plain)][:2]
    if link and len(numbers) != 2:
        raise InputError(
            f"这个链接里没有坐标：请在地图上打开它，等网址变长后再复制，或粘贴两个数，{_EXAMPLE}。"
        )
    if len(numbers) != 2:
        raise InputError(f"坐标 {text[:40]!r} 看不懂：请粘贴两个数，{_EXAMPLE}。")
    first, second = numbers
    swapped = in_china(second, first)
    if not swapped and not in_china(first, second):
        raise InputError(f"坐标 {text[:40]!r} 不在中国范围内：请检查两个数，{_EXAMPLE}。")
    _labels_fit(plain, swapped)
    lat, lon = (second, first) if swapped else (first, second)
    point = to_wgs84(lat, lon, known)
    return Pasted(lat=round(point.lat, 6), lon=round(point.lon, 6), longitude_first=swapped, system=known)


def _system_of(host: str, chosen: System) -> System:
    """That of a known map, whatever was chosen in the form."""
    host = host.lower()
    return next((_HOSTS[name] for name in _HOSTS if host == name or host.endswith(f".{name}")), chosen)


def how_read(pasted: Pasted) -> str:
    """How the pair was understood, for the person who pasted it (zh-CN)."""
    order = "经度,纬度" if pasted.longitude_first else "纬度,经度"
    expected = pasted.system in ("gcj02", "bd09")
    note = "" if pasted.longitude_first == expected else "（和这种地图通常的顺序相反，已自动对调）"
    return f"按“{order}”读{note}，换成 WGS-84 是 {pasted.lat:.6f},{pasted.lon:.6f}（纬度,经度）"


def valid_point(lat: float, lon: float) -> bool:
    """Two finite numbers in China."""
    return isfinite(lat) and isfinite(lon) and in_china(lat, lon)


def _labels_fit(text: str, longitude_first: bool) -> None:
    """Words that say which number is which must agree with the numbers."""
    lat, lon = _LAT.search(text), _LON.search(text)
    if lat and lon and (lon.start() < lat.start()) != longitude_first:
        raise InputError(
            f"坐标 {text[:40]!r} 的经纬度写反了：中国的经度在 73 到 136 之间，纬度在 3 到 54 之间，请对调。"
        )
