"""What came back from the second reader: an intent, no usable answer, or a service that cannot be asked now.

Pure. Nothing an answer says reaches a screen but its one word of six.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nlp.models import IntentLabel

LONGEST_WAIT = timedelta(days=1)
_FINAL = timedelta(hours=1)  # what waiting does not mend is tried again seldom
_OVERLOADED = frozenset((408, 409, 425, 429))
_REFUSED: Mapping[int, str] = {
    400: "它不接受这样的请求：请确认模型支持 response_format 的 json_schema",
    401: "它不认这个密钥：请检查 TINGZHEN_READER__KEY",
    402: "账户没有余额：请充值或换一个服务",
    403: "它不让用这个模型：请检查密钥和 reader.model",
    404: "那里没有这个地址或模型：请检查 reader.url 和 reader.model",
}


class UnusableError(Exception):
    """There is an answer, and it says nothing; str() is zh-CN for the status. The post keeps its reading."""


class AwayError(Exception):
    """The service cannot be asked now; str() is zh-CN. `wait`: how long it is to be left alone, if known."""

    def __init__(self, reason: str, wait: timedelta | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class _Said(BaseModel):
    """What the model was told to write, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)

    intent: IntentLabel


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]


def read(status: int, headers: Mapping[str, str], body: bytes) -> IntentLabel:
    """The intent that an answer gives.

    Raises:
        UnusableError: no JSON, not by the schema, a refusal, or cut off.
        AwayError: too many requests, a server's own trouble, a wrong key or model.
    """
    if status != 200:
        raise _away(status, headers)
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise UnusableError("回答不是约定的格式") from None
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise UnusableError("模型拒绝回答")
    if choice.finish_reason == "length":
        raise UnusableError("回答太长，被截断了")
    try:
        return _Said.model_validate_json(choice.message.content or "").intent
    except ValidationError:
        raise UnusableError("回答不是六类之一") from None


def _away(status: int, headers: Mapping[str, str]) -> AwayError:
    if status in _OVERLOADED or status >= 500:
        reason = "它说问得太多了" if status == 429 else f"它出了问题（HTTP {status}）"
        return AwayError(reason, _asked_to_wait(headers))
    return AwayError(_REFUSED.get(status, f"它回了 HTTP {status}"), _FINAL)


def _asked_to_wait(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds, a day at most; dates, which no such service sends, count as none."""
    seconds = headers.get("retry-after", "").strip()
    if not seconds.isascii() or not seconds.isdigit():
        return None
    return min(timedelta(seconds=int(seconds[:9])), LONGEST_WAIT)
