"""今天: where the day begins, for every role its own: figures against yesterday, what comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from leads.actions import room
from leads.errors import QueryError
from leads.index.base import MentionHead
from leads.models import Clinic, Hit, Role
from leads.records import cases, searches, visits
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.first_steps import FirstStep, open_steps
from leads.web.insights.asked import specialties_of
from leads.web.leads import list_view
from leads.web.leads.heard import heard_of
from leads.web.leads.list_view import LeadRow
from leads.web.leads.search_form import LIST, LeadForm, list_query, usual_start
from leads.web.mentions import view as mentionview
from leads.web.mentions.search import around, find, read
from leads.web.mentions.view import EVERY, MentionForm, MentionRow
from leads.web.pages.came import parts
from leads.web.pages.cases import limits_of
from leads.web.pages.coverage import IN_TROUBLE, OUTCOME_WORDS, source_lines
from leads.web.pages.coverage import Line as SourceLine
from leads.web.render import WebPage, render
from leads.web.today import figures
from leads.web.today.asking import AskedOften, often
from leads.web.today.came import came, no_longer_than
from leads.web.today.figures import DAY, DayFigure, FigurePart
from leads.web.today.line import DayLine, first_moment, line

SHOWN = 5  # leads in a list, and mentions where they come first
BESIDE = 3  # mentions beside what comes first
MOST_TROUBLES = 3  # sources
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayPage(WebPage):
    """`columns` says which blocks stand where; `news` is what was found since `last`, the visit before."""

    template: ClassVar[str] = "today.html"
    now: datetime
    problem: str
    clinics: Sequence[Clinic]
    clinic: str  # the id of the one that is shown; "" for none
    last: datetime | None
    news: Sequence[FigurePart]
    figures: Sequence[DayFigure]
    columns: Sequence[Sequence[str]]
    hot: Sequence[LeadRow]
    hot_url: str
    heard: Sequence[MentionRow]
    heard_url: str
    sources: Sequence[SourceLine]
    sources_url: str
    outcomes: Mapping[str, str]
    days: DayLine | None
    asking: Sequence[AskedOften] = ()
    room: str = ""  # what an admin is told of a disk that fills up
    steps: Sequence[FirstStep] = ()  # what an admin's new installation still needs


@routes.get("/")
def today(request: Request, desk: TheDesk, visitor: Anyone, clinic: str = "") -> Response:
    """The day of who asks. An address with a search was the list's once, and still leads there."""
    if request.query_params.keys() & _OF_THE_LIST:
        return RedirectResponse(f"{LIST}?{request.url.query}", 302)
    now = desk.clock()
    with desk.records.reading() as session:
        last = visits.before(session, visitor.user_id, now=now)
        stale = visits.stale(session, visitor.user_id, now=now)
        kept = searches.start(session, visitor.user_id)
    if stale:
        with desk.records.transaction() as session:
            visits.look(session, visitor.user_id, now=now)
    chosen = _clinic(visitor, clinic or LeadForm.read(kept).near)
    page = _page(desk, visitor, chosen, last, now)
    asking = often(desk, chosen, specialties=specialties_of(visitor))
    steps = open_steps(request, desk, visitor)
    return render(request, replace(page, asking=asking, steps=steps, room=_room(desk, visitor, now)))


_OF_THE_LIST = frozenset((*LeadForm.model_fields, "done", "undo", "saved"))


def _clinic(visitor: Visitor, wanted: str) -> Clinic | None:
    """The clinic of this id, or else the first of those the person may see."""
    own = visitor.clinics
    return next((each for each in own if each.id == wanted), own[0] if own else None)


