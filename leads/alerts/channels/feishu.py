"""飞书群机器人, and Lark, which is the same at another host."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from leads.alerts.channels.base import (
    SIGNING,
    ChannelKind,
    Parts,
    Service,
    Site,
    fitted,
    posted,
    signed,
    titled,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, busy, by_code, refused, revoked
from leads.alerts.messages.message import Limit, Message, rank
from leads.models import Outcome

LIMIT = Limit(size=18_000, unit="bytes")
_COLOURS = ("blue", "blue", "orange", "red")  # of a card's head, by severity
_CODES = {
    11232: busy(11232),
    11233: busy(11233),
    19001: revoked("不认这个 Webhook 地址（19001）：可能填错了，或机器人已被移除。"),
    19002: refused("不收这条消息的格式（19002）。"),
    19007: revoked("机器人没有启用（19007）。"),
    19021: revoked("签名密钥不对，或服务器的时钟差得太多（19021）。"),
    19022: revoked("机器人只接受指定的 IP（19022）：请把服务器的出口 IP 加进去。"),
    19024: revoked("机器人要求的关键词不在消息里（19024）：请把关键词设成「听诊」。"),
    19025: refused("消息里有不允许的内容（19025）。"),
}


def _site(scheme: str, host: str) -> Site:
    path = "/open-apis/bot/v2/hook/{}"
    sample = f"https://{host}{path.format('…')}"
    return Site(host=host, path=path, scheme=scheme, shape=r"[\w-]{16,80}", sample=sample)


def write(parts: Parts, message: Message, now: datetime, *, site: Site) -> Request:
    """https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""
    title = {"tag": "plain_text", "content": titled(message)}
    text = fitted(message, "markdown", LIMIT, title=False, less=900)
    card = {
        "header": {"title": title, "template": _COLOURS[rank(message.severity)]},
        "elements": [{"tag": "markdown", "content": text}],
    }
    body: dict[str, object] = {"msg_type": "interactive", "card": card}
    if parts.get("secret"):
        stamp = str(int(now.timestamp()))
        # Theirs alone: the secret is part of the key, and nothing is signed.
        body |= {"timestamp": stamp, "sign": signed(f"{stamp}\n{parts['secret']}".encode(), b"")}
    return posted(site.address(parts["token"]), body)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `code`, or the older `StatusCode`."""
    code = body.get("code", body.get("StatusCode"))
    if code is None:
        return None
    if code == 9499:  # too many requests, or one that is not understood
        bad = "bad" in str(body.get("msg", "")).lower()
        return refused("不收这条消息的格式（9499）。") if bad else busy(code)
    return by_code(code, _CODES)


def _kind(name: str, site: Site) -> ChannelKind:
    return site.group_bot(name, Service(write=partial(write, site=site), judge=judge), SIGNING)


KIND = _kind("飞书群机器人", _site("feishu", "open.feishu.cn"))
LARK = _kind("Lark 群机器人", _site("lark", "open.larksuite.com"))
