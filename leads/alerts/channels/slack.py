"""Slack: an incoming webhook."""

from __future__ import annotations

import re
from datetime import datetime

from leads.alerts.channels.base import OUTLET, ChannelKind, Parts, Service, address_field, fitted, posted
from leads.alerts.channels.http import Answer, Request
from leads.alerts.channels.outcomes import Body, revoked
from leads.alerts.messages.message import Limit, Message
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

LIMIT = Limit(size=4000)
_GONE = {
    "no_service": "这个 Webhook 已被停用",
    "no_team": "这个 Slack 工作区不在了",
    "no_active_hooks": "这个 Webhook 已被停用",
    "invalid_token": "Slack 不认这个地址",
    "channel_not_found": "Slack 频道不在了",
    "channel_is_archived": "Slack 频道已归档",
    "action_prohibited": "Slack 管理员不允许往这里发",
    "posting_to_general_channel_denied": "Slack 管理员不允许往这里发",
}


def read(given: Parts) -> dict[str, str]:
    """The address of an incoming webhook."""
    apprise = re.fullmatch(r"slack://(?:[^@/]+@)?(T\w+)/(B\w+)/(\w+)/?", given["address"])
    url = f"https://hooks.slack.com/services/{'/'.join(apprise.groups())}" if apprise else given["address"]
    if not re.fullmatch(r"https://hooks\.slack(?:-gov)?\.com/services/T\w+/B\w+/\w{8,80}", url):
        raise InputError("这不是 Slack 的地址：应该像 https://hooks.slack.com/services/T…/B…/… 这样。")
    return {"token": url.rsplit("/", 1)[1], "url": url}


def write(parts: Parts, message: Message, now: datetime) -> Request:
    """https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"""
    head = f"{OUTLET} "
    text = head + fitted(message, "slack", LIMIT, less=len(head))
    return posted(parts["url"], {"text": text, "unfurl_links": False})


def judge(answer: Answer, body: Body) -> Outcome | None:
    """By a word, which is the whole answer."""
    said = answer.body.strip()[:60].decode("ascii", "replace")
    if answer.status == 200:
        return DELIVERED if said == "ok" else None
    return revoked(f"{_GONE[said]}（{answer.status}）：请重新建一个。") if said in _GONE else None


KIND = ChannelKind(
    name="Slack",
    fields=(address_field("Incoming Webhook 地址", "https://hooks.slack.com/services/T…/B…/…"),),
    read=read,
    deliver=Service(write=write, judge=judge, words=True).deliver,
)
