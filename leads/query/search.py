"""A search as a person writes it (command line, URL) → `LeadQuery`. Pure; one place for every complaint."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from leads.errors import QueryError
from leads.labels import (
    DOWN_TO_NAMES,
    INTENT_NAMES,
    LEAD_STATUS_NAMES,
    NOBODY,
    NOWHERE,
    SORT_NAMES,
)
from leads.models import (
    BEIJING,
    DOWN_TO,
    SORTS,
    All,
    AnyOf,
    Clinic,
    DownTo,
    LeadQuery,
    Near,
    Rule,
    Tagged,
    Without,
)
from leads.query.fields import BY_NAME, FIELDS, FieldKind, SearchField
from leads.query.vocabulary import (
    area_code,
    area_name,
    assignee_login,
    intent_code,
    one_of,
    specialty_code,
    status_code,
    symptom_code,
    symptom_name,
)
from leads.query.words import parse
from leads.scoring.distance import parse_km, parse_point
from leads.scoring.fit import near as clinic_near
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

MAX_LIMIT = 1000
_AGE = re.compile(r"(\d{1,4})\s*(h|d|w|小时|天|周)")
_AGE_UNITS = {"h": "hours", "小时": "hours", "d": "days", "天": "days", "w": "weeks", "周": "weeks"}


Asked = Mapping[str, str | Sequence[str]]  # field → what was written; of `many`, a sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the meaning of a field may hang on."""

    written: Mapping[str, tuple[str, ...]]
    clinics: Sequence[Clinic]
    now: datetime


def to_query(asked: Asked, *, clinics: Sequence[Clinic], now: datetime) -> LeadQuery:
    """The query that was meant; fields left out are as the table says.

    Raises:
        QueryError: names the field that cannot be understood and what to write instead.
    """
    assert asked.keys() <= BY_NAME.keys(), asked.keys()  # noqa: S101 - written in code, not by people
    written = {
        field.name: _texts(asked.get(field.name, () if field.many else field.default)) for field in FIELDS
    }
    asking = Asking(written=written, clinics=clinics, now=now)
    read = {field.fills: _value(field, asking) for field in FIELDS}
    read.pop("")
    if read["area"] == NOWHERE:
        parts = (read["words"], nowhere()) if read["words"] is not None else (nowhere(),)
        read |= {"area": "", "words": All(parts) if len(parts) > 1 else parts[0]}
    return LeadQuery(**read)


def of_clinic(clinic: Clinic) -> LeadQuery:
    """What a clinic's list opens with and its reports count: near it, of what it treats."""
    return LeadQuery(near=clinic_near(clinic), specialties=clinic.specialties, precision="sure")


def maybe_near(query: LeadQuery) -> LeadQuery:
    """The group that stands apart from a list: what reaches into the circle by its uncertainty alone."""
    return replace(query, precision="maybe")


def spelled(clinic: Clinic) -> tuple[tuple[str, str], ...]:
    """The same as the fields of an address."""
    return (("near", clinic.id), *(("specialty", code) for code in clinic.specialties))


@cache
def nowhere() -> Rule:
    """Leads of which no place is known: of no province."""
    provinces = (each.code for each in Gazetteer.load() if each.level == "province")
    return Without(AnyOf(tuple(Tagged("area", code) for code in provinces)))


def _texts(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _value(field: SearchField, asking: Asking) -> Any:  # what the attribute of `LeadQuery` holds
    reader = READERS[field.kind]
    values = dict.fromkeys(reader(text, field, asking) for text in asking.written[field.name])
    return tuple(values) if field.many else next(iter(values))


def _near(text: str, field: SearchField, asking: Asking) -> Near | None:
    place, (radius,) = text.strip(), asking.written["radius"]
    if not place or place == "all":
        return None
    clinic = next((clinic for clinic in asking.clinics if clinic.id == place), None)
    if clinic is not None:
        base = clinic_near(clinic)
        km = parse_km(radius) if radius.strip() else base.km
        return Near(lat=base.lat, lon=base.lon, km=km, adcode=base.adcode)
    lat, lon = parse_point(text)
    division = Gazetteer.load().nearest(lat, lon)
    if division is None:
        raise QueryError(f"near {text!r} 附近没有行政区：请检查坐标（WGS-84 的 纬度,经度）。")
    return Near(lat=lat, lon=lon, km=parse_km(radius or "5km"), adcode=division.code)


def _km(text: str, field: SearchField, asking: Asking) -> float | None:
    """Also without a place to measure from: a typing error is worth a word."""
    return parse_km(text) if text.strip() else None


def _moment(text: str, field: SearchField, asking: Asking) -> datetime | None:
    text = text.strip().upper()
    if not text:
        return None
    match = _AGE.fullmatch(text.lower())
    if match:
        return asking.now - timedelta(**{_AGE_UNITS[match[2]]: int(match[1])})
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, OverflowError):
        # Overflow: the first and last hours of the calendar have no other time zone.
        raise QueryError(f"{field.name} {text!r} 看不懂：请写成 7d、12h 或 2026-11-01。") from None