def _page(
    desk: Desk, visitor: Visitor, clinic: Clinic | None, last: datetime | None, now: datetime
) -> TodayPage:
    near = usual_start([clinic] if clinic else [])
    unfinished = MentionForm(clinic=clinic.id if clinic else "")
    spoken = unfinished.model_copy(update={"state": EVERY})
    since = no_longer_than(last or now - DAY, now)
    found = figures.heard(desk, visitor, spoken, now - 2 * DAY, now)
    problem, found_leads = "", _Found()
    try:
        found_leads = _leads(desk, visitor, near, now)
    except QueryError as error:
        problem = str(error)
    columns = _COLUMNS[visitor.role]
    return TodayPage(
        now=now,
        problem=problem,
        clinics=visitor.clinics,
        clinic=clinic.id if clinic else "",
        last=last,
        news=_news(desk, visitor, near, clinic, since, now) if last else (),
        figures=_figures(desk, visitor, found_leads.figure, found, spoken, now),
        columns=columns,
        hot=_rows(desk, visitor, near, found_leads.hot, now),
        hot_url=near.url(),
        heard=_gravest(desk, visitor, unfinished, now),
        heard_url=unfinished.url(),
        sources=_troubles(desk, now) if any("sources" in column for column in columns) else (),
        sources_url=f"/coverage?only={IN_TROUBLE}",
        outcomes=OUTCOME_WORDS,
        days=found_leads.days,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the index says of a clinic's leads."""

    hot: Sequence[Hit] = ()
    figure: DayFigure | None = None
    days: DayLine | None = None


def _leads(desk: Desk, visitor: Visitor, near: LeadForm, now: datetime) -> _Found:
    """Raises QueryError for what the person may not see."""
    every = near.model_copy(update={"status": [], "since": ""})
    query = list_query(every, visitor, limit=1, now=now)
    today, both = desk.index.counts_since(query, [now - DAY, now - 2 * DAY])
    days = desk.index.facets(replace(query, since=first_moment(now)), ("day",))["day"]
    return _Found(
        hot=desk.index.search(list_query(near, visitor, limit=SHOWN, now=now), now=now).items,
        figure=figures.of_leads(today, both - today, every.url(since="1d")),
        days=line(days, near, now),
    )


def _figures(
    desk: Desk,
    visitor: Visitor,
    leads: DayFigure | None,
    found: Sequence[MentionHead],
    spoken: MentionForm,
    now: datetime,
) -> list[DayFigure]:
    """The four of this person's role, in its order; without a clinic there are no leads to count."""
    overdue = figures.of_overdue(desk, limits_of(visitor), now)
    complaints = figures.of_complaints(found, spoken, now)
    if visitor.restricted:
        wanted = [complaints, figures.of_mentions(found, spoken, now), leads, overdue]
    elif visitor.role == "admin":
        wanted = [figures.of_sources(desk, now), leads, complaints, overdue]
    else:
        wanted = [leads, complaints, overdue, figures.of_sources(desk, now)]
    return [each for each in wanted if each is not None]


# The blocks of each role's page: what comes first stands at the left.
_COLUMNS: Mapping[Role, Sequence[Sequence[str]]] = {
    "admin": (("sources", "hot"), ("days", "heard", "asking")),
    "marketer": (("hot",), ("days", "heard", "asking")),
    "doctor": (("heard", "asking"), ("days", "hot")),
}


def _room(desk: Desk, visitor: Visitor, now: datetime) -> str:
    """For admins, who can make some."""
    if visitor.role != "admin":
        return ""
    left = room.look(desk.settings.data_dir, now=now)
    return room.sentence(left) if left.short(desk.settings.disk) else ""


def _news(
    desk: Desk, visitor: Visitor, near: LeadForm, clinic: Clinic | None, since: datetime, now: datetime
) -> Sequence[FigurePart]:
    """What was found since the last visit, each with its list; nothing for a doctor without a clinic."""
    try:
        return parts(came(desk, visitor, near, clinic, since, now), since, clinic)
    except QueryError:
        return ()


def _rows(desk: Desk, visitor: Visitor, near: LeadForm, hits: Sequence[Hit], now: datetime) -> list[LeadRow]:
    with desk.records.reading() as session:
        touched = cases.get_many(session, [hit.lead.id for hit in hits])
    heard = heard_of(desk.index, desk.records, (hit.lead.id for hit in hits), visitor.clinics)
    return list_view.rows(hits, touched, {}, listed=near.kept(now), heard=heard, here={})


def _gravest(desk: Desk, visitor: Visitor, unfinished: MentionForm, now: datetime) -> list[MentionRow]:
    """The first of the list of mentions: what is not done yet, the gravest first."""
    most = SHOWN if visitor.restricted else BESIDE
    shown = read(desk, find(desk, visitor, unfinished, now).heads[:most])
    known = around(desk, visitor, shown)
    return [mentionview.row(each, known) for each in shown]


def _troubles(desk: Desk, now: datetime) -> list[SourceLine]:
    return [each for each in source_lines(desk, now) if each.tone == "bad"][:MOST_TROUBLES]
