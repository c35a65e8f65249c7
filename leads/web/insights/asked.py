"""What the pages of insights are asked for: a city the visitor may ask about, and a span; what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from leads.errors import QueryError
from leads.index.spread import city_of
from leads.insights.topics.topics import SPAN_DAYS, Span, cities_of, days_of
from leads.models import BEIJING, Clinic
from leads.query.vocabulary import area_code
from leads.web.auth import Visitor
from leads.web.desk import Desk
from nlp.places.gazetteer import Gazetteer

EVERYWHERE = "all"
MOST_CITIES = 12
EXCERPT = 60  # characters
ClinicAsked = Annotated[str, Field(max_length=120)]
SPAN_NAMES: Mapping[Span, str] = {"today": "今日", "week": "近 7 天", "month": "近 30 天"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAsked:
    """The city a page is about, and those it offers; adcode → name."""

    city: str  # EVERYWHERE for no city in particular
    name: str
    choices: Mapping[str, str]

    @property
    def area(self) -> str:
        """The adcode; "" for everywhere."""
        return "" if self.city == EVERYWHERE else self.city


def span_of(text: str) -> Span:
    """The span of that name.

    Raises:
        QueryError: there is none.
    """
    for span in SPAN_DAYS:
        if text in (span, SPAN_NAMES[span]):
            return span
    raise QueryError(f"span {text!r} 不认识：可用 {'、'.join(SPAN_DAYS)}。")


def place_of(desk: Desk, visitor: Visitor, city: str) -> PlaceAsked:
    """The city asked for; otherwise the first clinic's, or everywhere when nobody there has written lately.

    Raises:
        QueryError: no city of that name, or one that a doctor's clinics are not in.
        StorageError: the index cannot be read.
    """
    own = list(dict.fromkeys(filter(None, (city_of(clinic.adcode) for clinic in visitor.clinics))))
    now = desk.clock()
    busy = desk.ask(("cities", days_of("today", now)), lambda: cities_of(desk.index, now=now)).value
    offered = own if visitor.restricted else [*[*own, *busy][: MOST_CITIES - 1], EVERYWHERE]
    asked = city.strip()
    chosen = asked if asked in offered else city_of(area_code(asked)) if asked else _first(own, busy, offered)
    if not chosen or (visitor.restricted and chosen not in own):
        raise QueryError(f"city {city!r} 不可用：请写一个城市，医生只能看自己诊所所在的城市。")
    names = {code: city_name(code) for code in dict.fromkeys((*offered, chosen))}
    return PlaceAsked(city=chosen, name=names[chosen], choices=names)


def _first(own: Sequence[str], busy: Sequence[str], offered: Sequence[str]) -> str:
    return next((code for code in own if code in busy), offered[-1] if offered else "")


def city_name(code: str) -> str:
    """As people call it."""
    if code == EVERYWHERE:
        return "全部地区"
    division = Gazetteer.load().by_code(code)
    return division.name if division else code


def clinic_of(visitor: Visitor, asked: str) -> Clinic | None:
    """The clinic asked for, or the first one; None where the visitor has none.

    Raises:
        QueryError: no such clinic among the visitor's.
    """
    if not asked.strip():
        return visitor.clinics[0] if visitor.clinics else None
    found = next((each for each in visitor.clinics if asked.strip() in (each.id, each.name)), None)
    if found is None:
        raise QueryError(f"clinic {asked[:40]!r} 不可用：请写自己能看的诊所的 id。")
    return found


def specialties_of(visitor: Visitor) -> frozenset[str]:
    """What a doctor's clinics treat; empty: everything."""
    treats: Sequence[Clinic] = visitor.clinics if visitor.restricted else ()
    if not treats or not all(clinic.specialties for clinic in treats):
        return frozenset()
    return frozenset(code for clinic in treats for code in clinic.specialties)


@lru_cache(maxsize=4096)  # pages about groups and needs have hundreds, the same all day
def list_address(city: str, since: date, until: date, **fields: str) -> str:
    """The desk's list of the leads behind a figure; `city`: an adcode, "" for everywhere."""
    place = ("area", city) if city else ("near", "all")
    pairs = [place, *fields.items(), ("since", since.isoformat()), ("until", until.isoformat())]
    return "/leads?" + urlencode(pairs)


def midnight(day: date) -> datetime:
    """When a day begins in Beijing."""
    return datetime.combine(day, time(), BEIJING)


def excerpt(text: str, most: int = EXCERPT) -> str:
    """The beginning of a post in one line; numbers and handles were masked when it was stored."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rstrip() + "…"
