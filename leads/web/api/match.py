"""Who should see the writer of a text."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from leads.actions.match import LONGEST
from leads.models import Precision
from leads.web.api.access import Caller, LeadsReader, scoped
from leads.web.api.answers import answer
from leads.web.api.clinics import DoctorShape
from leads.web.desk import Desk, TheDesk
from leads.web.pages.match import of_text

routes = APIRouter(tags=["诊所"])


class MatchAsked(BaseModel):
    """A text and where its writer is."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "后槽牙疼了三天", "place": "成都武侯区"}]}
    )

    text: str = Field(min_length=1, max_length=LONGEST, description="描述；不保存，也不写进日志。")
    place: str = Field("", max_length=60, description="人在哪里；文字里写了就不用。")


class ReasonShape(BaseModel):
    """Words of the text and what they name."""

    words: str
    symptom: str


class FieldShape(BaseModel):
    """A likely specialty."""

    code: str
    name: str
    reasons: list[ReasonShape]


class OfferShape(BaseModel):
    """A clinic within reach, and its doctors who treat it."""

    id: str
    name: str
    distance_km: float | None = Field(description="到诊所；只知道区县时从区县中心算。null 是不知道在哪里。")
    precision: Precision | None
    doctors: list[DoctorShape]


class MatchShape(BaseModel):
    """No diagnosis."""

    note: str
    specialties: list[FieldShape]
    urgent: list[str] = Field(description="几小时内就该看的。")
    place: str
    clinics: list[OfferShape] = Field(description="近的在前。")
    questions: list[str] = Field(description="先问什么。")


@routes.post("/match", response_model=MatchShape, openapi_extra=scoped("leads:read"))
def match(request: Request, desk: TheDesk, caller: LeadsReader, asked: MatchAsked) -> Response:
    """找对人：一段描述该看哪一科、附近哪家诊所哪位医生看、先问什么。不是诊断；文字不保存。"""
    return answer(request, of_asked(desk, caller, asked))


def of_asked(desk: Desk, caller: Caller, asked: MatchAsked) -> dict[str, object]:
    """The same as plain values; raises QueryError."""
    return of_text(desk, caller.visitor, asked.text, asked.place).to_json()
