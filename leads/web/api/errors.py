"""One shape for everything that goes wrong: {"error": {"code", "message", "field"?}}."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from leads.errors import TingzhenError
from leads.web.leads.search_form import MANY, ONE

_log = logging.getLogger(__name__)
CODES: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    421: "wrong_host",
    422: "invalid",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
_SENTENCES: Mapping[int, str] = {404: "没有这个地址。", 405: "这个地址不接受这种请求。"}
_BEGINS_WITH_A_FIELD = re.compile(r"([a-z_]+) ['\"]")
_PROBLEMS: Mapping[str, str] = {
    "missing": "缺少这一项",
    "json_invalid": "不是有效的 JSON",
    "extra_forbidden": "没有这一项",
    "string_too_short": "太短",
    "string_too_long": "太长",
    "string_pattern_mismatch": "写法不对",
    "literal_error": "不在可用的值里",
}


class Problem(BaseModel):
    """What went wrong."""

    code: str = Field(description="稳定的英文代码，程序用它判断。", examples=["not_found"])
    message: str = Field(description="一句中文：错在哪里，怎么办。", examples=["没有这条线索。"])
    field: str | None = Field(default=None, description="出错的字段；不涉及字段时没有这一项。")


class ErrorBody(BaseModel):
    """Every answer of 400 and above."""

    error: Problem


# For the description: what any route may answer beside its own.
RESPONSES: dict[int | str, dict[str, object]] = {
    400: {"model": ErrorBody, "description": "看不懂的值；message 说明是哪一项。"},
    401: {"model": ErrorBody, "description": "没有令牌，或令牌无效。"},
    403: {"model": ErrorBody, "description": "令牌没有这个权限。"},
    404: {"model": ErrorBody, "description": "没有，或不归令牌的主人看。"},
    409: {"model": ErrorBody, "description": "别人刚改过，或 Idempotency-Key 用在了别的请求上。"},
    413: {"model": ErrorBody, "description": "请求太大。"},
    422: {"model": ErrorBody, "description": "请求的形状不对；field 说明是哪一项。"},
    429: {"model": ErrorBody, "description": "请求太快：等 Retry-After 秒再试。"},
    503: {"model": ErrorBody, "description": "索引或记录库暂时读写不了。"},
}


def problem(
    status: int, message: str, *, field: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of the one shape."""
    said = {"code": CODES.get(status, "error"), "message": message} | ({"field": field} if field else {})
    return JSONResponse({"error": said}, status, headers=dict(headers or {}))


def install(api: FastAPI) -> None:
    """Every error of this application is answered in the one shape."""
    api.add_exception_handler(TingzhenError, _ours)
    api.add_exception_handler(HTTPException, http_problem)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(Exception, _unforeseen)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, TingzhenError)  # noqa: S101 - registered for this class only
    message = str(error)
    begins = _BEGINS_WITH_A_FIELD.match(message)
    field = begins[1] if begins and begins[1] in (*ONE, *MANY, "limit") else ""
    return problem(error.http_status, message, field=field)


def http_problem(request: Request, error: Exception) -> Response:
    """A framework's refusal, in the one shape."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    detail = str(error.detail)
    message = _SENTENCES.get(error.status_code, detail) if detail.isascii() else detail
    return problem(error.status_code, message, headers=error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    if any(each["loc"][0] == "path" for each in error.errors()):
        return problem(404, _SENTENCES[404])
    first = error.errors()[0]
    field = _field(first["loc"])
    said = _PROBLEMS.get(first["type"], f"不对（{first['msg']}）")
    return problem(422, f"{field or '请求'} {said}：请对照 /api/v1/docs。", field=field)


def _field(place: Sequence[str | int]) -> str:
    """ "body", "assignee" → "assignee"; of a list "weekdays.2"."""
    kind, *rest = place
    return ".".join(map(str, rest)) if kind in ("body", "query", "path", "header") else str(kind)


def _unforeseen(request: Request, error: Exception) -> Response:
    # The server logs it with its call stack; whoever asked learns nothing of our insides.
    _log.error("%s %s failed", request.method, request.url.path)
    return problem(500, "听诊内部出错，已记入日志：请稍后再试，或告诉管理员。")
