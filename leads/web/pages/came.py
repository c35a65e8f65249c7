"""新来的: the leads or mentions that were found since the last visit, behind the words of 今天."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from leads.models import BEIJING, Clinic, Hit, Lead, Mention
from leads.records import cases
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.leads import list_view
from leads.web.leads.heard import heard_of
from leads.web.leads.list_view import LeadRow
from leads.web.leads.search_form import usual_start
from leads.web.mentions import view as mentionview
from leads.web.mentions.search import around
from leads.web.mentions.view import MentionRow
from leads.web.render import WebPage, render
from leads.web.today.came import Came, came, no_longer_than
from leads.web.today.figures import FigurePart

SHOWN = 200  # of one list; the rest is in the lists of leads and mentions
Kind = Literal["leads", "mentions", "complaints"]
NAMES: Mapping[Kind, str] = {"leads": "条新线索", "mentions": "条提及", "complaints": "条投诉"}
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class CamePage(WebPage):
    """One list of what came since `since`; of `total` some are shown, the last found first."""

    template: ClassVar[str] = "came.html"
    since: datetime
    now: datetime
    kind: Kind
    parts: Sequence[FigurePart]
    total: int
    rows: Sequence[LeadRow]
    heard: Sequence[MentionRow]


@routes.get("/came")
def page(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    kind: Annotated[str, Query(max_length=16)] = "leads",
    since: Annotated[str, Query(max_length=40)] = "",
    clinic: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Exactly what 今天 counted: found since that moment, near the clinic or said of it.

    Raises:
        QueryError: the person may not see leads there.
    """
    now = desk.clock()
    moment = no_longer_than(_moment(since, now), now)
    chosen = next((each for each in visitor.clinics if each.id == clinic), None)
    found = came(desk, visitor, usual_start([chosen] if chosen else visitor.clinics), chosen, moment, now)
    wanted: Kind = next((each for each in get_args(Kind) if each == kind), "leads")
    said = {"leads": (), "mentions": found.mentions, "complaints": found.complaints}[wanted]
    shown = CamePage(
        since=moment,
        now=now,
        kind=wanted,
        parts=parts(found, moment, chosen),
        total=len(found.leads) if wanted == "leads" else len(said),
        rows=_rows(desk, visitor, found.leads[:SHOWN]) if wanted == "leads" else (),
        heard=_heard(desk, visitor, said[:SHOWN]),
    )
    return render(request, shown)


def parts(found: Came, since: datetime, clinic: Clinic | None) -> list[FigurePart]:
    """What there is, each with the list of exactly these."""
    moment = since.astimezone(BEIJING).isoformat(timespec="microseconds")
    counts: Mapping[Kind, int] = {
        "leads": len(found.leads),
        "mentions": len(found.mentions),
        "complaints": len(found.complaints),
    }
    asked = {"since": moment, "clinic": clinic.id if clinic else ""}
    return [
        FigurePart(name=NAMES[kind], count=count, url="/came?" + urlencode({"kind": kind, **asked}))
        for kind, count in counts.items()
        if count
    ]


def _moment(text: str, now: datetime) -> datetime:
    """The moment written; now for what is none."""
    try:
        found = datetime.fromisoformat(text)
        return min(found.astimezone(UTC), now) if found.tzinfo else now
    except (ValueError, OverflowError):
        return now


def _rows(desk: Desk, visitor: Visitor, leads: Sequence[Lead]) -> list[LeadRow]:
    ids = [lead.id for lead in leads]
    with desk.records.reading() as session:
        touched = cases.get_many(session, ids)
    heard = heard_of(desk.index, desk.records, ids, visitor.clinics)
    hits = [Hit(lead=lead, score=lead.need, precision="sure") for lead in leads]
    return list_view.rows(hits, touched, {}, listed="", heard=heard, here={})


def _heard(desk: Desk, visitor: Visitor, said: Sequence[Mention]) -> list[MentionRow]:
    known = around(desk, visitor, said)
    return [mentionview.row(each, known) for each in said]
