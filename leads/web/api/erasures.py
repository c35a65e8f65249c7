"""Erasure: a post, or everything by one author, now and for good."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from leads.actions.erase import erase
from leads.records import erasures
from leads.records.erasures import LONGEST_KEY, LONGEST_REASON, ErasureKind
from leads.records.tables.work import Erasure
from leads.web.api.access import Eraser, scoped
from leads.web.api.answers import PREFIX, answer, from_cursor, listed, to_cursor
from leads.web.api.once import DoOnce
from leads.web.desk import TheDesk

routes = APIRouter(tags=["删除"])


class ToErase(BaseModel):
    """What somebody wants forgotten."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "post", "key": "forum/1002", "reason": "本人要求"}]},
    )

    kind: ErasureKind
    key: str = Field(
        min_length=1,
        max_length=LONGEST_KEY,
        description="帖子的编号、网址或一段原文（十二个字以上）；删作者时是他任一帖子的，或 author_key。",
    )
    reason: str = Field("", max_length=LONGEST_REASON, description="为什么；不要写人名。")


class ErasedShape(BaseModel):
    """What was done."""

    kind: ErasureKind
    key: str
    at: datetime
    posts: int = Field(description="这里存着的有几条；0 也算成功：以后不会再存。")
    receipt: str = Field("", description="回执编号：给本人的，看不出是谁。")


class TombShape(BaseModel):
    """What is never stored again."""

    kind: ErasureKind
    key: str
    at: datetime
    who: str
    reason: str
    receipt: str = Field("", description="回执编号。")


class Tombs(BaseModel):
    """A page of them, in the order of their keys."""

    items: list[TombShape]
    next: str | None


def _tomb(row: Erasure) -> dict[str, object]:
    return {name: getattr(row, name) for name in TombShape.model_fields} | {"receipt": erasures.receipt(row)}


@routes.post("/erasures", response_model=ErasedShape, status_code=201, openapi_extra=scoped("erase"))
def erase_for_good(desk: TheDesk, caller: Eraser, once: DoOnce, asked: ToErase) -> Response:
    """立即删除线索、提及、备注、反馈和提醒里的内容，确认查不到；以后采集到也不再存。重复做没有害处。"""
    before = once.before(caller, asked)
    if before is not None:
        return before
    done = erase(
        desk.records,
        desk.index,
        asked.kind,
        asked.key,
        who=caller.who,
        now=desk.clock(),
        reason=asked.reason,
        settings=desk.settings,
    )

    def work(session: Session) -> tuple[int, dict[str, object]]:
        told = {"kind": done.kind, "key": done.key, "at": done.at, "posts": done.posts}
        return 201, told | {"receipt": done.receipt}

    return once(caller, asked, work)


@routes.get("/erasures", response_model=Tombs, openapi_extra=scoped("erase"))
def list_erasures(
    request: Request,
    desk: TheDesk,
    caller: Eraser,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str, Query(description="来自 next。")] = "",
) -> Response:
    """删除过什么。"""
    start = from_cursor(cursor, str)
    with desk.records.reading() as session:
        found = erasures.listed(session, limit=limit + 1, after=start[0] if start else "")
    following = {"limit": limit, "cursor": to_cursor(found[limit - 1].key)} if len(found) > limit else {}
    next_url = f"{PREFIX}/erasures?{urlencode(following)}" if following else ""
    return answer(request, listed([_tomb(row) for row in found[:limit]], next_url))
