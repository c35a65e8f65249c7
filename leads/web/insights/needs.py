"""没人回答的需求: where to open hours, give a talk or write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.insights import needs
from leads.insights.kept import KeptAnswer
from leads.insights.needs import Need
from leads.insights.topics.topics import Span
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import (
    SPAN_NAMES,
    PlaceAsked,
    city_name,
    list_address,
    place_of,
    span_of,
    specialties_of,
)
from leads.web.render import WebPage, render

routes = APIRouter()
SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsPage(WebPage):
    """Needs of a place: (need, its district, the leads behind it)."""

    template: ClassVar[str] = "needs.html"
    place: PlaceAsked
    span: Span
    spans: Mapping[Span, str]
    stretch: str
    counted: datetime | None  # when, where leads came since
    rows: Sequence[tuple[Need, str, str]]


@routes.get("/needs")
def show(request: Request, desk: TheDesk, visitor: Anyone, city: str = "", span: str = "month") -> Response:
    """The page."""
    chosen = span_of(span)
    place = place_of(desk, visitor, city)
    since, until = needs.stretch(chosen, desk.clock())
    found = of_place(desk, visitor, place, chosen)
    page = NeedsPage(
        place=place,
        span=chosen,
        spans=SPAN_NAMES,
        stretch=f"{since.isoformat()} 起，到昨天",
        counted=found.at,
        rows=[
            (need, city_name(need.district), list_address(need.district, since, until, symptom=need.symptom))
            for need in found.value[:SHOWN]
        ],
    )
    return render(request, page)


def of_place(desk: Desk, visitor: Visitor, place: PlaceAsked, span: Span) -> KeptAnswer[tuple[Need, ...]]:
    """The needs this visitor may see."""
    now, own = desk.clock(), specialties_of(visitor)
    return desk.ask(
        ("needs", place.area, needs.stretch(span, now), own),
        lambda: needs.find(desk.index, place.area, span, now=now, specialties=own),
    )
