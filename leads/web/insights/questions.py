"""大家在问: the questions that come again, the posts behind them, and an outline to talk or write from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from leads.index.base import Stored
from leads.insights.kept import KeptAnswer
from leads.insights.questions import outline as outlines
from leads.insights.questions.outline import Outline
from leads.insights.questions.questions import CommonQuestion, find, sentence
from leads.insights.topics.topics import Span, days_of
from leads.query.vocabulary import symptom_code
from leads.replies.compliance import LONGEST, Objection, check
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import SPAN_NAMES, PlaceAsked, place_of, span_of, specialties_of
from leads.web.render import WebPage, render

routes = APIRouter(prefix="/questions")
SHOWN = 100  # posts behind a question
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class QuestionsWanted(BaseModel):
    """What the pages are asked for."""

    city: str = Field("", max_length=40)
    span: str = Field("month", max_length=10)
    symptom: str = Field("", max_length=40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The questions of a place in a span; `address` is the part of an address that asks for the same."""

    place: PlaceAsked
    span: Span
    symptom: str
    questions: tuple[CommonQuestion, ...]
    stretch: str
    address: str
    counted: datetime | None

    @property
    def outline(self) -> Outline:
        return Outline(place=self.place.name, stretch=self.stretch, questions=self.questions)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionsPage(WebPage):
    """All questions by symptom: (name, code, questions)."""

    template: ClassVar[str] = "questions.html"
    place: PlaceAsked
    span: Span
    spans: Mapping[Span, str]
    symptom: str
    stretch: str
    address: str
    counted: datetime | None  # when, where leads came since
    chapters: Sequence[tuple[str, str, Sequence[CommonQuestion]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPage(WebPage):
    """One question and the posts behind it: words, the lead's address."""

    template: ClassVar[str] = "question.html"
    question: CommonQuestion
    place: PlaceAsked
    stretch: str
    address: str
    posts: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinePage(WebPage):
    """The outline to write on, and what it must not say."""

    template: ClassVar[str] = "outline.html"
    title: str
    address: str
    text: str
    findings: Sequence[Objection]
    edited: bool


def _found(desk: TheDesk, visitor: Anyone, wanted: Annotated[QuestionsWanted, Depends()]) -> Found:
    span = span_of(wanted.span)
    place = place_of(desk, visitor, wanted.city)
    code = symptom_code(wanted.symptom) if wanted.symptom.strip() else ""
    since, last = days_of(span, desk.clock())
    found = of_place(desk, visitor, place, span, symptom=code)
    return Found(
        place=place,
        span=span,
        symptom=code,
        questions=found.value,
        counted=found.at,
        stretch=f"{since.isoformat()} 到 {last.isoformat()}",
        address=urlencode({"city": place.city, "span": span, "symptom": code}),
    )


TheFound = Annotated[Found, Depends(_found)]


def of_place(
    desk: Desk, visitor: Visitor, place: PlaceAsked, span: Span, *, symptom: str = ""
) -> KeptAnswer[tuple[CommonQuestion, ...]]:
    """The questions this visitor may see."""
    return asked_in(desk, place.area, span, specialties=specialties_of(visitor), symptom=symptom)


def asked_in(
    desk: Desk, city: str, span: Span, *, specialties: frozenset[str], symptom: str = ""
) -> KeptAnswer[tuple[CommonQuestion, ...]]:
    """The questions of a city (adcode; "" for everywhere), as they were last counted."""
    now = desk.clock()
    question = ("questions", city, days_of(span, now), specialties, symptom)
    return desk.ask(
        question,
        lambda: find(
            desk.index, now=now, span=span, city=city, symptom=symptom, specialties=specialties
        ),
    )  # fmt: skip


@routes.get("")
def all_questions(request: Request, visitor: Anyone, found: TheFound) -> Response:
    """The page."""
    page = QuestionsPage(
        place=found.place,
        span=found.span,
        spans=SPAN_NAMES,
        symptom=found.symptom,
        stretch=found.stretch,
        address=found.address,
        counted=found.counted,
        chapters=[(name, those[0].symptom, those) for name, those in found.outline.chapters],
    )
    return render(request, page)


@routes.get("/posts")
def posts(request: Request, desk: TheDesk, visitor: Anyone, found: TheFound, key: str = "") -> Response:
    """The posts behind one question."""
    question = next((each for each in found.questions if each.key == key), None)
    if question is None:
        raise HTTPException(404)
    shown = _posts(desk, visitor, question)
    page = QuestionPage(
        question=question, place=found.place, stretch=found.stretch, address=found.address, posts=shown
    )
    return render(request, page)


def _posts(desk: Desk, visitor: Visitor, question: CommonQuestion) -> list[tuple[str, str]]:
    """(words, address) of those that are still there and listed themselves, as they are now."""
    asked = question.posts[:SHOWN]
    stored = desk.index.records("leads", [each.lead_id for each in asked])
    there = {each.lead.id: each.lead for each in stored if isinstance(each, Stored) and not each.head}
    seen = [(there[each.lead_id], each.number) for each in asked if each.lead_id in there]
    return [
        (words, "/leads/" + quote(lead.id, safe=""))
        for lead, number in seen
        if visitor.may_see_lead(lead) and (words := sentence(lead, number))
    ]


@routes.get("/outline")
def outline(request: Request, visitor: Anyone, found: TheFound) -> Response:
    """The outline, as it is made."""
    return _outline(request, found, outlines.markdown(found.outline), edited=False)


@routes.post("/outline")
def checked(
    request: Request, visitor: Anyone, found: TheFound, text: Annotated[str, Form()] = ""
) -> Response:
    """What the writer made of it, looked at for words that the law or a platform forbids; nothing is kept."""
    return _outline(request, found, text[:LONGEST], edited=True)


@routes.get("/outline.md")
def as_markdown(visitor: Anyone, found: TheFound) -> Response:
    """To download."""
    return _file(outlines.markdown(found.outline).encode(), "text/markdown; charset=utf-8", "questions.md")


@routes.get("/outline.docx")
def as_docx(visitor: Anyone, found: TheFound) -> Response:
    """To download."""
    return _file(outlines.docx(found.outline), WORD, "questions.docx")


def _outline(request: Request, found: Found, text: str, *, edited: bool) -> Response:
    page = OutlinePage(
        title=found.outline.title,
        address=found.address,
        text=text,
        findings=check(text[:LONGEST]),
        edited=edited,
    )
    return render(request, page)


def _file(body: bytes, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media, headers=headers)
