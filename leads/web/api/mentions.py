"""Mentions: who speaks of the clinics, and what has been done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from leads.actions.change_mention import change as change_and_learn
from leads.clinics.strangers import LONGEST_WORD
from leads.index.base import Stored
from leads.models import Mention, MentionState
from leads.records import cases, mentions, users
from leads.web.api import shapes
from leads.web.api.access import MentionsReader, MentionsWriter, scoped
from leads.web.api.answers import (
    PREFIX,
    IfMatch,
    answer,
    from_cursor,
    listed,
    to_cursor,
    version_meant,
)
from leads.web.api.notes import NewNote
from leads.web.api.once import DoOnce
from leads.web.auth import Visitor
from leads.web.desk import Desk, Number, TheDesk
from leads.web.mentions.mention import known_mention
from leads.web.mentions.search import find, read
from leads.web.mentions.view import EVERY, MentionForm
from leads.web.mentions.work import ALWAYS, WORD, MentionAsked, people_of, to_mention_change

routes = APIRouter(tags=["提及"])
MOST = 10_000  # of a clinic, the newest; Elasticsearch gives no more at once
MentionId = Annotated[str, Path(description="提及的编号，来源/编号#诊所。", examples=["forum/1#anhe"])]


class MentionSearch(MentionForm):
    """The parameters of the mentions page, page by page."""

    q: str = Field("", description="搜索词，写法同线索。", examples=["服务"])
    clinic: str = Field("", description="诊所 id；不写是所有能看的。", examples=["anhe"])
    polarity: str = Field("", description="praise、complaint 或 neutral。", examples=["complaint"])
    kind: str = Field("", description="complaint、dispute、injury 或 media。")
    severity: str = Field("", description="至少这么重：medium、high、critical。")
    since: str = Field("", description="7d、12h，或 2026-11-01（北京时间）。", examples=["30d"])
    state: str = Field(
        EVERY,
        description="open、working、done、not_us；空的是没处理完的，all 是除了 not_us 的全部。",
        examples=["open"],
    )
    who: str = Field("", description="负责人的用户名；me 是令牌主人，none 是没有负责人的。")
    sort: str = Field("newest", description="newest 或 severity（先重后轻）。")
    page: str = Field("", description="网页用的，这里不看。")
    limit: int = Field(50, ge=1, le=200, description="一页几条。")
    cursor: str = Field("", description="来自 next，不要自己写。")


class MentionPatch(BaseModel):
    """What to change; what is left out stays. "" takes the assignee away. With "not_us": `word` shows that
    somebody else is meant, `always` that this way of writing the name never means the clinic."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"state": "working", "version": 0}]}
    )

    state: MentionState | None = None
    assignee: str | None = Field(None, max_length=64, description="用户名。")
    word: str = Field("", max_length=LONGEST_WORD, description="说明是别家的词，只和 not_us 一起用。")
    always: bool = Field(False, description="这种写法从来不是这家，只和 not_us 一起用。")
    version: Number | None = Field(None, description="改的是哪一版；也可以用 If-Match。")

    def asked(self, version: int | None) -> MentionAsked:
        """As the page's form would send it."""
        return MentionAsked(
            state=self.state,
            assignee=self.assignee,
            version="" if version is None else str(version),
            because=ALWAYS if self.always else WORD if self.word else "",
            word=self.word,
        )


def listing(desk: Desk, visitor: Visitor, form: MentionSearch, *, now: datetime) -> dict[str, object]:
    """A page of what the mentions page would show.

    Raises:
        QueryError: a filter or the cursor cannot be understood.
    """
    after, order = from_cursor(form.cursor, int, int, str), form.order()
    heads = find(desk, visitor, form, now, most=MOST).heads
    rest = heads if after is None else [head for head in heads if order(head) > tuple(after)]
    chosen = rest[: form.limit]
    items = _shown(desk, visitor, read(desk, chosen))
    more = len(rest) > form.limit
    return listed(items, PREFIX + form.url(cursor=to_cursor(*order(chosen[-1]))) if more else "")


