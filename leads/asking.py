"""A search as a person writes it (command line, URL) → `LeadQuery`. Pure; one place for every complaint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from leads.errors import QueryError
from leads.geo import parse_km, parse_point
from leads.match import near as clinic_near
from leads.models import PRECISIONS, SORTS, Clinic, LeadQuery, Near
from leads.rules import parse
from nlp import lexicon
from nlp.gazetteer import Gazetteer
from nlp.models import INTENTS
from nlp.text import normalise

MAX_LIMIT = 1000
INTENT_NAMES = {
    "seeker": "求诊",
    "experience": "经历",
    "advert": "广告",
    "news_science": "新闻科普",
    "figurative": "比喻",
    "other": "其他",
}
PRECISION_NAMES = {"sure": "确定", "likely": "可能", "possible": "仅同省"}
# The funnel of a clinic's work on a lead, in its order; a lead not worth it is dismissed at any point.
STATUS_NAMES = {
    "new": "新线索",
    "seen": "已看",
    "replied": "已回复",
    "talking": "沟通中",
    "booked": "已预约",
    "visited": "已到诊",
    "shared": "已分享",
    "dismissed": "已排除",
}
STATUSES = tuple(STATUS_NAMES)
NOBODY = "未分配"  # may stand for the empty assignee
SORT_NAMES = {"score": "综合", "newest": "最新", "nearest": "最近"}
L = TypeVar("L", bound=str)
_BEIJING = ZoneInfo("Asia/Shanghai")
_AGE = re.compile(r"(\d{1,4})\s*(h|d|w|小时|天|周)")
_AGE_UNITS = {"h": "hours", "小时": "hours", "d": "days", "天": "days", "w": "weeks", "周": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The fields of a search form, as text. Names are those of the URL and the command line."""

    q: str = ""
    near: str = ""
    radius: str = ""
    area: str = ""
    symptom: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    intent: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    assignee: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    precision: str = "likely"
    min_need: str = ""
    sort: str = "score"
    limit: str = "20"
    cursor: str = ""


def to_query(asked: Asked, *, clinics: Sequence[Clinic], now: datetime) -> LeadQuery:
    """The query that was meant.

    Raises:
        QueryError: names the field that cannot be understood and what to write instead.
    """
    parse(asked.q)
    if asked.radius.strip():
        parse_km(asked.radius)  # also without a place to measure from: a typing error is worth a word
    return LeadQuery(
        text=asked.q,
        symptoms=tuple(dict.fromkeys(_symptom(name) for name in asked.symptom)),
        specialties=tuple(dict.fromkeys(_specialty(name) for name in asked.specialty)),
        intents=tuple(_one_of(name, INTENTS, INTENT_NAMES, "intent") for name in asked.intent),
        sources=asked.source,
        statuses=tuple(_one_of(name, STATUSES, STATUS_NAMES, "status") for name in asked.status),
        assignees=tuple("" if name.strip() == NOBODY else name.strip() for name in asked.assignee),
        area=_area(asked.area),
        near=_near(asked, clinics),
        precision=_one_of(asked.precision, PRECISIONS, PRECISION_NAMES, "precision"),
        min_need=_share(asked.min_need),
        since=_moment(asked.since, now, "since"),
        until=_moment(asked.until, now, "until"),
        sort=_one_of(asked.sort, SORTS, SORT_NAMES, "sort"),
        limit=_limit(asked.limit),
        cursor=asked.cursor,
    )


def _one_of(value: str, allowed: Sequence[L], names: dict[str, str], field: str) -> L:
    for item in allowed:
        if value in (item, names[item]):
            return item
    raise QueryError(f"{field} {value!r} 不认识：可用 {'、'.join(allowed)}。")


def _symptom(name: str) -> str:
    """The code of a symptom given by code, by name, or by any word the lexicon has for it."""
    words = lexicon.load()
    plain = words.merged.get(name, normalise(name).strip())
    if plain in words.concepts:
        return plain
    named = (code for code, concept in words.concepts.items() if concept.name == name.strip())
    said = (code for entry in words.entries if entry.word == plain for code in entry.codes)
    code = next(named, None) or next(said, None)
    if code is None:
        raise QueryError(f"symptom {name!r} 不认识：请用症状名（如 牙痛）或代码（如 toothache）。")
    return code


def _specialty(name: str) -> str:
    specialties = lexicon.load().specialties
    for code, label in specialties.items():
        if name in (code, label, label.removesuffix("科")):
            return code
    raise QueryError(f"specialty {name!r} 不认识：可用 {'、'.join(specialties)}。")


def _area(name: str) -> str:
    if not name.strip():
        return ""
    division = Gazetteer.load().resolve(name.strip())
    if division is None:
        raise QueryError(f"area {name!r} 找不到：请写成 成都武侯、四川 或 6 位区划代码。")
    return division.code


def _near(asked: Asked, clinics: Sequence[Clinic]) -> Near | None:
    if not asked.near.strip():
        return None
    clinic = next((clinic for clinic in clinics if clinic.id == asked.near.strip()), None)
    if clinic is not None:
        base = clinic_near(clinic)
        km = parse_km(asked.radius) if asked.radius.strip() else base.km
        return Near(lat=base.lat, lon=base.lon, km=km, adcode=base.adcode)
    lat, lon = parse_point(asked.near)
    division = Gazetteer.load().nearest(lat, lon)
    if division is None:
        raise QueryError(f"near {asked.near!r} 附近没有行政区：请检查坐标（WGS-84 的 纬度,经度）。")
    return Near(lat=lat, lon=lon, km=parse_km(asked.radius or "5km"), adcode=division.code)


def _moment(text: str, now: datetime, field: str) -> datetime | None:
    text = text.strip().upper()
    if not text:
        return None
    match = _AGE.fullmatch(text.lower())
    if match:
        return now - timedelta(**{_AGE_UNITS[match[2]]: int(match[1])})
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=_BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        # Overflow: the first and last hours of the calendar have no other time zone.
        raise QueryError(f"{field} {text!r} 看不懂：请写成 7d、12h 或 2026-11-01。") from None


def _share(text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise QueryError(f"min_need {text!r} 不可用：请给 0 到 1 之间的数。")
    return value


def _limit(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise QueryError(f"limit {text!r} 不可用：请给 1 到 {MAX_LIMIT} 之间的整数。")
    return int(text)
