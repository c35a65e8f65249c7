"""每日十问 for programs: the ten of today, and one answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.actions import ten_questions
from leads.actions.ten_questions import Correction, TodaysQuestion
from leads.models import Assent
from leads.web.api.access import LeadsReader, LeadsWriter, scoped
from leads.web.api.answers import answer, listed
from leads.web.api.leads import LeadId
from leads.web.api.once import DoOnce
from leads.web.desk import TheDesk
from nlp.models import IntentLabel

routes = APIRouter(tags=["每日十问"])
LONGEST = 60  # characters of words and names, more than is taken
Answer = IntentLabel | Literal["skip"]


class QuestionOfToday(BaseModel):
    """One of today's ten. What the model thinks is left out: it would sway who answers."""

    lead_id: str
    answer: Answer | Literal[""] = Field(description="答过的是什么；skip 是跳过，空是还没有答。")
    text: str = Field(description="帖子的文字；已经删除的是空。")


class QuestionsOfToday(BaseModel):
    """At most ten, those that are done first."""

    items: list[QuestionOfToday]
    next: str | None


class CorrectionBody(BaseModel):
    """What was found is right or wrong; words of the post with what they mean teach it, both or none."""

    model_config = ConfigDict(extra="forbid")

    assent: Assent = ""
    words: str = Field(default="", max_length=LONGEST, description="帖子里的原话。")
    name: str = Field(default="", max_length=LONGEST, description="它的意思：症状或地点的名称。")

    def correction(self) -> Correction:
        return Correction(assent=self.assent, words=self.words, name=self.name)


class TenAnswer(BaseModel):
    """What a post is, and what is said of the symptom and the place that were found."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"answer": "seeker"}]})

    answer: Answer = Field(description="六种意图之一；skip 是跳过，明天再问。")
    symptom: CorrectionBody = CorrectionBody()
    place: CorrectionBody = CorrectionBody()


class TenAnswered(BaseModel):
    """`kept` is false when it was answered today before: nothing was changed then."""

    lead_id: str
    answer: Answer
    kept: bool


@routes.get("/ten", response_model=QuestionsOfToday, openapi_extra=scoped("leads:read"))
def list_ten(request: Request, desk: TheDesk, caller: LeadsReader) -> Response:
    """今天的十问：答过的在前，后面是依次要问的。看不改变什么。"""
    found = ten_questions.todays(
        desk.records, desk.index, who=caller.who, may_see=caller.visitor.may_see_lead, now=desk.clock()
    )
    return answer(request, listed([_shown(each) for each in found]))


@routes.post("/ten/{lead_id:path}", response_model=TenAnswered, openapi_extra=scoped("leads:write"))
def answer_one(
    desk: TheDesk, caller: LeadsWriter, once: DoOnce, lead_id: LeadId, asked: TenAnswer
) -> Response:
    """回答一条：记成令牌主人的判断，训练时会学进去；一天最多十条。"""
    lead = desk.index.get(lead_id)
    if lead is None or not caller.visitor.may_see_lead(lead):
        raise HTTPException(404, "这条帖子已经不在了。")

    def work(session: Session) -> tuple[int, dict[str, object]]:
        kept = ten_questions.keep(
            session,
            lead,
            asked.answer,
            who=caller.who,
            now=desk.clock(),
            symptom=asked.symptom.correction(),
            place=asked.place.correction(),
        )
        return 200, {"lead_id": lead_id, "answer": asked.answer, "kept": kept}

    return once(caller, asked, work)


def _shown(each: TodaysQuestion) -> dict[str, object]:
    text = each.lead.post.full_text if each.lead else ""
    return {"lead_id": each.lead_id, "answer": each.answer, "text": text}
