"""Public accounts that shape a topic, and what the clinics' own accounts do."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from leads.records.accounts import PublicAccount
from leads.web.api.access import LeadsReader, MentionsReader, scoped
from leads.web.api.answers import answer
from leads.web.api.voice import VoiceAsked
from leads.web.desk import TheDesk
from leads.web.insights.accounts import own_accounts, public_accounts

routes = APIRouter(tags=["统计"])


class AccountsAsked(BaseModel):
    """About what."""

    specialty: str = Field("", description="科室的代码；不写是全部。", max_length=40)
    symptom: str = Field("", description="症状的代码或名称；不写是全部。", max_length=40)


class AccountShape(BaseModel):
    """A public account. Who it is stands nowhere here: its posts at their site say so."""

    kind: Literal["organisation", "professional"]
    source: str
    posts: int = Field(description="关于所问的帖子，至少 5。")
    all_posts: int = Field(description="关于任何症状的帖子。")
    reach: int = Field(description="这些帖子的回复、转发和赞，读到时网站自己的数字。")
    replies: int | None = Field(description="其中的回复；网站不给是 null。")
    topic: str = Field(description="写得最多的症状的代码。")
    urls: list[str] = Field(description="最新几条的原帖。")


class AccountsShape(BaseModel):
    """Those of most reach first; at most fifty."""

    accounts: list[AccountShape]


class ScoreShape(BaseModel):
    """What an account did."""

    account: str = Field(description="代号的前几位，同诊所页；all 里是空的。")
    posts: int
    answers: int
    answered: int | None = Field(description="第一个回答的提及；不足 5 是 null。")
    median_hours: float | None


class ScoreboardShape(BaseModel):
    """A clinic's own accounts in the last 26 weeks."""

    clinic: str
    mentions: int | None = Field(description="提及的总数；不足 5 是 null。")
    all: ScoreShape
    accounts: list[ScoreShape]


def shown(account: PublicAccount) -> dict[str, object]:
    """An account for programs."""
    return {
        "kind": account.kind,
        "source": account.source,
        "posts": account.posts,
        "all_posts": account.all_posts,
        "reach": account.reach,
        "replies": account.replies,
        "topic": account.topic,
        "urls": list(account.urls),
    }


@routes.get("/insights/accounts", response_model=AccountsShape, openapi_extra=scoped("leads:read"))
def accounts(
    request: Request, desk: TheDesk, caller: LeadsReader, form: Annotated[AccountsAsked, Query()]
) -> Response:
    """最近 26 周哪些机构和专业人员的公开账号在带动话题；没有私人账号，没有名字。"""
    found = public_accounts(desk, caller.visitor, specialty=form.specialty, symptom=form.symptom)
    return answer(request, {"accounts": [shown(each) for each in found]})


@routes.get("/insights/own-accounts", response_model=ScoreboardShape, openapi_extra=scoped("mentions:read"))
def scoreboard(
    request: Request, desk: TheDesk, caller: MentionsReader, form: Annotated[VoiceAsked, Query()]
) -> Response:
    """诊所自己的账号发了多少、回了多少、回答了几条提及、多久回答。"""
    return answer(request, own_accounts(desk, caller.visitor, form.clinic).to_json())
