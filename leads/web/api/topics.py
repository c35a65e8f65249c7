"""Topics: what a city speaks of, against its own past."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.web.api.access import LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.auth import Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import place_of
from leads.web.insights.topics import of_city

routes = APIRouter(tags=["统计"])


class TopicsAsked(BaseModel):
    """Which city and how far back."""

    city: str = Field("", description="城市的名字或代码；不写是第一家诊所的。", max_length=40)
    span: Literal["today", "week", "month"] = Field("week", description="今天、近 7 天、近 30 天。")
    specialty: str = Field("", description="只看这个科室的代码。", max_length=40)


class TopicShape(BaseModel):
    """One symptom, disease or treatment in the span."""

    code: str
    name: str
    specialty: str
    count: int = Field(description="线索数；不足 5 是 0。")
    more: bool = Field(description="另有不足 5 条，不能说是几条。")
    turn: Literal["rise", "fall", "steady", "unknown"] = Field(description="和往常比。")
    seen: int = Field(description="可以比较的来源里的线索数；不足 5 是 0。")
    usual: float = Field(description="这些来源往常的数。")


class TopicTableShape(BaseModel):
    """What a city speaks of in a span."""

    city: str
    span: Literal["today", "week", "month"]
    since: date
    until: date = Field(description="最后一天的后一天。")
    total: int
    rest: int = Field(description="不足 5 条的话题合起来；合起来也不足 5 是 0。")
    broken: list[str] = Field(description="中断的来源，没有参与比较。")
    new: list[str] = Field(description="太新的来源，没有参与比较。")
    comparable: bool
    topics: list[TopicShape]


@routes.get("/insights/topics", response_model=TopicTableShape, openapi_extra=scoped("leads:read"))
def topics(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[TopicsAsked, Query()]
) -> Response:
    """一座城市在说什么，和它自己的往常比。"""
    return answer(request, listing(desk, caller.visitor, form))


def listing(desk: Desk, visitor: Visitor, form: TopicsAsked) -> dict[str, object]:
    """The topics; raises QueryError for a city that cannot be asked about."""
    place = place_of(desk, visitor, form.city)
    return of_city(desk, visitor, place.area, form.span, specialty=form.specialty).value.to_json()
