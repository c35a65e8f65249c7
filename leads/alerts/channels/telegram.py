"""Telegram: a bot that writes to a chat."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from leads.alerts.channels.base import (
    OUTLET,
    ChannelField,
    ChannelKind,
    Parts,
    Service,
    address_field,
    fitted,
    posted,
)
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, number_of, refused, revoked, unknown
from leads.alerts.messages.message import Limit, Message
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=4096, unit="utf16")


def read(given: Parts) -> dict[str, str]:
    """A bot's token and the chat it writes to."""
    text, chat = given["address"], given["chat"]
    apprise = re.fullmatch(r"tgram://([^/]+)/([^/]+)/?", text)
    if apprise:
        text, chat = apprise[1], chat or apprise[2]
    if not re.fullmatch(r"\d{5,15}:[\w-]{30,50}", text):
        raise InputError("机器人的 token 不对：应该像 123456789:ABC… 这样，从 @BotFather 复制。")
    if not re.fullmatch(r"-?\d{1,20}|@\w{4,40}", chat):
        raise InputError("请填写聊天编号：一串数字（群以 - 开头），或 @频道名。")
    return {"token": text, "chat": chat}


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://core.telegram.org/bots/api#sendmessage"""
    head = f"{OUTLET} "
    body = {
        "chat_id": parts["chat"],
        "text": head + fitted(message, "telegram", LIMIT, less=len(head)),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return posted(f"https://api.telegram.org/bot{parts['token']}/sendMessage", body)


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By `ok`, and `error_code` where it is not."""
    if body.get("ok") is True:
        return DELIVERED
    code, said = body.get("error_code"), str(body.get("description", "")).lower()
    if code == 429:
        reason = "发得太频繁，Telegram 要求稍后再发（429）。"
        return Outcome(verdict="retry", reason=reason, retry_after=_wait(body))
    if code in (401, 404):
        return revoked(f"Telegram 不认这个 token（{code}）。")
    if code == 403 or "chat not found" in said:
        return revoked(f"机器人进不了这个聊天（{number_of(code)}）：可能被移除、被屏蔽，或聊天编号不对。")
    if code == 400:
        return refused("Telegram 不收这条消息的格式（400）。")
    return None if answer.status >= 400 else unknown(code)


def _wait(body: Body) -> timedelta | None:
    extra = body.get("parameters")
    wait = extra.get("retry_after") if isinstance(extra, dict) else None
    return timedelta(seconds=min(wait, 86_400)) if isinstance(wait, int) and wait > 0 else None


KIND = ChannelKind(
    name="Telegram",
    fields=(
        address_field("机器人的 token", "123456789:ABC…"),
        ChannelField(name="chat", label="聊天编号", example="-100123456789", optional=True, secret=False),
    ),
    read=read,
    deliver=Service(write=write, judge=judge).deliver,
)
