"""钉钉群机器人."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from leads.alerts.channels.base import (
    OUTLET,
    SIGNING,
    Parts,
    Service,
    Site,
    fitted,
    posted,
    signed,
    titled,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, busy, by_key, refused, revoked
from leads.alerts.messages.message import Limit, Message
from leads.models import Outcome

LIMIT = Limit(size=18_000, unit="bytes")
SITE = Site(
    host="oapi.dingtalk.com",
    path="/robot/send",
    query="access_token",
    scheme="dingtalk",
    shape=r"[A-Za-z0-9]{16,128}",
    sample="https://oapi.dingtalk.com/robot/send?access_token=…",
)
_GONE = "钉钉不认这个 Webhook 地址（{}）：可能填错了，或机器人已被移除。"
_CODES = {
    -1: Outcome(verdict="retry", reason="钉钉系统繁忙（-1）。"),
    **{code: busy(code) for code in (130101, 410100, 90018)},
    **{code: revoked(_GONE.format(code)) for code in (300001, 300005, 400101, 400102, 400106, 40035)},
    400013: revoked("钉钉群已解散（400013）。"),
    430101: refused("钉钉认为消息里有不安全的链接（430101）。"),
    430102: refused("钉钉认为消息里有不合适的文字（430102）。"),
    430103: refused("钉钉认为消息里有不合适的图片（430103）。"),
    430104: refused("钉钉认为消息内容不合适（430104）。"),
}
_by_errcode = by_key("errcode", _CODES)
# One number for all three security settings; the words say which.
_UNSAFE = {
    "keyword": "钉钉机器人要求的关键词不在消息里（310000）：请把关键词设成「听诊」。",
    "sign": "加签密钥不对（310000）：请从机器人的安全设置里重新复制。",
    "timestamp": "加签的时间不对（310000）：请检查服务器的时钟。",
    "ip": "钉钉机器人只接受指定的 IP（310000）：请把服务器的出口 IP 加进去。",
}


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://open.dingtalk.com/document/robots/custom-robot-access"""
    url = SITE.address(parts["token"])
    secret = parts.get("secret", "")
    if secret:
        stamp = str(round(now.timestamp() * 1000))
        sign = signed(secret.encode(), f"{stamp}\n{secret}".encode())
        url += f"&timestamp={stamp}&sign={quote(sign, safe='')}"
    text = f"**{OUTLET}** " + fitted(message, "markdown", LIMIT, less=600)
    return posted(url, {"msgtype": "markdown", "markdown": {"title": titled(message), "text": text}})


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `errcode`."""
    if body.get("errcode") == 310000:
        said = str(body.get("errmsg", "")).lower()
        found = next((text for word, text in _UNSAFE.items() if word in said), None)
        return revoked(found or "没有通过钉钉机器人的安全设置（310000）。")
    return _by_errcode(answer, body)


KIND = SITE.group_bot("钉钉群机器人", Service(write=write, judge=judge), SIGNING)
