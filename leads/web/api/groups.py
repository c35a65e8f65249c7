"""Whom to gather in groups."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.insights.topics.topics import Turn
from leads.web.api.access import Caller, LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.desk import Desk, TheDesk
from leads.web.insights.asked import place_of
from leads.web.insights.groups import of_place
from nlp.symptoms.lexicon import Prevalence

routes = APIRouter(tags=["统计"])


class GroupsAsked(BaseModel):
    """Which city."""

    city: str = Field("", description="城市的名字或代码，all 是每个城市；不写是第一家诊所的。", max_length=40)


class GroupCellShape(BaseModel):
    """Leads of one district and stage of life."""

    district: str = Field(description="区县代码；空的是不知道哪个区，mixed 是其他区合起来，any 是全市。")
    stage: str = Field(
        description="child、pregnant、elder、student；空的是没说，mixed 是合起来的，any 是所有人。"
    )
    size: int = Field(description="线索，至少 5。")


class GroupShape(GroupCellShape):
    """People who might share a group."""

    parts: int = Field(description="超过一个群的上限时要分成几个群。")


class GroupNeedShape(BaseModel):
    """A need of a city."""

    city: str
    symptom: str
    name: str
    specialty: str
    size: int = Field(description="近 days 天的线索，各格之和。")
    days: int = Field(description="数了多少天：90，或更短，使它和话题的数相减不会露出不足 5 的数。")
    turn: Turn = Field(description="近 30 天和之前 10 周比。")
    season: list[int] | None = Field(description="多的月份；null 是还看不出。")
    course: Literal["acute", "chronic"]
    recurring: bool
    prevalence: Prevalence = Field(description="一年里有这事的人：5% 以上、0.5% 以上、更少。")
    verdict: Literal["lasting", "short", "none"]
    rule: str
    cells: list[GroupCellShape]
    groups: list[GroupShape]


class GroupsShape(BaseModel):
    """Needs for lasting groups first, then by size."""

    city: str
    until: date = Field(description="最后一天的后一天。")
    most: int = Field(description="一个群最多多少人。")
    broken: list[str] = Field(description="中断的来源，没有算进走势。")
    new: list[str] = Field(description="太新的来源，没有算进走势。")
    needs: list[GroupNeedShape]


@routes.get("/insights/groups", response_model=GroupsShape, openapi_extra=scoped("leads:read"))
def groups(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[GroupsAsked, Query()]
) -> Response:
    """哪种需求适合建群、在哪个区、是哪些人、建多久。"""
    return answer(request, listing(desk, caller, form.city))


def listing(desk: Desk, caller: Caller, city: str) -> dict[str, object]:
    """The same as plain values."""
    place = place_of(desk, caller.visitor, city)
    return of_place(desk, caller.visitor, place).value.to_json()