def _share(text: str, field: SearchField, asking: Asking) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise QueryError(f"{field.name} {text!r} 不可用：请给 0 到 1 之间的数。")
    return value


def _limit(text: str, field: SearchField, asking: Asking) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise QueryError(f"{field.name} {text!r} 不可用：请给 1 到 {MAX_LIMIT} 之间的整数。")
    return int(text)


# As the lists called them once: addresses and rules that were kept say so.
_FORMER: Mapping[str, DownTo] = {"确定": "sure", "可能": "likely", "仅同省": "possible"}
_DOWN_TO_NAMES: Mapping[str, str] = {str(code): name for code, name in DOWN_TO_NAMES.items()}


def _down_to(text: str, name: str) -> DownTo:
    return _FORMER.get(text.strip()) or one_of(text, DOWN_TO, _DOWN_TO_NAMES, name)


_NEVER = datetime(1, 1, 1, tzinfo=UTC)  # where no code depends on the time
Reader = Callable[[str, SearchField, Asking], Hashable]


def _plain(read: Callable[[str], Hashable]) -> Reader:
    return lambda text, field, asking: read(text)


# How a text of this kind is read; each raises QueryError.
READERS: Mapping[FieldKind, Reader] = {
    "words": _plain(parse),
    "place": _near,
    "km": _km,
    "area": _plain(lambda text: NOWHERE if text.strip() == NOWHERE else area_code(text)),
    "moment": _moment,
    "precision": lambda text, field, asking: _down_to(text, field.name),
    "share": _share,
    "sort": lambda text, field, asking: one_of(text, SORTS, SORT_NAMES, field.name),
    "limit": _limit,
    "text": _plain(str),
    "symptom": _plain(symptom_code),
    "specialty": _plain(specialty_code),
    "intent": _plain(intent_code),
    "status": _plain(status_code),
    "assignee": _plain(assignee_login),
}
# What a code of this kind is called; another kind's values are called what was written.
_CALLED: Mapping[FieldKind, Callable[[str], str]] = {
    "area": area_name,
    "precision": lambda code: _DOWN_TO_NAMES.get(code, code),
    "symptom": symptom_name,
    "specialty": lambda code: lexicon.load().specialties.get(code, code),
    "intent": lambda code: INTENT_NAMES.get(code, code),
    "status": lambda code: LEAD_STATUS_NAMES.get(code, code),
    "assignee": lambda login: login or NOBODY,
}


def choices(field: SearchField) -> Mapping[str, str]:
    """The codes of a field that has few, each with what it is called (zh-CN); nothing for other fields. What
    a field means where nothing is chosen stands under ""."""
    codes = {
        "precision": _DOWN_TO_NAMES,
        "specialty": lexicon.load().specialties,
        "intent": INTENT_NAMES,
        "status": LEAD_STATUS_NAMES,
    }.get(field.kind, {})
    return {"" if code == field.default else code: name for code, name in codes.items()}


def called(field: SearchField, code: str) -> str:
    """What a value of the field is called (zh-CN), given as its code; what is no code is called itself."""
    return _CALLED.get(field.kind, str)(code)


def code_of(field: SearchField, text: str) -> str:
    """The code behind a value as written, of a field that has codes.

    Raises:
        QueryError: there is none.
    """
    return str(READERS[field.kind](text, field, Asking(written={}, clinics=(), now=_NEVER)))
