"""看见即存: what the browser extension sends, one post a request.

The extension's pages have an origin of their own (chrome-extension://…), so a browser asks beforehand whether
they may send a token here. They may, on this one address; a web page of anybody's may not.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from crawler.importers.seen import SeenKind, SeenPlace, SeenPost
from leads.actions.capture import capture
from leads.records.captures import CaptureOutcome
from leads.web.api.access import Capturer, scoped
from leads.web.api.once import DoOnce
from leads.web.desk import TheDesk

routes = APIRouter(tags=["看见即存"])
PATH = "/captures"
EXTENSIONS = r"(?:chrome|moz|safari-web)-extension://[\w-]{1,64}"
LONGEST_TEXT = 20_000


class NewCapture(BaseModel):
    """One post as it stood on the screen, without anybody's name."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "智齿疼了三天，武侯区哪家好", "time": "3小时前", "place": "四川"}]
        },
    )

    text: str = Field(min_length=1, max_length=LONGEST_TEXT, description="看得见的正文，不含人名和电话。")
    time: str = Field(
        min_length=1, max_length=80, description="发布时间，照屏幕上写的：如 3小时前、11-20 08:15。"
    )
    url: str = Field("", max_length=2000, description="这一条自己的网址，不含用户编号；不知道就不写。")
    title: str = Field("", max_length=300)
    place: str = Field("", max_length=60, description="屏幕上的地点：IP属地，或签到的地方。")
    place_kind: Annotated[SeenPlace, Field(description="地点是 IP属地还是签到。")] = "ip"
    kind: Annotated[
        SeenKind, Field(description="整条帖子（post）、它下面的评论（comment）、选中的文字（selection）。")
    ] = "post"


class CapturedShape(BaseModel):
    """What came of it."""

    outcome: CaptureOutcome = Field(description="saved 已保存；known 已经有了；dropped 没有保存。")
    said: str = Field(description="给人看的一句话。")
    id: str = Field(description="帖子的编号；没有保存时为空。")
    left: int = Field(description="今天还能保存几条。")


@routes.post(PATH, response_model=CapturedShape, status_code=201, openapi_extra=scoped("capture"))
def keep(desk: TheDesk, caller: Capturer, once: DoOnce, asked: NewCapture) -> Response:
    """保存一条看到的帖子；和导入文件走同样的流程。每人每天有上限（web.captures_per_day），到了是 429。"""
    before = once.before(caller, asked)
    if before is not None:
        return before
    seen = SeenPost(**asked.model_dump())
    done = capture(desk.settings, desk.index, desk.records, seen, who=caller.who, now=desk.clock())

    def work(session: Session) -> tuple[int, dict[str, object]]:
        said = {"outcome": done.outcome, "said": done.said, "id": done.post_id, "left": done.left}
        return 201, said

    return once(caller, asked, work)


class ForExtensions:
    """Lets pages of browser extensions, and of nothing else, send to this one address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origin_regex=EXTENSIONS,
            allow_methods=["POST"],
            allow_headers=["Authorization", "Content-Type"],
            max_age=600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = self._open if str(scope.get("path", "")).endswith(PATH) else self._app
        await chosen(scope, receive, send)
