"""PushDeer: notices on a telephone, by its own service or a server of the clinic's."""

from __future__ import annotations

from datetime import datetime

from leads.alerts.channels.base import (
    Parts,
    Service,
    Site,
    address_field,
    fitted,
    titled,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, equals, revoked, unknown
from leads.alerts.messages.message import Limit, Message
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=8000, unit="bytes")
SITE = Site(
    host="api2.pushdeer.com",
    path="/message/push",
    query="pushkey",
    scheme="pushdeer",
    shape=r"\w{16,100}",
    sample="PDU…（PushDeer 的 Key）",
)


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://www.pushdeer.com/dev.html"""
    body = {
        "pushkey": parts["token"],
        "text": titled(message),
        "desp": fitted(message, "markdown", LIMIT, title=False),
        "type": "markdown",
    }
    return SITE.posted(parts, SITE.path, body)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `code`; a key nobody has gets 0 too, with no device in the result."""
    code, content = body.get("code"), body.get("content")
    if equals(code, 0):
        reached = isinstance(content, dict) and bool(content.get("result"))
        return DELIVERED if reached else revoked("PushDeer 的这个 Key 没有对应的设备：请检查 Key。")
    if code in (80403, 80501):
        return revoked(f"PushDeer 不认这个 Key（{code}）。")
    return unknown(code) if answer.status < 400 else None


KIND = SITE.own_or_theirs("PushDeer", address_field("Key", "PDU…"), Service(write=write, judge=judge))
