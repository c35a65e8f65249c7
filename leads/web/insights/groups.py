"""适合建群吗: whom to gather where, for how long, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from leads.actions.export import table_csv, table_xlsx
from leads.errors import QueryError
from leads.insights.groups import groups
from leads.insights.groups.cells import ANY, MIXED
from leads.insights.groups.groups import GroupNeed, GroupTable, ordered
from leads.insights.groups.table import COLUMNS, course_text, district_name, rows, season_text
from leads.insights.kept import KeptAnswer
from leads.insights.topics.sources import troubled_of
from leads.labels import LIFE_STAGE_NAMES, PREVALENCE_NAMES, TURN_NAMES, VERDICT_NAMES, source_name
from leads.models import BEIJING
from leads.records import audit
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import PlaceAsked, list_address, place_of, specialties_of
from leads.web.pages.coverage import source_lines
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter()
SHOWN = 60  # needs
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleLine:
    """People who might share a group, with the leads behind them."""

    place: str
    people: str  # "" for everybody
    size: int
    parts: int
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A need as the page shows it; `city` is "" where the page is of one city."""

    name: str
    city: str
    specialty: str
    size: int
    days: int
    address: str
    verdict: str
    tone: str
    rule: str
    trend: str
    season: str
    course: str
    prevalence: str
    split: Sequence[CircleLine]
    cells: Sequence[CircleLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPage(WebPage):
    """Needs of a place, and why a trend may not be told."""

    template: ClassVar[str] = "groups.html"
    place: PlaceAsked
    verdict: str
    verdicts: Mapping[str, str]
    last: date
    most: int
    counted: datetime | None  # when, where leads came since
    rows: Sequence[GroupRow]
    more: int  # needs that are not shown
    broken: Sequence[str]
    new: Sequence[str]


@routes.get("/groups")
def show(request: Request, desk: TheDesk, visitor: Anyone, city: str = "", verdict: str = "") -> Response:
    """The page."""
    if verdict and verdict not in VERDICT_NAMES:
        raise QueryError(f"verdict {verdict!r} 不认识：可用 {'、'.join(VERDICT_NAMES)}。")
    place = place_of(desk, visitor, city)
    found = of_place(desk, visitor, place)
    table = found.value
    wanted = [need for need in table.needs if not verdict or need.advice.verdict == verdict]
    page = GroupsPage(
        place=place,
        verdict=verdict,
        verdicts=VERDICT_NAMES,
        last=table.until - timedelta(days=1),
        most=table.most,
        counted=found.at,
        rows=[_row(need, table.until, everywhere=not place.area) for need in wanted[:SHOWN]],
        more=max(0, len(wanted) - SHOWN),
        broken=[source_name(name) for name in table.broken],
        new=[source_name(name) for name in table.new],
    )
    return render(request, page)


@routes.get("/groups.csv")
def as_csv(desk: TheDesk, visitor: Anyone, city: str = "") -> Response:
    """Every cell as a line: figures, no posts."""
    text = table_csv(COLUMNS, rows(_exported(desk, visitor, city, "csv")))
    return Response(text, media_type="text/csv; charset=utf-8", headers=_named("csv"))


@routes.get("/groups.xlsx")
def as_xlsx(desk: TheDesk, visitor: Anyone, city: str = "") -> Response:
    """The same as a workbook."""
    body = table_xlsx("建群", COLUMNS, rows(_exported(desk, visitor, city, "xlsx")))
    return Response(body, media_type=XLSX, headers=_named("xlsx"))


def of_place(desk: Desk, visitor: Visitor, place: PlaceAsked) -> KeptAnswer[GroupTable]:
    """The needs this visitor may see."""
    now, own, most = desk.clock(), specialties_of(visitor), desk.settings.leads.group_most
    troubled = troubled_of([line.state for line in source_lines(desk, now)])
    return desk.ask(
        ("groups", place.area, now.astimezone(BEIJING).date(), troubled, own, most),
        lambda: groups.find(desk.index, place.area, now=now, most=most, troubled=troubled, specialties=own),
    )


def _exported(desk: Desk, visitor: Visitor, city: str, kind: str) -> GroupTable:
    place = place_of(desk, visitor, city)
    table, now = of_place(desk, visitor, place).value, desk.clock()
    with desk.records.transaction() as session:
        audit.note(session, who=visitor.login, action=f"export.groups.{kind}", now=now, query=place.city)
    return table


def _named(ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="tingzhen-groups.{ending}"'}


def _row(need: GroupNeed, until: date, *, everywhere: bool) -> GroupRow:
    since = until - timedelta(days=need.days)

    def line(district: str, stage: str, size: int, parts: int = 1) -> CircleLine:
        area = need.city if district in ("", ANY, MIXED) else district
        return CircleLine(
            place=district_name(district),
            people="" if stage == ANY else LIFE_STAGE_NAMES[stage],
            size=size,
            parts=parts,
            address=list_address(area, since, until, symptom=need.concept.code),
        )

    return GroupRow(
        name=need.concept.name,
        city=district_name(need.city) if everywhere else "",
        specialty=lexicon.load().specialties[need.concept.specialty],
        size=need.size,
        days=need.days,
        address=list_address(need.city, since, until, symptom=need.concept.code),
        verdict=VERDICT_NAMES[need.advice.verdict],
        tone={"lasting": "good", "short": "warn", "none": ""}[need.advice.verdict],
        rule=need.advice.rule,
        trend=TURN_NAMES[need.turn],
        season=season_text(need.season),
        course=course_text(need),
        prevalence=PREVALENCE_NAMES[need.concept.prevalence],
        split=[line(each.district, each.stage, each.size, each.parts) for each in need.circles],
        cells=[line(district, stage, size) for (district, stage), size in ordered(need.cells)],
    )
