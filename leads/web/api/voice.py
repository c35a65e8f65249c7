"""How clinics, doctors and competitors are spoken of."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.insights.voice import spread
from leads.web.api.access import MentionsReader, scoped
from leads.web.api.answers import answer
from leads.web.api.mentions import MentionId
from leads.web.desk import TheDesk
from leads.web.insights.voice import of_clinic
from leads.web.mentions.mention import known_mention

routes = APIRouter(tags=["统计"])


class VoiceAsked(BaseModel):
    """Whose voice."""

    clinic: str = Field("", description="诊所 id；不写是第一家能看的。", max_length=120)


class VoiceWeeks(BaseModel):
    """Weeks that are counted together."""

    since: date
    until: date = Field(description="最后一天的后一天。")
    count: int


class NamedShape(BaseModel):
    """A name in the window."""

    whose: Literal["own", "doctor", "rival"]
    name: str
    total: int
    share: float | None = Field(description="在诊所和竞争对手里占多少；医生算在诊所里，没有。")
    moods: dict[str, int] = Field(description="praise、neutral、complaint；不足 5 的不在里面。")
    rest: int = Field(description="其余的合起来。")
    grave: int | None = Field(description="较重的不满；不能单独说时是 null。")
    weeks: list[VoiceWeeks]


class AspectShape(BaseModel):
    """What is said about one thing."""

    code: str
    name: str
    praise: int = Field(description="不足 5 是 0。")
    praise_words: list[str]
    complaint: int = Field(description="不足 5 是 0。")
    complaint_words: list[str]


class VoiceTableShape(BaseModel):
    """A clinic's voice in the last 26 weeks."""

    clinic: str
    since: date
    until: date = Field(description="最后一天的后一天。")
    names: list[NamedShape]
    few: list[str] = Field(description="说到的不足 5 的名字。")
    aspects: list[AspectShape]
    sources: dict[str, int] = Field(description="诊所自己的提及来自哪里；不足 5 的合在 other_sources 里。")
    other_sources: int
    cut: bool = Field(description="提及太多，只看了最新的 5,000 条。")


class SpreadStep(BaseModel):
    """Hours since the post."""

    from_hour: int
    to_hour: int = Field(description="到这个小时之前。")
    count: int


class SpreadShape(BaseModel):
    """What answered or repeated a post, as far as it was read."""

    mention: str
    total: int = Field(description="不足 5 是 0。")
    more: bool = Field(description="有，但不足 5。")
    replies: int
    reposts: int
    steps: list[SpreadStep]


@routes.get("/insights/voice", response_model=VoiceTableShape, openapi_extra=scoped("mentions:read"))
def voice(
    request: Request, desk: TheDesk, caller: MentionsReader, form: Annotated[VoiceAsked, Query()]
) -> Response:
    """诊所、医生和竞争对手各被说到多少，怎么说的。"""
    return answer(request, of_clinic(desk, caller.visitor, form.clinic).to_json())


@routes.get(
    "/insights/spread/{mention_id:path}", response_model=SpreadShape, openapi_extra=scoped("mentions:read")
)
def spread_of(request: Request, desk: TheDesk, caller: MentionsReader, mention_id: MentionId) -> Response:
    """一条提及发出后两周内怎么传开：读到的回复和转发，按小时。"""
    found = known_mention(desk, caller.visitor, mention_id)
    return answer(request, {"mention": found.id, **spread.find(desk.records, found.post).to_json()})
