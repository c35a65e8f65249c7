"""Leads: search with the lead page's own parameters, one lead, similar ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from leads.errors import QueryError
from leads.records import cases, feedback
from leads.scoring.expected import RECENT, expected_of
from leads.web.api import shapes
from leads.web.api.access import LeadsReader, scoped
from leads.web.api.answers import PREFIX, answer, listed
from leads.web.auth import Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights import similar as likeness
from leads.web.lead.case_form import subject
from leads.web.leads.search_form import LIST, LeadForm, lead_query

routes = APIRouter(tags=["线索"])
LeadId = Annotated[str, Path(description="线索的编号，来源/编号。", examples=["forum/1"])]
MOST = 200
MOST_SIMILAR = 20


class Search(LeadForm):
    """The parameters of the lead page's address, so that an address of one is an address of the other."""

    limit: int = Field(25, ge=1, le=MOST, description="一页几条。", examples=[25])


class Description(BaseModel):
    """In one's own words."""

    text: str = Field(min_length=1, max_length=likeness.LONGEST, description="用自己的话写的描述。")
    limit: int = Field(6, ge=1, le=MOST_SIMILAR, description="最多几条。")


class Likeness(BaseModel):
    """What leads are asked to be like."""

    lead_id: str = ""
    text: str = Field("", max_length=likeness.LONGEST)
    limit: int = Field(6, ge=1, le=MOST_SIMILAR)


def search(desk: Desk, visitor: Visitor, form: Search, *, now: datetime) -> dict[str, object]:
    """A page of what the lead page would show.

    Raises:
        QueryError: the criteria cannot be understood.
    """
    query = lead_query(form, visitor, limit=form.limit, now=now)
    page = desk.index.search(query, now=now)
    with desk.records.reading() as session:
        touched = cases.get_many(session, [hit.lead.id for hit in page.items])
        judged = feedback.judged(session, since=now - RECENT)
    following = form.next_url(page.cursor, now).removeprefix(LIST)
    limit = "&" + urlencode({"limit": form.limit})
    items = [shapes.hit(hit, touched.get(hit.lead.id)) for hit in page.items]
    told = expected_of((hit.lead for hit in page.items), judged)
    page_of = listed(items, f"{PREFIX}/leads{following}{limit}" if following else "")
    near = desk.index.precisions(query)
    return {**page_of, "expected": shapes.expected(told), "near": shapes.nearness(near)}


def one(desk: Desk, visitor: Visitor, lead_id: str) -> dict[str, object]:
    """A lead; raises 404 when it is not there or not this visitor's."""
    found = subject(desk, visitor, lead_id)
    if found.lead is None:
        raise HTTPException(404, "这条线索的帖子已经删除。")
    return shapes.lead(found.lead, found.case)


@routes.get("/leads", response_model=shapes.Hits, openapi_extra=scoped("leads:read"))
def search_leads(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[Search, Query()]
) -> Response:
    """搜索线索：参数和线索页的地址相同。"""
    return answer(request, search(desk, caller.visitor, form, now=desk.clock()))


@routes.get("/leads/{lead_id:path}", response_model=shapes.LeadShape, openapi_extra=scoped("leads:read"))
def get_lead(request: Request, desk: TheDesk, caller: LeadsReader, lead_id: LeadId) -> Response:
    """一条线索。"""
    return answer(request, one(desk, caller.visitor, lead_id))


@routes.get("/similar/{lead_id:path}", response_model=shapes.Leads, openapi_extra=scoped("leads:read"))
def similar_leads(
    request: Request,
    desk: TheDesk,
    caller: LeadsReader,
    lead_id: LeadId,
    limit: Annotated[int, Query(ge=1, le=MOST_SIMILAR, description="最多几条。")] = 6,
) -> Response:
    """说同一类事的线索，最像的在前。"""
    return answer(request, similar(desk, caller.visitor, Likeness(lead_id=lead_id, text="", limit=limit)))


@routes.post("/similar", response_model=shapes.Leads, openapi_extra=scoped("leads:read"))
def described_leads(request: Request, desk: TheDesk, caller: LeadsReader, asked: Description) -> Response:
    """和一段描述说同一类事的线索，最像的在前；描述不保存。"""
    return answer(request, similar(desk, caller.visitor, Likeness(**asked.model_dump())))


def similar(desk: Desk, visitor: Visitor, asked: Likeness) -> dict[str, object]:
    """Leads like a lead or, where none is named, like a text.

    Raises:
        HTTPException: 404, no such lead or not this visitor's.
        QueryError: neither is given.
    """
    if asked.lead_id:
        subject_of = subject(desk, visitor, asked.lead_id)
        if subject_of.lead is None:
            raise HTTPException(404, "这条线索的帖子已经删除。")
        seen = likeness.of_lead(desk, visitor, subject_of.lead, asked.limit)
    elif asked.text.strip():
        seen = likeness.of_text(desk, visitor, asked.text, asked.limit)
    else:
        raise QueryError("text 和 lead_id 都是空的：请写一段描述，或一条线索的编号。")
    with desk.records.reading() as session:
        touched = cases.get_many(session, [each.id for each in seen])
    return listed([shapes.lead(each, touched.get(each.id)) for each in seen])
