"""没人回答的需求: where to open hours, give a talk or write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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
from leads.web.map.geometry import Box, around, seats, size, up
from leads.web.map.tiles import allow_tiles
from leads.web.render import WebPage, render
from nlp.places.gazetteer import Gazetteer

routes = APIRouter()
SHOWN = 50
CLOSEST, WIDE = 0.3, 3.0  # plot units: a map of one district; one on which districts would be too many


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
    spots: Sequence[Mapping[str, object]]  # NeedSpot
    seats: Sequence[Mapping[str, object]]  # of the districts between them
    view: Box | None
    tiles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedSpot:
    """A district on the map: its seat and area in plot units, and the figures of the list, no others."""

    code: str
    name: str
    x: float
    y: float
    r: float
    count: int  # of its most striking need that nobody answered
    needs: str


def spots_of(found: Sequence[Need]) -> list[NeedSpot]:
    """Districts of these needs that have a seat of their own; an earlier need is the more striking. Pure."""
    gazetteer, spots = Gazetteer.load(), dict[str, NeedSpot]()
    for need in found:
        at = gazetteer.by_code(need.district)
        if at is None or not at.exact:
            continue
        said = f"{need.name} {need.unanswered} 条没人回答"
        before = spots.get(at.code)
        spots[at.code] = NeedSpot(
            code=at.code,
            name=at.name,
            x=round(at.lon, 5),
            y=round(up(at.lat), 5),
            r=round(size(at.radius_km, at.lat), 5),
            count=before.count if before else need.unanswered,
            needs=f"{before.needs}，{said}" if before else said,
        )
    return list(spots.values())


@routes.get("/needs")
def show(request: Request, desk: TheDesk, visitor: Anyone, city: str = "", span: str = "month") -> Response:
    """The page."""
    chosen = span_of(span)
    place = place_of(desk, visitor, city)
    since, until = needs.stretch(chosen, desk.clock())
    found = of_place(desk, visitor, place, chosen)
    spots = spots_of(found.value[:SHOWN])
    boxes = [(each.x - each.r, each.y - each.r, each.x + each.r, each.y + each.r) for each in spots]
    view = around(boxes, least=CLOSEST) if boxes else None
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
        spots=[asdict(each) for each in spots],
        seats=_between(spots, view) if view else [],
        view=view,
        tiles=desk.settings.web.tiles,
    )
    return allow_tiles(render(request, page), desk.settings)


def _between(spots: Sequence[NeedSpot], view: Box) -> list[dict[str, object]]:
    """Seats to find one's way by: of cities where the map is wide."""
    own = {each.name for each in spots}
    found = seats(view, cities=view[2] - view[0] > WIDE, close_to=[(each.x, each.y) for each in spots])
    return [each for each in found if each["name"] not in own]


def of_place(desk: Desk, visitor: Visitor, place: PlaceAsked, span: Span) -> KeptAnswer[tuple[Need, ...]]:
    """The needs this visitor may see."""
    now, own = desk.clock(), specialties_of(visitor)
    return desk.ask(
        ("needs", place.area, needs.stretch(span, now), own),
        lambda: needs.find(desk.index, place.area, span, now=now, specialties=own),
    )
