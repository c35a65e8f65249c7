"""Questions: what people ask again and again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.query.vocabulary import symptom_code
from leads.web.api.access import LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.auth import Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import place_of
from leads.web.insights.questions import of_place

routes = APIRouter(tags=["统计"])


class QuestionsAsked(BaseModel):
    """Which city, how far back, of what."""

    city: str = Field("", description="城市的名字或代码，all 是全部地区；不写是第一家诊所的。", max_length=40)
    span: Literal["today", "week", "month"] = Field("month", description="今天、近 7 天、近 30 天。")
    symptom: str = Field("", description="只看这个症状，代码或名称。", max_length=40)


class QuestionShape(BaseModel):
    """A question that at least five people asked; no words of a post."""

    symptom: str
    name: str
    kind: str = Field(description="问题的种类；自成一类的是空的。")
    title: str
    people: int
    unanswered: str = Field(description="其中没人回答的：一个数，或“不足 5”“绝大多数”。")


class QuestionsShape(BaseModel):
    """The most asked first."""

    city: str
    span: Literal["today", "week", "month"]
    questions: list[QuestionShape]


@routes.get("/insights/questions", response_model=QuestionsShape, openapi_extra=scoped("leads:read"))
def questions(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[QuestionsAsked, Query()]
) -> Response:
    """大家在问什么，多少人问，多少没人回答。"""
    return answer(request, listing(desk, caller.visitor, form))


def listing(desk: Desk, visitor: Visitor, form: QuestionsAsked) -> dict[str, object]:
    """The questions; raises QueryError for a city or symptom that cannot be asked about."""
    place = place_of(desk, visitor, form.city)
    code = symptom_code(form.symptom) if form.symptom.strip() else ""
    found = of_place(desk, visitor, place, form.span, symptom=code).value
    return {"city": place.city, "span": form.span, "questions": [each.to_json() for each in found]}
