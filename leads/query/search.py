"""A search as a person writes it (command line, URL) → `LeadQuery`. Pure; one place for every complaint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from leads.errors import QueryError
from leads.labels import PRECISION_NAMES, SORT_NAMES
from leads.models import BEIJING, PRECISIONS, SORTS, Clinic, LeadQuery, Near
from leads.query.vocabulary import (
    area_code,
    assignee_login,
    intent_code,
    one_of,
    specialty_code,
    status_code,
    symptom_code,
)
from leads.query.words import parse
from leads.scoring.distance import parse_km, parse_point
from leads.scoring.fit import near as clinic_near
from nlp.places.gazetteer import Gazetteer

MAX_LIMIT = 1000
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
    if asked.radius.strip():
        parse_km(asked.radius)  # also without a place to measure from: a typing error is worth a word
    return LeadQuery(
        words=parse(asked.q),
        symptoms=tuple(dict.fromkeys(symptom_code(name) for name in asked.symptom)),
        specialties=tuple(dict.fromkeys(specialty_code(name) for name in asked.specialty)),
        intents=tuple(intent_code(name) for name in asked.intent),
        sources=asked.source,
        statuses=tuple(status_code(name) for name in asked.status),
        assignees=tuple(assignee_login(name) for name in asked.assignee),
        area=area_code(asked.area),
        near=_near(asked, clinics),
        precision=one_of(asked.precision, PRECISIONS, PRECISION_NAMES, "precision"),
        min_need=_share(asked.min_need),
        since=_moment(asked.since, now, "since"),
        until=_moment(asked.until, now, "until"),
        sort=one_of(asked.sort, SORTS, SORT_NAMES, "sort"),
        limit=_limit(asked.limit),
        cursor=asked.cursor,
    )


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
        return (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).astimezone(UTC)
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
