"""地图: where the leads of a search are, never fewer than five together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from leads.errors import QueryError
from leads.models import Clinic
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.lead.page import address
from leads.web.leads.list_view import MaybeNear
from leads.web.leads.search_form import LeadForm, list_query
from leads.web.map.cells import COARSEST, FINEST, LEAST
from leads.web.map.tiles import allow_tiles
from leads.web.map.view import ZOOMS, Bubble, MapView, OpenCell, Stock, map_view, open_cell, radius
from leads.web.render import WebPage, render

routes = APIRouter()
WIDTH, HEIGHT = 960, 640  # of the drawing without scripts
LISTED = 50  # leads of an opened place


class MapForm(LeadForm):
    """The lead page's form, how near to look (left out: as suits what is found), and which bubble is open."""

    zoom: str = ""
    cell: str = ""

    def zoom_level(self) -> int | None:
        """Raises QueryError."""
        if not self.zoom:
            return None
        if self.zoom.isascii() and self.zoom.isdigit() and COARSEST <= int(self.zoom[:4]) <= FINEST:
            return int(self.zoom)
        raise QueryError(f"zoom {self.zoom[:20]!r} 不可用：请给 {COARSEST} 到 {FINEST} 之间的整数。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A circle with its words in the drawing's own units."""

    x: float
    y: float
    r: float
    text: str = ""
    title: str = ""
    merged: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPage(WebPage):
    """The map of a search; without `view` there is a `problem`. `zooms` are names and addresses; `places` are
    the bubbles with the addresses that open them; `cell` is the one that is open."""

    template: ClassVar[str] = "map.html"
    form: MapForm
    clinics: Sequence[Clinic]
    view: MapView | None
    drawing: Mapping[str, Sequence[Drawn]] | None
    problem: str
    least: int
    zooms: Mapping[int, tuple[str, str]]
    auto: str
    places: Sequence[tuple[Bubble, str]]
    cell: OpenCell | None
    places_address: str
    maybe: MaybeNear | None
    list_address: str
    cells_address: str
    tiles: str
    address: Callable[[str], str]
    now: datetime


@routes.get("/map")
def leads_map(
    request: Request, desk: TheDesk, visitor: Anyone, asked: Annotated[MapForm, Query()]
) -> Response:
    """The map of the search in the address."""
    view, cell, problem = None, None, ""
    try:
        view = _view(request, desk, visitor, asked)
        cell = _cell(request, desk, visitor, asked) if asked.cell else None
    except QueryError as error:
        problem = str(error)
    places = [(each, _address(asked, view.zoom, each.key)) for each in view.bubbles] if view else []
    page = MapPage(
        form=asked,
        clinics=visitor.clinics,
        view=view,
        drawing=_drawing(view, places) if view else None,
        problem=problem,
        least=LEAST,
        zooms={zoom: (name, _address(asked, zoom)) for zoom, name in ZOOMS.items()},
        auto=_address(asked, None),
        places=places,
        cell=cell,
        places_address=_address(asked, asked.zoom_level() if view else None),
        maybe=_maybe(desk, visitor, asked) if view else None,
        list_address=asked.url(),
        cells_address=asked.url("/map/cells"),
        tiles=desk.settings.web.tiles,
        address=address,
        now=desk.clock(),
    )
    return allow_tiles(render(request, page, status=400 if problem else 200), desk.settings)


@routes.get("/map/cells")
def cells(request: Request, desk: TheDesk, visitor: Anyone, asked: Annotated[MapForm, Query()]) -> Response:
    """The same map for the script of the page."""
    try:
        view = _view(request, desk, visitor, asked)
    except QueryError as error:
        return JSONResponse({"problem": str(error)}, 400)
    return JSONResponse(asdict(view))


def _view(request: Request, desk: Desk, visitor: Visitor, asked: MapForm) -> MapView:
    now = desk.clock()
    zoom = asked.zoom_level()
    query = list_query(asked, visitor, limit=1, now=now)
    return map_view(desk.index, _stock(request), query, now=now, zoom=zoom)


def _maybe(desk: Desk, visitor: Visitor, asked: MapForm) -> MaybeNear | None:
    """As beside the list: those that the map leaves out because they only may be near."""
    query = list_query(asked, visitor, limit=1, now=desk.clock())
    count = desk.index.precisions(query)["likely"] if query.near and query.precision == "sure" else 0
    return MaybeNear(count=count, url=asked.url("/map", precision="maybe")) if count else None


def _cell(request: Request, desk: Desk, visitor: Visitor, asked: MapForm) -> OpenCell | None:
    now = desk.clock()
    zoom = asked.zoom_level()
    query = list_query(asked, visitor, limit=1, now=now)
    return open_cell(desk.index, _stock(request), query, now=now, zoom=zoom, key=asked.cell, limit=LISTED)


def _stock(request: Request) -> Stock:
    stock: Stock | None = getattr(request.app.state, "map_stock", None)
    if stock is None:
        stock = request.app.state.map_stock = Stock()
    return stock


def _address(asked: MapForm, zoom: int | None, cell: str = "") -> str:
    return asked.url("/map", zoom="" if zoom is None else str(zoom), cell=cell)


def _drawing(view: MapView, places: Sequence[tuple[Bubble, str]]) -> dict[str, list[Drawn]]:
    """The map as circles for an SVG of WIDTH x HEIGHT."""
    west, _, east, north = view.view
    scale = WIDTH / (east - west)

    def at(x: float, y: float, r: float, **words: object) -> Drawn:
        return Drawn(x=round((x - west) * scale, 1), y=round((north - y) * scale, 1), r=round(r, 1), **words)  # type: ignore[arg-type]  # words are given by name

    largest = max((bubble.count for bubble in view.bubbles), default=0)
    return {
        "bubbles": [
            at(
                bubble.x,
                bubble.y,
                max(9.0, min(34.0, max(14.0, bubble.r * scale)) * radius(bubble.count, largest)),
                text=str(bubble.count),
                title=f"{bubble.name}一带 {bubble.count} 条"
                + ("（与相邻的格合并）" if bubble.merged else ""),
                merged=bubble.merged,
                url=url,
            )
            for bubble, url in places
        ],
        "seats": [
            at(
                float(str(seat["x"])),
                float(str(seat["y"])),
                float(str(seat["r"])) * scale,
                text=str(seat["name"]),
            )
            for seat in view.seats
        ],
        "reach": [at(view.reach["x"], view.reach["y"], view.reach["r"] * scale)] if view.reach else [],
    }
