"""找对人: paste what somebody wrote, see who treats it. Nothing pasted is stored or logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from leads.actions.match import EMERGENCY, LONGEST, NO_DIAGNOSIS, Matched, distance_said, match
from leads.clinics.match import Offer
from leads.errors import QueryError
from leads.records import feedback
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, render
from nlp.places.gazetteer import Gazetteer

routes = APIRouter()


class MatchForm(BaseModel):
    """The form as it is sent."""

    text: Annotated[str, Field(max_length=4 * LONGEST)] = ""
    place: Annotated[str, Field(max_length=60)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPage(WebPage):
    """The form; `found` once something was pasted, `choices` are clinics with how far they are."""

    template: ClassVar[str] = "match.html"
    form: MatchForm
    found: Matched | None
    choices: Sequence[tuple[Offer, str]]
    note: str
    emergency: str
    longest: int
    problem: str = ""


@routes.get("/match")
def form(request: Request, visitor: Anyone) -> Response:
    """An empty form, at the place of the first clinic."""
    return _page(request, MatchForm(place=_home(visitor)), None)


@routes.post("/match")
def matched(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[MatchForm, Form()]) -> Response:
    """What was pasted, matched; the text goes back into the form and nowhere else."""
    try:
        return _page(request, form, of_text(desk, visitor, form.text, form.place))
    except QueryError as error:
        return _page(request, form, None, str(error))


def of_text(desk: Desk, visitor: Visitor, text: str, place: str) -> Matched:
    """Who of the clinics this visitor knows should see the writer; raises QueryError."""
    with desk.records.reading() as session:
        own = feedback.own_words(session)
    return match(desk.settings, visitor.clinics, text, place=place, own=own)


def _home(visitor: Visitor) -> str:
    division = Gazetteer.load().by_code(visitor.clinics[0].adcode) if visitor.clinics else None
    gazetteer = Gazetteer.load()
    return "" if division is None else "".join(dict.fromkeys(filter(None, gazetteer.names(division))))


def _page(request: Request, form: MatchForm, found: Matched | None, problem: str = "") -> Response:
    page = MatchPage(
        form=form,
        found=found,
        choices=[(each, distance_said(each, found.region)) for each in found.choices] if found else (),
        note=NO_DIAGNOSIS,
        emergency=EMERGENCY,
        longest=LONGEST,
        problem=problem,
    )
    return render(request, page, status=400 if problem else 200)
