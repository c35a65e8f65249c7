"""What sites say about place and numbers → `PlaceHint` and int; for pages, APIs and held files alike."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crawler.items import PlaceHint
from crawler.parsing.coordinates import System, to_wgs84
from crawler.parsing.text import clean_text

_SAFE_INTEGER = 2**53
_COUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(千|万|亿|k|w)?\+?", re.IGNORECASE)
_SCALE = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_IP_LABEL = re.compile(r"^(?:发布于|来自|IP\s*属地|IP)\s*[:：]?\s*", re.IGNORECASE)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:]+", re.IGNORECASE)


def count(raw: object) -> int | None:
    """`1,234`, `"1.2万"`, `"100万+"` as a number; None for a label ("赞"), nothing, or nonsense."""
    if isinstance(raw, bool) or raw is None:
        return None
    text = str(raw).strip()
    if text.isdecimal() and len(text) < 16:  # by far the commonest
        return int(text)
    match = _COUNT.fullmatch(text)
    if match is None or len(match[1]) > 16:
        return None
    number = round(float(match[1].replace(",", "")) * _SCALE[(match[2] or "").lower()])
    return number if number < _SAFE_INTEGER else None


def ip_hint(text: str) -> PlaceHint | None:
    """IP属地 ("发布于 四川") as a hint; an actual network address is personal and is dropped."""
    if not text:
        return None
    place = _IP_LABEL.sub("", clean_text(text[:100]))
    if not place or place in ("未知", "其他") or _ADDRESS.fullmatch(place):
        return None
    return PlaceHint(kind="ip", text=place)


def checkin_hint(text: str) -> PlaceHint | None:
    place = clean_text(text[:200])
    return PlaceHint(kind="checkin", text=place) if place else None


def profile_hint(text: str) -> PlaceHint | None:
    place = clean_text(text[:100])
    return PlaceHint(kind="profile", text=place) if place and place != "其他" else None


def board_hint(text: str) -> PlaceHint | None:
    board = clean_text(text[:100])
    return PlaceHint(kind="board", text=board) if board else None


def geo_hint(geo: Mapping[str, object], system: System = "wgs84") -> PlaceHint | None:
    """Weibo's `geo` (latitude first, unlike GeoJSON) in `system` as a hint in WGS-84; None for no point, one
    off the globe, or 0,0."""
    pair = geo.get("coordinates")
    if not isinstance(pair, list) or len(pair) < 2:
        return None
    try:
        raw = float(pair[0]), float(pair[1])
        lat, lon = to_wgs84(*raw, system)
    except (TypeError, ValueError, OverflowError):
        return None
    if raw == (0.0, 0.0):
        return None
    detail = geo.get("detail")
    title = detail.get("title") if isinstance(detail, dict) else ""
    text = clean_text(title) if isinstance(title, str) else ""
    return PlaceHint(kind="geo", text=text, lat=round(lat, 6), lon=round(lon, 6))
