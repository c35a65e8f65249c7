"""Bark: notices on an iPhone, by its own service or a server of the clinic's."""

from __future__ import annotations

import re
from datetime import datetime

from leads.alerts.channels.base import (
    OUTLET,
    Parts,
    Service,
    Site,
    address_field,
    fitted,
    titled,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, equals, number_of, revoked, unknown
from leads.alerts.messages.message import Limit, Message, rank
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=2000, unit="bytes")
SITE = Site(
    host="api.day.app", path="/{}", scheme="bark", shape=r"\w{16,64}", sample="https://api.day.app/你的密钥/"
)
_LEVELS = ("active", "active", "timeSensitive", "timeSensitive")  # by severity
_GONE = ("device token", "baddevicetoken", "unregistered", "devicetokennotfortopic", "device key")


def read(given: Parts) -> dict[str, str]:
    """The key; the app copies its address with a sample text behind."""
    text = re.sub(r"^(https?://[^/]+/\w{16,64})/.*$", r"\1", given["address"])
    return SITE.read_or_own_server({**given, "address": text})


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://bark.day.app/#/tutorial"""
    body = {
        "device_key": parts["token"],
        "title": titled(message),
        "body": fitted(message, "text", LIMIT, title=False),
        "group": OUTLET,
        "level": _LEVELS[rank(message.severity)],
        # The telephone puts what comes again in the place of what has this id (app 1.5.2, server 2.2.5).
        "id": message.id,
    }
    return SITE.posted(parts, "/push", body)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `code`; the words say whether the telephone is gone."""
    code, said = body.get("code"), str(body.get("message", "")).lower()
    if equals(code, 200) and answer.status == 200:
        return DELIVERED
    if code in (400, 404, 410, 500) and any(word in said for word in _GONE):
        return revoked(f"Bark 找不到这台手机（{number_of(code)}）：请在 App 里重新复制地址。")
    return None if answer.status != 200 else unknown(code)


_FIELD = address_field("Bark 地址或密钥", "https://api.day.app/…")
KIND = SITE.own_or_theirs("Bark（iPhone）", _FIELD, Service(write=write, judge=judge), read)
