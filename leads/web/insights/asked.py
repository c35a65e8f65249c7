"""What the pages of insights are asked for: a city the visitor may ask about, and a span; what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from urllib.parse import urlencode

from leads.errors import QueryError
from leads.index.base import LeadIndex
from leads.index.spread import city_of
from leads.insights.topics.topics import SPAN_DAYS, Span, cities_of
from leads.models import BEIJING, Clinic, Clock
from leads.query.vocabulary import area_code
from leads.web.auth import Visitor
from nlp.places.gazetteer import Gazetteer

MOST_CITIES = 12
EXCERPT = 60  # characters
SPAN_NAMES: Mapping[Span, str] = {"today": "今日", "week": "近 7 天", "month": "近 30 天"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The city a page is about, and those it offers; adcode → name."""

    city: str  # "" where there is none yet
    name: str
    choices: Mapping[str, str]


def span_of(text: str) -> Span:
    """The span of that name.

    Raises:
        QueryError: there is none.
    """
    for span in SPAN_DAYS:
        if text in (span, SPAN_NAMES[span]):
            return span
    raise QueryError(f"span {text!r} 不认识：可用 {'、'.join(SPAN_DAYS)}。")


def place_of(index: LeadIndex, visitor: Visitor, city: str, *, clock: Clock) -> Place:
    """The city asked for, or the first clinic's, or the one with most leads.

    Raises:
        QueryError: no city of that name, or one that a doctor's clinics are not in.
        StorageError: the index cannot be read.
    """
    own = list(dict.fromkeys(filter(None, (city_of(clinic.adcode) for clinic in visitor.clinics))))
    others = [] if visitor.restricted else list(cities_of(index, now=clock()))
    codes = list(dict.fromkeys([*own, *others]))
    chosen = city_of(area_code(city)) if city.strip() else (codes[0] if codes else "")
    if city.strip() and (not chosen or (visitor.restricted and chosen not in own)):
        raise QueryError(f"city {city!r} 不可用：请写一个城市，医生只能看自己诊所所在的城市。")
    shown = list(dict.fromkeys([*([chosen] if chosen else []), *codes]))[:MOST_CITIES]
    return Place(city=chosen, name=city_name(chosen), choices={code: city_name(code) for code in shown})


def city_name(code: str) -> str:
    """As people call it; "" for ""."""
    division = Gazetteer.load().by_code(code) if code else None
    return division.name if division else code


def specialties_of(visitor: Visitor) -> frozenset[str]:
    """What a doctor's clinics treat; empty: everything."""
    treats: Sequence[Clinic] = visitor.clinics if visitor.restricted else ()
    if not treats or not all(clinic.specialties for clinic in treats):
        return frozenset()
    return frozenset(code for clinic in treats for code in clinic.specialties)


def list_address(city: str, since: date, until: date, **fields: str) -> str:
    """The desk's list of the leads behind a figure."""
    return "/?" + urlencode(
        [("area", city), *fields.items(), ("since", since.isoformat()), ("until", until.isoformat())]
    )


def midnight(day: date) -> datetime:
    """When a day begins in Beijing."""
    return datetime.combine(day, time(), BEIJING)


def excerpt(text: str, most: int = EXCERPT) -> str:
    """The beginning of a post in one line; numbers and handles were masked when it was stored."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rstrip() + "…"
