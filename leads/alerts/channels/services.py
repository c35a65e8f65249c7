"""What each service is sent. Pure, but for the one call in `send`."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from leads.alerts.channels import http as wire
from leads.alerts.channels import outcomes
from leads.alerts.channels.http import Answer, Request, Unreachable
from leads.alerts.channels.kinds import KINDS, parts_of
from leads.alerts.channels.outcomes import Body, by_status, json_of, retry_after
from leads.alerts.channels.pasted import Parts
from leads.alerts.messages.message import Limit, Message, clean, hard_cut, rank, render
from leads.config import AlertSettings
from leads.models import Outcome

OUTLET = "听诊"  # in every message: the word for bots that want one ("自定义关键词")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How to write to a service, and how to read its answer (None: the HTTP status decides)."""

    write: Callable[[Parts, Message, datetime], Request]
    read: Callable[[Answer, Body], Outcome | None]
    words: bool = False  # its answers are not JSON


def send(kind: str, address: str, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
    """Write to a channel once. Mail is sent elsewhere, see `leads.alerts.channels.mail`."""
    service = SERVICES[kind]
    try:
        answer = wire.post(service.write(parts_of(address), message, now), settings)
    except Unreachable as error:
        return Outcome(verdict="dead" if error.final else "retry", reason=str(error), revoked=error.final)
    return judge(kind, answer, now=now)


def judge(kind: str, answer: Answer, *, now: datetime) -> Outcome:
    """What an answer means."""
    service = SERVICES[kind]
    body = {} if service.words else json_of(answer)
    told = service.read(answer, body) if body or service.words else None
    if told is not None and told.verdict == "retry" and told.retry_after is None:
        return Outcome(verdict="retry", reason=told.reason, retry_after=retry_after(answer, now))
    return told or by_status(answer, now)


def _posted(url: str, body: object, *, foreign: bool = False) -> Request:
    return Request(
        url=url,
        body=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
        foreign=foreign,
    )


def _text(kind: str, message: Message, *, title: bool = True, less: int = 0) -> str:
    """The message for a kind of channel; `less` is room for what the service's form adds."""
    limit = KINDS[kind].limit
    room = Limit(size=limit.size - less, unit=limit.unit)
    return render(message, KINDS[kind].style, room, title=title)


def titled(message: Message) -> str:
    """The title with the word in it that a bot may ask for."""
    return f"【{OUTLET}】{message.title}"


# --- WeCom ------------------------------------------------------------


def _write_wecombot(parts: Parts, message: Message, now: datetime) -> Request:
    url = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={quote(parts['token'], safe='')}"
    head = f"**{OUTLET}** "
    content = head + _text("wecombot", message, less=len(head.encode()))
    return _posted(url, {"msgtype": "markdown", "markdown": {"content": content}})


# --- DingTalk ------------------------------------------------------------


def _write_dingtalk(parts: Parts, message: Message, now: datetime) -> Request:
    url = f"https://oapi.dingtalk.com/robot/send?access_token={quote(parts['token'], safe='')}"
    secret = parts.get("secret", "")
    if secret:
        stamp = str(round(now.timestamp() * 1000))
        sign = _hmac(secret.encode(), f"{stamp}\n{secret}".encode())
        url += f"&timestamp={stamp}&sign={quote(sign, safe='')}"
    title = titled(message)
    text = f"**{OUTLET}** " + _text("dingtalk", message, less=600)
    return _posted(url, {"msgtype": "markdown", "markdown": {"title": title, "text": text}})


def _hmac(key: bytes, text: bytes) -> str:
    return b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


# --- Feishu and Lark ------------------------------------------------------------

_COLOURS = ("blue", "blue", "orange", "red")  # of a card's head, by severity


def _write_feishu(host: str) -> Callable[[Parts, Message, datetime], Request]:
    def write(parts: Parts, message: Message, now: datetime) -> Request:
        title = {"tag": "plain_text", "content": titled(message)}
        text = _text("feishu", message, title=False, less=900)
        card = {
            "header": {"title": title, "template": _COLOURS[rank(message.severity)]},
            "elements": [{"tag": "markdown", "content": text}],
        }
        body: dict[str, object] = {"msg_type": "interactive", "card": card}
        if parts.get("secret"):
            stamp = str(int(now.timestamp()))
            # Theirs alone: the secret is part of the key, and nothing is signed.
            body |= {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{parts['secret']}".encode(), b"")}
        return _posted(f"https://{host}/open-apis/bot/v2/hook/{quote(parts['token'], safe='')}", body)

    return write


# --- telephones and personal WeChat ------------------------------------------------------------

_BARK_LEVELS = ("active", "active", "timeSensitive", "timeSensitive")


def _write_bark(parts: Parts, message: Message, now: datetime) -> Request:
    own = parts["url"] != "https://api.day.app"
    body = {
        "device_key": parts["token"],
        "title": titled(message),
        "body": _text("bark", message, title=False),
        "group": OUTLET,
        "level": _BARK_LEVELS[rank(message.severity)],
    }
    return _posted(f"{parts['url']}/push", body, foreign=own)


def _write_schan(parts: Parts, message: Message, now: datetime) -> Request:
    token = parts["token"]
    number = token.lower().removeprefix("sctp").partition("t")[0]
    newer = token.lower().startswith("sctp") and number.isdigit()
    host = f"https://{number}.push.ft07.com/send" if newer else "https://sctapi.ftqq.com"
    body = {"title": hard_cut(titled(message), Limit(size=32)), "desp": _text("schan", message, title=False)}
    return _posted(f"{host}/{quote(token, safe='')}.send", body)


def _write_pushdeer(parts: Parts, message: Message, now: datetime) -> Request:
    body = {
        "pushkey": parts["token"],
        "text": titled(message),
        "desp": _text("pushdeer", message, title=False),
        "type": "markdown",
    }
    own = parts["url"] != "https://api2.pushdeer.com"
    return _posted(f"{parts['url']}/message/push", body, foreign=own)


# --- Telegram, Slack ------------------------------------------------------------


def _write_tgram(parts: Parts, message: Message, now: datetime) -> Request:
    head = f"{OUTLET} "
    body = {
        "chat_id": parts["chat"],
        "text": head + _text("tgram", message, less=len(head)),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return _posted(f"https://api.telegram.org/bot{parts['token']}/sendMessage", body)


def _write_slack(parts: Parts, message: Message, now: datetime) -> Request:
    text = f"{OUTLET} " + _text("slack", message, less=len(OUTLET) + 1)
    return _posted(parts["url"], {"text": text, "unfurl_links": False})


# --- webhook ------------------------------------------------------------


def signature(secret: str, stamp: str, alert_id: str, body: bytes) -> str:
    """What stands in X-Tingzhen-Signature: HMAC-SHA256 over time, id and body, with points between."""
    text = f"{stamp}.{alert_id}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _write_webhook(parts: Parts, message: Message, now: datetime) -> Request:
    said = {
        "id": message.id,
        "title": message.title,
        "severity": message.severity,
        "total": message.total,
        "text": _text("webhook", message, less=40_000),
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


SERVICES: Mapping[str, Service] = {
    "wecombot": Service(write=_write_wecombot, read=outcomes.wecombot),
    "dingtalk": Service(write=_write_dingtalk, read=outcomes.dingtalk),
    "feishu": Service(write=_write_feishu("open.feishu.cn"), read=outcomes.feishu),
    "lark": Service(write=_write_feishu("open.larksuite.com"), read=outcomes.feishu),
    "bark": Service(write=_write_bark, read=outcomes.bark),
    "schan": Service(write=_write_schan, read=outcomes.schan),
    "pushdeer": Service(write=_write_pushdeer, read=outcomes.pushdeer),
    "tgram": Service(write=_write_tgram, read=outcomes.tgram),
    "slack": Service(write=_write_slack, read=outcomes.slack, words=True),
    "webhook": Service(write=_write_webhook, read=outcomes.webhook, words=True),
}
