"""Coverage: what each source was asked for, got and missed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from leads.sources.states import record
from leads.web.api.access import CoverageReader, scoped
from leads.web.api.answers import answer, listed
from leads.web.desk import Desk, TheDesk
from leads.web.pages.coverage import Line, source_line, source_lines

routes = APIRouter(tags=["采集"])


class GapShape(BaseModel):
    """Something that is missing."""

    kind: str
    scope: str
    reason: str


class EstimateShape(BaseModel):
    """A share of all there is, from 0 to 1, with the ends of its 90 % interval; docs/coverage.md says when it
    holds."""

    share: float
    low: float
    high: float
    held: int = Field(description="读到的。")
    total: float = Field(description="估计总共有的。")


class BoardShape(BaseModel):
    """How much of a board is read, and what the site says itself; of the last 30 days."""

    board: str
    name: str
    threads: EstimateShape | None = Field(description="由列表和订阅两边估计；没有两边是 null。")
    listed_threads: int
    said_threads: int | None = Field(description="版块自己说的主题数。")
    said_posts: int = Field(description="读全的主题，列表说有的帖数。")
    read_posts: int = Field(description="这些主题的页面上见到的帖数。")


class SourceShape(BaseModel):
    """A source; the counts are those of its last run."""

    source: str
    engine: str
    host: str
    enabled: bool
    paused: bool
    permission: str = Field(description="凭什么采集；不成立时为什么。")
    robots: str
    outcome: str = Field(
        description="ok empty silent truncated refused blocked failed running；还没采过是 never。"
    )
    reason: str
    started: datetime | None
    ended: datetime | None
    succeeded: datetime | None
    listed: int
    expect: int
    pages: int
    new: int
    known: int
    changed: int
    first_at: datetime | None
    last_at: datetime | None
    kept: int
    rechecked: datetime | None
    recheck_outcome: str
    next_at: datetime | None = Field(description="最早什么时候能再采；不会采是 null。")
    waiting_for: str
    gaps: list[GapShape]
    estimates: list[BoardShape]
    posts_estimate: EstimateShape | None = Field(description="读过的页上的帖子留下多少，由复查估计。")
    strange: dict[str, int] = Field(description="上次采集时读的程序没看懂的部分，各在几页上。")
    strange_pages: int = Field(description="有这种部分的页数。")
    read_pages: int = Field(description="上次读了的页数。")


class Sources(BaseModel):
    """Every source in the order of its file."""

    items: list[SourceShape]
    next: str | None


def _shape(line: Line) -> dict[str, object]:
    return {**record(line.state), "paused": line.paused, "succeeded": line.succeeded}


def listing(desk: Desk, now: datetime) -> dict[str, object]:
    """All sources; raises StorageError."""
    return listed([_shape(line) for line in source_lines(desk, now)])


@routes.get("/coverage", response_model=Sources, openapi_extra=scoped("coverage:read"))
def list_sources(request: Request, desk: TheDesk, caller: CoverageReader) -> Response:
    """所有来源：上次采到什么，缺什么，什么时候再采。"""
    return answer(request, listing(desk, desk.clock()))


@routes.get("/coverage/{source}", response_model=SourceShape, openapi_extra=scoped("coverage:read"))
def get_source(
    request: Request,
    desk: TheDesk,
    caller: CoverageReader,
    source: Annotated[str, Path(description="来源名。", max_length=200)],
) -> Response:
    """一个来源。"""
    return answer(request, _shape(source_line(desk, source, desk.clock())))
