"""Notes and judgements about leads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.records import feedback, notes
from leads.records.clinics import clinics
from leads.records.feedback import LONGEST_REASON, FeedbackKind
from leads.web.api import shapes
from leads.web.api.access import LeadsReader, LeadsWriter, scoped
from leads.web.api.answers import answer, listed
from leads.web.api.leads import LeadId
from leads.web.api.once import DoOnce
from leads.web.desk import Number, TheDesk
from leads.web.lead.case_form import people_for, subject
from nlp.models import IntentLabel

routes = APIRouter(tags=["备注和反馈"])


class NewNote(BaseModel):
    """What to write down."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "周三下午再联系"}]})

    text: str = Field(min_length=1, max_length=notes.LONGEST)


class NewJudgement(BaseModel):
    """What the lead really is, or what is wrong about its tags. `intent` goes with "not_lead"."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "not_lead", "intent": "advert"}]}
    )

    kind: FeedbackKind
    intent: IntentLabel | None = None
    reason: str = Field("", max_length=LONGEST_REASON)


@routes.get("/notes/{lead_id:path}", response_model=shapes.Notes, openapi_extra=scoped("leads:read"))
def list_notes(request: Request, desk: TheDesk, caller: LeadsReader, lead_id: LeadId) -> Response:
    """一条线索的备注，先写的在前。"""
    subject(desk, caller.visitor, lead_id)
    with desk.records.reading() as session:
        return answer(request, listed([shapes.note(each) for each in notes.of(session, lead_id)]))


@routes.post(
    "/notes/{lead_id:path}",
    response_model=shapes.NoteShape,
    status_code=201,
    openapi_extra=scoped("leads:write"),
)
def add_note(desk: TheDesk, caller: LeadsWriter, once: DoOnce, lead_id: LeadId, asked: NewNote) -> Response:
    """写一条备注。"""
    found = subject(desk, caller.visitor, lead_id)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        people = people_for(session, found.lead, clinics(session))
        made = notes.add(session, lead_id, asked.text, who=caller.who, now=desk.clock(), people=people)
        return 201, shapes.note(made)

    return once(caller, asked, work)


@routes.get("/feedback/{lead_id:path}", response_model=shapes.Judgements, openapi_extra=scoped("leads:read"))
def list_feedback(request: Request, desk: TheDesk, caller: LeadsReader, lead_id: LeadId) -> Response:
    """大家对一条线索的判断。"""
    subject(desk, caller.visitor, lead_id)
    with desk.records.reading() as session:
        return answer(request, listed([shapes.judgement(each) for each in feedback.of(session, lead_id)]))


@routes.post(
    "/feedback/{lead_id:path}",
    response_model=shapes.JudgementShape,
    status_code=201,
    openapi_extra=scoped("leads:write"),
)
def add_feedback(
    desk: TheDesk, caller: LeadsWriter, once: DoOnce, lead_id: LeadId, asked: NewJudgement
) -> Response:
    """是不是线索，症状、地点对不对：训练时会学进去。"""
    found = subject(desk, caller.visitor, lead_id).lead
    if found is None:
        raise HTTPException(404, "这条线索的帖子已经删除。")

    def work(session: Session) -> tuple[int, dict[str, object]]:
        row = feedback.add(
            session,
            found,
            asked.kind,
            intent=asked.intent or "",
            reason=asked.reason,
            who=caller.who,
            now=desk.clock(),
        )
        return 201, shapes.judgement(row)

    return once(caller, asked, work)


@routes.delete("/feedback/{lead_id:path}", status_code=204, openapi_extra=scoped("leads:write"))
def take_feedback_back(
    desk: TheDesk,
    caller: LeadsWriter,
    once: DoOnce,
    lead_id: LeadId,
    judgement: Annotated[Number, Query(description="判断的 id。")],
) -> Response:
    """撤回自己的一个判断。"""
    subject(desk, caller.visitor, lead_id)

    def work(session: Session) -> tuple[int, None]:
        if not feedback.take_back(session, judgement, lead_id=lead_id, who=caller.who):
            raise HTTPException(404, "没有这个判断，或不是令牌主人作的。")
        return 204, None

    done = once(caller, None, work)
    desk.records.cut_log()
    return done
