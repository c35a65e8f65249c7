"""预约卡: what somebody who comes said, and what to ask; written before the visit, printed, gone after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, ClassVar
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from leads.errors import InputError
from leads.models import Lead
from leads.records import visit_cards
from leads.records.visit_cards import LONGEST
from leads.replies.visit_questions import questions_for
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.lead.case_form import CaseSubject, subject
from leads.web.leads.list_view import page_of
from leads.web.render import WebPage, render

SAID = 600  # characters of a post that a new card begins with
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCardPage(WebPage):
    """The card and the form it is written in; `kept` when it is stored already."""

    template: ClassVar[str] = "visit_card.html"
    lead_id: str
    lead_url: str
    clinic: str  # its name
    due_on: date | None
    said: str
    questions: str
    lines: Sequence[str]  # the questions one by one
    kept: bool
    longest: int
    problem: str = ""
    done: str = ""


@routes.get("/visit-cards/{lead_id:path}")
def show(request: Request, desk: TheDesk, visitor: Anyone, lead_id: str, done: str = "") -> Response:
    """The card as it was kept, or a new one to begin with. Looking keeps nothing."""
    found = _booked(desk, visitor, lead_id)
    with desk.records.reading() as session:
        card = visit_cards.get(session, found.lead_id)
    said, questions = (card.said, card.questions) if card else _draft(found.lead)
    page = _page(visitor, found, said, questions, kept=card is not None)
    return render(request, replace(page, done="已保存。" if done else ""))


@routes.post("/visit-cards/{lead_id:path}")
def keep(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead_id: str,
    said: Annotated[str, Form()] = "",
    questions: Annotated[str, Form()] = "",
) -> Response:
    """Keep the card."""
    found = subject(desk, visitor, lead_id)
    try:
        with desk.records.transaction() as session:
            visit_cards.keep(
                session, found.lead_id, said=said, questions=questions, who=visitor.login, now=desk.clock()
            )
    except InputError as error:
        page = _page(visitor, found, said, questions, kept=False)
        return render(request, replace(page, problem=str(error)), status=400)
    return RedirectResponse(f"/visit-cards/{quote(found.lead_id)}?done=1", 303)


def _booked(desk: Desk, visitor: Visitor, lead_id: str) -> CaseSubject:
    """The lead and its case; 404 unless there is an appointment."""
    found = subject(desk, visitor, lead_id)
    if found.case is None or found.case.status != "booked":
        raise HTTPException(404, "只有“已预约”的线索才有预约卡。")
    return found


def _draft(lead: Lead | None) -> tuple[str, str]:
    """What was said and what to ask, as far as the post tells."""
    if lead is None:
        return "", "\n".join(questions_for((), ()))
    present = dict.fromkeys(symptom.code for symptom in lead.tags.symptoms if symptom.present)
    text = lead.post.full_text
    said = text if len(text) <= SAID else f"{text[:SAID]}…"
    return said, "\n".join(questions_for(present, lead.tags.specialties))


def _page(visitor: Visitor, found: CaseSubject, said: str, questions: str, *, kept: bool) -> VisitCardPage:
    case = found.case
    names = {clinic.id: clinic.name for clinic in visitor.clinics}
    return VisitCardPage(
        lead_id=found.lead_id,
        lead_url=page_of(found.lead_id),
        clinic=names.get(case.clinic_id, "") if case else "",
        due_on=case.due_on if case else None,
        said=said,
        questions=questions,
        lines=[line.strip() for line in questions.splitlines() if line.strip()],
        kept=kept,
        longest=LONGEST,
    )
