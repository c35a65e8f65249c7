"""Mentions: who speaks of the clinics."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from leads.models import Mention
from leads.web.api import shapes
from leads.web.api.access import MentionsReader, scoped
from leads.web.api.answers import PREFIX, answer, from_cursor, listed, to_cursor
from leads.web.auth import Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.mentions.page import find
from leads.web.mentions.view import MentionForm

routes = APIRouter(tags=["提及"])
MOST = 10_000  # of a clinic, the newest; Elasticsearch gives no more at once


class MentionSearch(MentionForm):
    """The parameters of the mentions page, page by page."""

    q: str = Field("", description="搜索词，写法同线索。", examples=["服务"])
    clinic: str = Field("", description="诊所 id；不写是所有能看的。", examples=["anhe"])
    polarity: str = Field("", description="praise、complaint 或 neutral。", examples=["complaint"])
    kind: str = Field("", description="complaint、dispute、injury 或 media。")
    severity: str = Field("", description="至少这么重：medium、high、critical。")
    since: str = Field("", description="7d、12h，或 2026-11-01（北京时间）。", examples=["30d"])
    page: str = Field("", description="网页用的，这里不看。")
    limit: int = Field(50, ge=1, le=200, description="一页几条。")
    cursor: str = Field("", description="来自 next，不要自己写。")


def listing(desk: Desk, visitor: Visitor, form: MentionSearch, *, now: datetime) -> dict[str, object]:
    """A page of what the mentions page would show.

    Raises:
        QueryError: a filter or the cursor cannot be understood.
    """
    after = from_cursor(form.cursor, float, str)
    found = find(desk, visitor, form, now, most=MOST)
    rest = found if after is None else [each for each in found if _place(each) > tuple(after)]
    chosen = rest[: form.limit]
    more = len(rest) > form.limit
    items = [shapes.mention(each) for each in chosen]
    return listed(items, PREFIX + form.url(cursor=to_cursor(*_place(chosen[-1]))) if more else "")


def _place(mention: Mention) -> tuple[float, str]:
    """Where a mention stands in the order of `find`."""
    return -mention.post.published_at.timestamp(), mention.id


@routes.get("/mentions", response_model=shapes.Mentions, openapi_extra=scoped("mentions:read"))
def list_mentions(
    request: Request, desk: TheDesk, caller: MentionsReader, form: Annotated[MentionSearch, Query()]
) -> Response:
    """谁提到了诊所，最新的在前。"""
    return answer(request, listing(desk, caller.visitor, form, now=desk.clock()))
