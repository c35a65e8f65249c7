"""每日十问: one post at a time, one key each; what is answered teaches the clinic's own model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from leads.actions import ten_questions
from leads.actions.ten_questions import Correction, DailyTurn
from leads.errors import InputError
from leads.labels import INTENT_HINTS, INTENT_NAMES
from leads.learning.questions import A_DAY, LEAST, Pool
from leads.models import Assent, Lead
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.lead import view as leadview
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

routes = APIRouter()
SHOWN = 600  # characters of a post: a question takes seconds


class AnswerForm(BaseModel):
    """The form as it is sent."""

    lead_id: str = ""
    answer: str = ""
    symptom: Assent = ""
    symptom_words: str = ""
    symptom_name: str = ""
    place: Assent = ""
    place_words: str = ""
    place_name: str = ""

    def corrections(self) -> tuple[Correction, Correction]:
        return (
            Correction(assent=self.symptom, words=self.symptom_words, name=self.symptom_name),
            Correction(assent=self.place, words=self.place_words, name=self.place_name),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TenPage(WebPage):
    """One question, or thanks."""

    template: ClassVar[str] = "ten.html"
    turn: DailyTurn
    lead: Lead | None
    text: str
    problem: str
    answers: Sequence[tuple[str, str, str, str]]  # key, intent, name, what it is
    symptoms: str  # what was found, in words; "" for nothing
    place: str
    form: AnswerForm
    symptom_names: Sequence[str]
    of: int = A_DAY
    least: int = LEAST


@routes.get("/ten")
def show(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """The next question. Looking changes nothing."""
    return _page(request, _turn(desk, visitor))


@routes.post("/ten")
def answer(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[AnswerForm, Form()]) -> Response:
    """Keep the answer, and on to the next question."""
    lead = desk.index.get(form.lead_id)
    if lead is None or not visitor.may_see_lead(lead):
        raise HTTPException(404, "这条帖子已经不在了：请打开每日十问，看下一条。")
    symptom, place = form.corrections()
    try:
        ten_questions.answer(
            desk.records, lead, form.answer, who=visitor.login, now=desk.clock(), symptom=symptom, place=place
        )
    except InputError as error:
        turn = _turn(desk, visitor)
        return _page(request, turn, lead=lead, form=form, problem=str(error))
    return RedirectResponse("/ten", 303)


def _turn(desk: Desk, visitor: Visitor) -> DailyTurn:
    return ten_questions.turn(
        desk.records,
        desk.index,
        who=visitor.login,
        may_see=visitor.may_see_lead,
        pool=lambda: pool_for(desk, visitor),
        now=desk.clock(),
    )


def pool_for(desk: Desk, visitor: Visitor) -> Pool:
    """What this visitor may be asked about."""
    now = desk.clock()
    seen_by = visitor.clinics if visitor.restricted else ()
    question = ("ten", ten_questions.today(now), visitor.restricted, seen_by)
    return desk.ask(question, lambda: ten_questions.recent(desk.index, visitor.may_see_lead, now)).value


def _page(
    request: Request,
    turn: DailyTurn,
    *,
    lead: Lead | None = None,
    form: AnswerForm | None = None,
    problem: str = "",
) -> Response:
    lead = lead or turn.lead
    page = TenPage(
        turn=turn,
        lead=None if turn.finished else lead,
        text=lead.post.full_text[:SHOWN] if lead else "",
        problem=problem,
        answers=[
            (str(key), intent, name, INTENT_HINTS[intent])
            for key, (intent, name) in enumerate(INTENT_NAMES.items(), 1)
        ],
        symptoms=_symptoms(lead),
        place=_place(lead),
        form=form or AnswerForm(),
        symptom_names=[concept.name for concept in lexicon.load().concepts.values()],
    )
    return render(request, page, status=400 if problem else 200)


def _symptoms(lead: Lead | None) -> str:
    found = leadview.symptoms(lead) if lead else []
    return "、".join(f"{each.name}（“{each.words}”）" for each in found)


def _place(lead: Lead | None) -> str:
    """Where the writer is thought to be, in words; "" for nowhere."""
    region = lead.tags.region if lead else None
    return "".join(dict.fromkeys((region.province, region.city, region.district))) if region else ""
