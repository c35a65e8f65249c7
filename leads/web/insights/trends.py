"""走势: plots of what a city speaks of; each is drawn from the table that stands below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.errors import QueryError
from leads.insights import trends
from leads.insights.trends import BACK_DAYS, Back, TrendTable, Week
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import PlaceAsked, city_name, list_address, place_of, specialties_of
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter()
BACK_NAMES: Mapping[Back, str] = {"month": "近 30 天", "quarter": "近 90 天", "year": "近一年"}
OTHERS = "其他"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRow:
    """A row of a plot's table: its first and last day (ISO), the list of its leads, counts (None: few)."""

    name: str
    first: str
    last: str
    address: str
    counts: Sequence[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotTable:
    """What a plot is drawn from."""

    columns: Sequence[str]
    rows: Sequence[PlotRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendsPage(WebPage):
    """The plots of a city; None where there is nothing that may be told. `listed`: the list of every lead."""

    template: ClassVar[str] = "trends.html"
    place: PlaceAsked
    back: Back
    backs: Mapping[Back, str]
    listed: str
    symptoms: PlotTable | None
    places: PlotTable | None
    calendar: Sequence[Week]


@routes.get("/trends")
def show(request: Request, desk: TheDesk, visitor: Anyone, city: str = "", back: str = "quarter") -> Response:
    """The page."""
    chosen = back_of(back)
    place = place_of(desk, visitor, city)
    return render(request, _page(desk, visitor, place, chosen))


def back_of(text: str) -> Back:
    """How far back.

    Raises:
        QueryError: there is no such span.
    """
    for back in BACK_DAYS:
        if text in (back, BACK_NAMES[back]):
            return back
    raise QueryError(f"back {text!r} 不认识：可用 {'、'.join(BACK_DAYS)}。")


def _page(desk: Desk, visitor: Visitor, place: PlaceAsked, back: Back) -> TrendsPage:
    found = trends.find(desk.index, place.area, back, now=desk.clock(), specialties=specialties_of(visitor))
    concepts = lexicon.load().concepts
    names = {code: concepts[code].name for code in found.symptoms.columns if code in concepts}
    some = any(count for week in found.calendar for count in week.counts)
    return TrendsPage(
        place=place,
        back=back,
        backs=BACK_NAMES,
        listed=list_address(place.area, found.since, found.until),
        symptoms=_plot(found.symptoms, place.area, names),
        places=_plot(found.places, place.area, {code: city_name(code) for code in found.places.columns}),
        calendar=found.calendar if some else (),
    )


def _plot(table: TrendTable, area: str, names: Mapping[str, str]) -> PlotTable | None:
    if not table.told:
        return None
    rows = [
        PlotRow(
            name=str(stretch),
            first=stretch.first.isoformat(),
            last=stretch.last.isoformat(),
            address=list_address(area, stretch.first, stretch.after),
            counts=(*counts, rest),
        )
        for (stretch, counts), rest in zip(table.rows, table.rest, strict=True)
    ]
    return PlotTable(columns=[*(names.get(code, code) for code in table.columns), OTHERS], rows=rows)
