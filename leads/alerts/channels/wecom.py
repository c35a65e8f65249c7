"""企业微信群机器人."""

from __future__ import annotations

from datetime import datetime

from leads.alerts.channels.base import (
    OUTLET,
    Parts,
    Service,
    Site,
    fitted,
    posted,
)
from leads.alerts.channels.http import Request
from leads.alerts.channels.outcomes import busy, by_key, refused, revoked
from leads.alerts.messages.message import Limit, Message
from leads.models import Outcome

LIMIT = Limit(size=4096, unit="bytes")
SITE = Site(
    host="qyapi.weixin.qq.com",
    path="/cgi-bin/webhook/send",
    query="key",
    scheme="wecombot",
    shape=r"[A-Za-z0-9_-]{8,80}",
    sample="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
)
_CODES = {
    -1: Outcome(verdict="retry", reason="企业微信系统繁忙（-1）。"),
    45009: busy(45009),
    45033: busy(45033),
    93000: revoked("企业微信不认这个 Webhook 地址（93000）：可能填错了，或机器人已被移除。"),
    93008: revoked("机器人不在群里了（93008）：请重新添加。"),
    40058: refused("企业微信不收这条消息的格式（40058）。"),
    40008: refused("企业微信不收这条消息的格式（40008）。"),
    44004: refused("企业微信说消息是空的（44004）。"),
    45002: refused("消息超过了企业微信的长度（45002）。"),
}


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://developer.work.weixin.qq.com/document/path/91770"""
    head = f"**{OUTLET}** "
    content = head + fitted(message, "markdown", LIMIT, less=len(head.encode()))
    return posted(SITE.address(parts["token"]), {"msgtype": "markdown", "markdown": {"content": content}})


KIND = SITE.group_bot("企业微信群机器人", Service(write=write, judge=by_key("errcode", _CODES)))
