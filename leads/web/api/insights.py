"""Insights: a stretch of time in numbers, and how leads spread."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.alerts.messages.digest import open_cases, share_of_voice
from leads.errors import QueryError
from leads.index.base import FACETS
from leads.insights.funnel import BY, funnel, groups
from leads.insights.summary import (
    Stretch,
    gap_sentences,
    lists_of,
    read_leads,
    read_mentions,
    summarise,
    unplaced_of,
)
from leads.models import BEIJING
from leads.records import mentions
from leads.web.api.access import LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.desk import TheDesk
from leads.web.funnel.page import seen_journeys
from leads.web.leads.search_form import LeadForm, lead_query
from leads.web.pages.coverage import source_lines

routes = APIRouter(tags=["统计"])
MOST_DAYS = 92


class Period(BaseModel):
    """A stretch of whole days of Beijing, the last one included."""

    days: int = Field(7, ge=1, le=MOST_DAYS, description="多少天，到 until 为止。")
    until: str = Field(
        "", description="最后一天，2026-11-21；不写是昨天。", pattern=r"^(\d{4}-\d{2}-\d{2})?$"
    )
    clinic: str = Field("", description="诊所 id；不写是所有能看的。", max_length=40)

    def stretch(self, now: datetime) -> Stretch:
        """Raises QueryError where there is no such day."""
        today = now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            end = datetime.fromisoformat(self.until).replace(tzinfo=BEIJING) if self.until else None
            until = end + timedelta(days=1) if end else today
            since = (until - timedelta(days=self.days)).astimezone(UTC)
            stretch = Stretch(since=since, until=until.astimezone(UTC), zone=BEIJING, days=self.days)
            stretch.first  # noqa: B018 - whether the calendar reaches back that far
        except (ValueError, OverflowError):
            raise QueryError(f"until {self.until!r} 不是一天：请写成 2026-11-21。") from None
        return stretch


class CountedShape(BaseModel):
    """How often something came, and how often in the stretch before."""

    name: str
    count: int
    before: int


class VoiceShape(BaseModel):
    """How a clinic was spoken of."""

    clinic: str
    total: int
    before: int
    praise: int
    complaint: int
    grave: int
    rivals: list[tuple[str, int]] = Field(description="声量：名字和帖数，含诊所自己；没有同行被提到时为空。")


class ListedShape(BaseModel):
    """A list of leads: how many it has, and the query string of the desk's list that shows them."""

    name: str
    count: int
    query: str
    maybe: int = Field(default=0, description="旁边可能在附近的几条：不在任何别的数字里。")
    maybe_query: str = Field(default="", description="只列出它们的搜索。")


class SummaryShape(BaseModel):
    """A stretch of time in numbers; no words of a post. Symptoms are codes, places six-digit adcodes."""

    since: datetime
    until: datetime
    leads: int
    leads_before: int
    urgent: int = Field(description="需求 0.7 以上的线索。")
    days: list[tuple[str, int]]
    symptoms: list[CountedShape]
    places: list[CountedShape]
    risen: list[CountedShape]
    voices: list[VoiceShape]
    gaps: list[str]
    waiting: list[CountedShape] = Field(description="没结束的跟进，按状态。")
    overdue: int
    lists: list[ListedShape] = Field(description="每家诊所的线索列表：数字和列表一样。")
    unplaced: ListedShape | None = Field(description="不知道在哪里的线索，不在上面的数字里。")
    cut: bool = Field(description="线索太多，没有数完。")


class FacetsShape(BaseModel):
    """How the leads that match spread: value → count."""

    total: int
    facets: dict[str, dict[str, int]]


@routes.get("/insights/summary", response_model=SummaryShape, openapi_extra=scoped("leads:read"))
def summary(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[Period, Query()]
) -> Response:
    """一段时间的数字，和之前同样长的一段相比。"""
    now, visitor = desk.clock(), caller.visitor
    stretch = form.stretch(now)
    chosen = [clinic for clinic in visitor.clinics if form.clinic in ("", clinic.id)]
    if form.clinic and not chosen:
        raise QueryError(f"clinic {form.clinic!r} 不认识：请用 /api/v1/clinics 里的 id。")
    limited = chosen if visitor.restricted or form.clinic else None
    with desk.records.reading() as session:
        waiting, overdue = open_cases(session, limited, stretch.until)
        rivals = share_of_voice(session, chosen, stretch)
        others = mentions.others(session)
    gaps = [] if visitor.restricted else [line.state for line in source_lines(desk, now)]
    found = summarise(
        stretch,
        leads=read_leads(desk.index, stretch, chosen if visitor.restricted or chosen else None, now=now),
        lists=lists_of(desk.index, stretch, chosen),
        unplaced=unplaced_of(desk.index, stretch, chosen) if chosen else None,
        mentions=read_mentions(desk.index, stretch, chosen, others),
        clinics=chosen,
        gaps=gap_sentences(gaps, stretch.since),
        waiting=waiting,
        overdue=overdue,
        rivals=rivals,
    )
    return answer(request, found.to_json())


class FunnelSearch(BaseModel):
    """Which cases: those somebody began to work on within some time."""

    since: str = Field("90d", description="7d、90d，或 2026-11-01（北京时间）；all 是全部。", max_length=40)
    clinic: str = Field("", description="诊所 id；不写是所有能看的。", max_length=40)


class FunnelStageShape(BaseModel):
    """How far: counts, which part of the stage before, and the median of the hours from there."""

    stage: str
    count: int
    rate: float | None
    hours: float | None


class FunnelGroupShape(BaseModel):
    """The funnel of one source, rule or person ("": of none)."""

    name: str
    stages: list[FunnelStageShape]


class FunnelShape(BaseModel):
    """The whole funnel, then by source, rule and person."""

    stages: list[FunnelStageShape]
    source: list[FunnelGroupShape]
    rule: list[FunnelGroupShape]
    person: list[FunnelGroupShape]


@routes.get("/insights/funnel", response_model=FunnelShape, openapi_extra=scoped("leads:read"))
def case_funnel(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[FunnelSearch, Query()]
) -> Response:
    """跟进漏斗：走到每一步的有多少、占上一步多少、离上一步多久（中位数），分来源、规则、负责人。"""
    found = seen_journeys(desk, caller.visitor, form.since, form.clinic)
    body = {"stages": funnel(found)} | {by: groups(found, by) for by in BY}
    return answer(request, body)


@routes.get("/insights/facets", response_model=FacetsShape, openapi_extra=scoped("leads:read"))
def facets(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[LeadForm, Query()]
) -> Response:
    """符合条件的线索怎么分布：症状、科室、城市、来源、日期、状态、负责人、意图、地点精度。"""
    query = lead_query(form, caller.visitor, limit=1, now=desk.clock())
    body: dict[str, object] = {
        "total": desk.index.count(query),
        "facets": {name: dict(counts) for name, counts in desk.index.facets(query, FACETS).items()},
    }
    return answer(request, body)
