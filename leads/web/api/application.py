"""The API as an application of its own inside the desk's: its own errors, its own description."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leads.web.api import ROUTERS, errors, reference
from leads.web.api.access import Rates
from leads.web.api.answers import PREFIX
from leads.web.api.captures import ForExtensions

LARGEST_BODY = 1_000_000  # bytes; the largest thing anybody may send is a rule
ABOUT = """听诊的接口：和网页用同样的数据、同样的权限。

- 令牌在“账号”页建，放在请求头 `Authorization: Bearer tz_…`；医生的令牌只看得到自己诊所的。
- 列表是 `{"items": […], "next": "下一页的地址，没有了是 null"}`。
- 出错是 `{"error": {"code", "message", "field"?}}`。
- 读到的 `ETag` 放进 `If-None-Match`，没变就是 304；改东西时放进 `If-Match`，别人先改了就是 409。
- 写请求可以带 `Idempotency-Key`：同样的请求一天之内只做一次。
- 线索编号里有斜杠，所以总在地址最后。
"""


def create_api(state: State) -> FastAPI:
    """Over the desk in `state`, which it shares with the pages."""
    api = FastAPI(
        title="听诊 API",
        version=version("tingzhen"),
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # see reference
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        responses=errors.RESPONSES,
    )
    state.rates = Rates()
    api.state = state
    for router in ROUTERS:
        api.include_router(router)
    api.include_router(reference.routes)
    errors.install(api)
    api.add_middleware(Limited)
    api.add_middleware(ForExtensions)
    return api


class Limited:
    """Reads no more of a body than `LARGEST_BODY`, announced or not; then the answer is 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > LARGEST_BODY:
                raise HTTPException(413, "请求太大：请分成几次。")
            return message

        await self._app(scope, counted, send)


def wrong_host(request: Request) -> Response:
    """For a request that names another host."""
    return errors.problem(421, "这个网址不属于听诊：请用管理员给的网址。")
