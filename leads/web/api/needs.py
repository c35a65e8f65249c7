"""Needs that stay without an answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.web.api.access import LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.auth import Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import place_of
from leads.web.insights.needs import of_place

routes = APIRouter(tags=["统计"])


class NeedsAsked(BaseModel):
    """Which city and how far back."""

    city: str = Field("", description="城市的名字或代码，all 是全部地区；不写是第一家诊所的。", max_length=40)
    span: Literal["today", "week", "month"] = Field("month", description="昨天、到昨天的 7 天、30 天。")


class NeedShape(BaseModel):
    """A need in a district."""

    district: str
    symptom: str
    name: str
    unanswered: int = Field(description="没人回答的线索，至少 5。")
    asked: int = Field(description="知道有没有人回答的线索；和 unanswered 相等时，被回答的不足 5。")
    usual: float = Field(description="这座城市平常没人回答的比例。")


class NeedsShape(BaseModel):
    """The most striking first."""

    city: str
    span: Literal["today", "week", "month"]
    needs: list[NeedShape]


@routes.get("/insights/needs", response_model=NeedsShape, openapi_extra=scoped("leads:read"))
def needs(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[NeedsAsked, Query()]
) -> Response:
    """哪个区的哪种需求没人回答。"""
    return answer(request, listing(desk, caller.visitor, form))


def listing(desk: Desk, visitor: Visitor, form: NeedsAsked) -> dict[str, object]:
    """The needs; raises QueryError for a city that cannot be asked about."""
    place = place_of(desk, visitor, form.city)
    found = of_place(desk, visitor, place, form.span).value
    return {"city": place.city, "span": form.span, "needs": [each.to_json() for each in found]}
