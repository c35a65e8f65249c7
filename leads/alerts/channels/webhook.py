"""A receiver of the clinic's own: JSON with a signature (docs/alerts.md has a receiver to copy)."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

from leads.alerts.channels.base import (
    ChannelField,
    ChannelKind,
    Parts,
    Service,
    address_field,
    fitted,
    web_address,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body
from leads.alerts.messages.message import Limit, Message, clean, hard_cut
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=60_000, unit="bytes")
SHORTEST_SECRET = 16


def read(given: Parts) -> dict[str, str]:
    """Any web address, and the key its messages are signed with."""
    url = web_address(given["address"])
    if len(given["secret"]) < SHORTEST_SECRET:
        raise InputError(f"签名密钥太短：至少 {SHORTEST_SECRET} 个字符。")
    return {"url": url, "token": given["secret"]}


def signature(secret: str, stamp: str, alert_id: str, body: bytes) -> str:
    """What stands in X-Tingzhen-Signature: HMAC-SHA256 over time, id and body, with points between."""
    text = f"{stamp}.{alert_id}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """As docs/alerts.md has it."""
    said = {
        "id": message.id,
        "title": message.title,
        "severity": message.severity,
        "total": message.total,
        "text": fitted(message, "text", LIMIT, less=40_000),
        "acknowledge": message.ack,
        "items": [
            {
                "title": clean(item.title),
                "lines": [hard_cut(line, Limit(size=500)) for line in item.lines[:3]],
                "facts": dict(item.facts),
                "severity": item.severity,
                "rule": item.rule,
                "clinic_id": item.clinic_id,
                "page": message.base + item.page if message.base and item.page else "",
                "post_url": item.post_url,
            }
            for item in message.items
        ],
    }
    body = json.dumps(said, ensure_ascii=False).encode()
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Tingzhen-Id": message.id,
        "X-Tingzhen-Timestamp": stamp,
        "X-Tingzhen-Signature": signature(parts["token"], stamp, message.id, body),
    }
    return Request(url=parts["url"], body=body, headers=headers, foreign=True)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """A receiver of one's own says yes by its status; it need not write a body."""
    return DELIVERED if 200 <= answer.status < 300 else None


KIND = ChannelKind(
    name="Webhook（自己的系统）",
    fields=(
        address_field("网址", "https://example.com/hook"),
        ChannelField(
            name="secret",
            label="签名密钥",
            hint="接收方用它验证消息真的来自听诊；保存后不再显示，请现在就抄给接收方。",
            made=True,
        ),
    ),
    read=read,
    deliver=Service(write=write, judge=judge, words=True).deliver,
    user_host=True,
)