def _shown(desk: Desk, visitor: Visitor, found: Sequence[Mention]) -> list[dict[str, object]]:
    """The mentions with the work on them, and how far the lead is that their post is as well."""
    post_ids = list(dict.fromkeys(each.post.id for each in found))
    stored = desk.index.records("leads", post_ids) if post_ids else ()
    leads = {each.lead.id: each.lead for each in stored if isinstance(each, Stored)}
    with desk.records.reading() as session:
        work = mentions.get_many(session, [each.id for each in found])
        there = cases.get_many(session, leads)
    status = {
        lead.id: there[lead.id].status if lead.id in there else lead.status
        for lead in leads.values()
        if visitor.may_see_lead(lead)
    }
    return [shapes.mention(each, work.get(each.id), status.get(each.post.id)) for each in found]


@routes.get("/mentions", response_model=shapes.Mentions, openapi_extra=scoped("mentions:read"))
def list_mentions(
    request: Request, desk: TheDesk, caller: MentionsReader, form: Annotated[MentionSearch, Query()]
) -> Response:
    """谁提到了诊所，最新的在前。"""
    return answer(request, listing(desk, caller.visitor, form, now=desk.clock()))


@routes.get(
    "/mentions/{mention_id:path}", response_model=shapes.MentionShape, openapi_extra=scoped("mentions:read")
)
def get_mention(request: Request, desk: TheDesk, caller: MentionsReader, mention_id: MentionId) -> Response:
    """一条提及，处理到哪一步。"""
    found = known_mention(desk, caller.visitor, mention_id)
    return answer(request, _shown(desk, caller.visitor, [found])[0])


@routes.patch(
    "/mentions/{mention_id:path}", response_model=shapes.MentionShape, openapi_extra=scoped("mentions:write")
)
def change_mention(
    desk: TheDesk,
    caller: MentionsWriter,
    once: DoOnce,
    mention_id: MentionId,
    asked: MentionPatch,
    if_match: IfMatch = None,
) -> Response:
    """改状态或负责人。带上 version 或 If-Match：别人先改了就是 409，message 说改了什么；都不带就改现在的。"""
    found = known_mention(desk, caller.visitor, mention_id)
    wanted = to_mention_change(found, asked.asked(version_meant(if_match, asked.version)), caller.visitor)
    lead = _shown(desk, caller.visitor, [found])[0]["lead_status"]

    def work(session: Session) -> tuple[int, dict[str, object]]:
        change_and_learn(session, desk.index, found, wanted, who=caller.who, now=desk.clock())
        return 200, shapes.mention(found, mentions.get(session, found.id), lead)

    return once(caller, asked, work)


@routes.get(
    "/mention-notes/{mention_id:path}",
    response_model=shapes.MentionNotes,
    openapi_extra=scoped("mentions:read"),
)
def list_mention_notes(
    request: Request, desk: TheDesk, caller: MentionsReader, mention_id: MentionId
) -> Response:
    """一条提及的备注，先写的在前。"""
    found = known_mention(desk, caller.visitor, mention_id)
    with desk.records.reading() as session:
        notes = mentions.notes_of(session, found.id)
        return answer(request, listed([shapes.mention_note(each) for each in notes]))


@routes.post(
    "/mention-notes/{mention_id:path}",
    response_model=shapes.MentionNoteShape,
    status_code=201,
    openapi_extra=scoped("mentions:write"),
)
def add_mention_note(
    desk: TheDesk, caller: MentionsWriter, once: DoOnce, mention_id: MentionId, asked: NewNote
) -> Response:
    """给一条提及写备注。"""
    found = known_mention(desk, caller.visitor, mention_id)

    def work(session: Session) -> tuple[int, dict[str, object]]:
        people = people_of(users.everybody(session), found.clinic_id)
        row = mentions.add_note(session, found, asked.text, who=caller.who, now=desk.clock(), people=people)
        return 201, shapes.mention_note(row)

    return once(caller, asked, work)


@routes.get(
    "/mention-history/{mention_id:path}",
    response_model=shapes.Events,
    openapi_extra=scoped("mentions:read"),
)
def mention_history(
    request: Request, desk: TheDesk, caller: MentionsReader, mention_id: MentionId
) -> Response:
    """每次改动：谁、什么时候、从什么改成什么。"""
    found = known_mention(desk, caller.visitor, mention_id)
    with desk.records.reading() as session:
        events = mentions.history(session, found.id)
        return answer(request, listed([shapes.event(each) for each in events]))
