"""Cases: how far the work on a lead is, its history, and changing it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from leads.actions.change_case import sync_index
from leads.models import BEIJING, CaseStatus
from leads.records import caseload, cases
from leads.records.caseload import CaseLimits, Wanted
from leads.records.cases import LONGEST_REASON, MOST_YUAN
from leads.web.api import shapes
from leads.web.api.access import LeadsReader, LeadsWriter, scoped
from leads.web.api.answers import (
    PREFIX,
    IfMatch,
    answer,
    from_cursor,
    listed,
    to_cursor,
    version_meant,
)
from leads.web.api.leads import LeadId
from leads.web.api.once import DoOnce
from leads.web.auth import Visitor
from leads.web.desk import Number, TheDesk
from leads.web.lead.case_form import subject, to_change

routes = APIRouter(tags=["跟进"])


class CaseSearch(BaseModel):
    """Which cases; nothing given: all that are open."""

    assignee: str | None = Field(None, description="用户名；空字符串是没有负责人的。", max_length=64)
    status: CaseStatus | None = Field(None, description="不写是所有没结束的。")
    clinic: str | None = Field(None, description="诊所 id。", max_length=40)
    due: Literal["overdue", "today", "week", "none", "snoozed"] | None = Field(
        None, description="跟进日期；snoozed 是暂缓中的，别的都不含它们。"
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", description="来自 next。", max_length=200)


class CasePatch(BaseModel):
    """What to change; what is left out stays. "" takes an assignee or clinic away, null a date or value."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "replied", "assignee": "", "version": 0}]}
    )

    status: CaseStatus | None = None
    reason: str | None = Field(None, max_length=LONGEST_REASON, description="排除的理由。")
    assignee: str | None = Field(None, max_length=64, description="用户名。")
    clinic_id: str | None = Field(None, max_length=40)
    due_on: date | None = None
    snoozed_until: date | None = Field(None, description="暂缓到哪天；到那天自己回来。")
    value_yuan: int | None = Field(None, ge=0, le=MOST_YUAN)
    version: Number | None = Field(None, description="改的是哪一版；也可以用 If-Match。")

    def values(self) -> dict[str, str]:
        """As the page's form would send them."""
        given = self.model_dump(exclude_unset=True, exclude={"version"})
        may_be_none = ("due_on", "value_yuan", "snoozed_until")
        return {
            name: "" if value is None else str(value)
            for name, value in given.items()
            if value is not None or name in may_be_none
        }


@routes.get("/cases", response_model=shapes.Cases, openapi_extra=scoped("leads:read"))
def list_cases(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[CaseSearch, Query()]
) -> Response:
    """跟进中的线索：最急的在前。"""
    start = from_cursor(form.cursor, int)
    offset = min(max(start[0], 0), 1_000_000) if start else 0
    wanted = Wanted(
        assignee=form.assignee, status=form.status or "", clinic_id=form.clinic, due=form.due or ""
    )
    today = desk.clock().astimezone(BEIJING).date()
    with desk.records.reading() as session:
        found = caseload.listed(
            session,
            wanted,
            today=today,
            limits=_limits(caller.visitor),
            limit=form.limit + 1,
            offset=offset,
        )
    items = [shapes.case(row.lead_id, row) for row in found[: form.limit]]
    return answer(request, listed(items, _next(form, offset) if len(found) > form.limit else ""))


def _next(form: CaseSearch, offset: int) -> str:
    kept = form.model_dump(exclude_none=True, exclude={"cursor"})
    return f"{PREFIX}/cases?" + urlencode({**kept, "cursor": to_cursor(offset + form.limit)})


def _limits(visitor: Visitor) -> CaseLimits | None:
    if not visitor.restricted:
        return None
    return CaseLimits(clinic_ids=[clinic.id for clinic in visitor.clinics], login=visitor.login)


@routes.get("/cases/{lead_id:path}", response_model=shapes.CaseShape, openapi_extra=scoped("leads:read"))
def get_case(request: Request, desk: TheDesk, caller: LeadsReader, lead_id: LeadId) -> Response:
    """一条线索的跟进；还没有人动过的是 new、version 0。"""
    return answer(request, shapes.case(lead_id, subject(desk, caller.visitor, lead_id).case))


@routes.get("/history/{lead_id:path}", response_model=shapes.Events, openapi_extra=scoped("leads:read"))
def case_history(request: Request, desk: TheDesk, caller: LeadsReader, lead_id: LeadId) -> Response:
    """每次改动：谁、什么时候、从什么改成什么。"""
    subject(desk, caller.visitor, lead_id)
    with desk.records.reading() as session:
        return answer(request, listed([shapes.event(each) for each in cases.history(session, lead_id)]))


@routes.patch("/cases/{lead_id:path}", response_model=shapes.CaseShape, openapi_extra=scoped("leads:write"))
def change_case(
    desk: TheDesk,
    caller: LeadsWriter,
    once: DoOnce,
    lead_id: LeadId,
    asked: CasePatch,
    if_match: IfMatch = None,
) -> Response:
    """改跟进。带上 version 或 If-Match：别人先改了就是 409，message 说改了什么；都不带就改现在的。"""
    subject(desk, caller.visitor, lead_id)
    version = version_meant(if_match, asked.version)
    wanted = to_change(asked.values(), caller.visitor, version=version)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        cases.change(session, {lead_id: wanted}, who=caller.who, now=desk.clock())
        return 200, shapes.case(lead_id, cases.get(session, lead_id))

    response = once(caller, asked, work)
    sync_index(desk.records, desk.index)
    return response
