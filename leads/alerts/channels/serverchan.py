"""Server酱: notices in personal WeChat; keys of two generations, each with a host of its own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import quote

from leads.alerts.channels.base import (
    ChannelKind,
    Parts,
    Service,
    Site,
    address_field,
    fitted,
    posted,
    titled,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, equals, number_of, revoked, unknown
from leads.alerts.messages.message import Limit, Message, hard_cut
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=30_000, unit="bytes")
LONGEST_TITLE = Limit(size=32)
SITE = Site(
    host="sctapi.ftqq.com",
    path="/{}.send",
    scheme="schan",
    shape=r"(?i:SCT\w{8,100})",
    sample="SCT… 或 sctp…（Server酱的 SendKey）",
)


def read(given: Parts) -> dict[str, str]:
    """A SendKey of either generation; the newer one's web address holds a number too."""
    newer = re.fullmatch(r"https://\d+\.push\.ft07\.com/send/(\w+)\.send", given["address"])
    return SITE.read({**given, "address": newer[1] if newer else given["address"]})


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://sct.ftqq.com/sendkey and https://sc3.ft07.com/doc"""
    token = parts["token"]
    number = token.lower().removeprefix("sctp").partition("t")[0]
    newer = token.lower().startswith("sctp") and number.isdigit()
    host = f"https://{number}.push.ft07.com/send" if newer else f"https://{SITE.host}"
    body = {
        "title": hard_cut(titled(message), LONGEST_TITLE),
        "desp": fitted(message, "markdown", LIMIT, title=False),
    }
    return posted(f"{host}/{quote(token, safe='')}.send", body)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `code` and, where the message was taken, the `errno` inside."""
    code, said = body.get("code"), f"{body.get('message', '')}{body.get('info', '')}"
    if equals(code, 0):
        inner = body.get("data")
        number = inner.get("errno", 0) if isinstance(inner, dict) else 0
        return DELIVERED if equals(number, 0) else unknown(number)
    if any(word in said for word in ("次数", "频", "限制", "稍后")):
        reason = f"Server酱今天的条数用完了（{number_of(code)}）。"
        return Outcome(verdict="retry", reason=reason, retry_after=timedelta(hours=1))
    if any(word in said.lower() for word in ("key", "auth")):
        return revoked(f"Server酱不认这个 SendKey（{number_of(code)}）。")
    return unknown(code) if answer.status < 400 else None


KIND = ChannelKind(
    name="Server酱（个人微信）",
    fields=(address_field("SendKey", "SCT…"),),
    read=read,
    deliver=Service(write=write, judge=judge).deliver,
)
