"""What a service's answer means. Pure.

These services answer HTTP 200 to almost everything and say in the body whether the message was taken: a
delivery counts only when the body says so. Codes are those of the services' own documentation; one that is
not listed is tried again, because giving up on an unknown one could lose an alert. What a service says in
words is not repeated to people or logs: it may hold the token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from leads.alerts.channels.http import Answer
from leads.models import DELIVERED, Outcome

Body = Mapping[str, Any]  # JSON of a service's answer


def by_status(answer: Answer, now: datetime) -> Outcome:
    """Where the body says nothing we know."""
    status = answer.status
    wait = retry_after(answer, now)
    if status == 429:
        return Outcome(verdict="retry", reason="发得太频繁，服务要求稍后再发（429）。", retry_after=wait)
    if status >= 500 or status in (408, 425):
        return Outcome(verdict="retry", reason=f"对方服务器出错（{status}）。", retry_after=wait)
    if status in (401, 403, 404, 410):
        return _revoked(f"对方不认这个地址或密钥（{status}）：可能填错了，或机器人已被移除。")
    if 300 <= status < 400:
        return _dead(f"对方把地址转到了别处（{status}）：请填最终的地址。")
    if status >= 400:
        return _dead(f"对方拒收这条消息（{status}）。")
    return Outcome(verdict="retry", reason="对方的回答看不懂，可能被中间的网络设备拦下了。")


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """Seconds or a date, as HTTP has it."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return timedelta(seconds=min(max(seconds, 1.0), 86_400.0)) if math.isfinite(seconds) else None


def json_of(answer: Answer) -> Body:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _revoked(reason: str) -> Outcome:
    return Outcome(verdict="dead", reason=reason, revoked=True)


def _dead(reason: str) -> Outcome:
    return Outcome(verdict="dead", reason=reason)


def _busy(code: object) -> Outcome:
    return Outcome(verdict="retry", reason=f"发得太频繁，服务要求稍后再发（{_code(code)}）。")


def _unknown(code: object) -> Outcome:
    return Outcome(verdict="retry", reason=f"服务没有收下，原因码 {_code(code)}。")


def _code(code: object) -> str:
    return str(code) if isinstance(code, int) else "未知"


def _is(code: object, number: int) -> bool:
    """JSON's false is no 0."""
    return type(code) is int and code == number


def _said(code: object, meanings: Mapping[int, Outcome]) -> Outcome:
    """By a service's number; True and 0.0 are no numbers of theirs."""
    if isinstance(code, bool) or not isinstance(code, int):
        return _unknown(code)
    return DELIVERED if code == 0 else meanings.get(code) or _unknown(code)


# --- service by service ------------------------------------------------------------


_WECOM = {
    -1: Outcome(verdict="retry", reason="企业微信系统繁忙（-1）。"),
    45009: _busy(45009),
    45033: _busy(45033),
    93000: _revoked("企业微信不认这个 Webhook 地址（93000）：可能填错了，或机器人已被移除。"),
    93008: _revoked("机器人不在群里了（93008）：请重新添加。"),
    40058: _dead("企业微信不收这条消息的格式（40058）。"),
    40008: _dead("企业微信不收这条消息的格式（40008）。"),
    44004: _dead("企业微信说消息是空的（44004）。"),
    45002: _dead("消息超过了企业微信的长度（45002）。"),
}


def wecombot(answer: Answer, body: Body) -> Outcome | None:
    return _said(body.get("errcode"), _WECOM) if "errcode" in body else None


_DINGTALK_GONE = "钉钉不认这个 Webhook 地址（{}）：可能填错了，或机器人已被移除。"
_DINGTALK = {
    -1: Outcome(verdict="retry", reason="钉钉系统繁忙（-1）。"),
    **{code: _busy(code) for code in (130101, 410100, 90018)},
    **{
        code: _revoked(_DINGTALK_GONE.format(code))
        for code in (300001, 300005, 400101, 400102, 400106, 40035)
    },
    400013: _revoked("钉钉群已解散（400013）。"),
    430101: _dead("钉钉认为消息里有不安全的链接（430101）。"),
    430102: _dead("钉钉认为消息里有不合适的文字（430102）。"),
    430103: _dead("钉钉认为消息里有不合适的图片（430103）。"),
    430104: _dead("钉钉认为消息内容不合适（430104）。"),
}
# One number for all three security settings; the words say which.
_DINGTALK_UNSAFE = {
    "keyword": "钉钉机器人要求的关键词不在消息里（310000）：请把关键词设成「听诊」。",
    "sign": "加签密钥不对（310000）：请从机器人的安全设置里重新复制。",
    "timestamp": "加签的时间不对（310000）：请检查服务器的时钟。",
    "ip": "钉钉机器人只接受指定的 IP（310000）：请把服务器的出口 IP 加进去。",
}


def dingtalk(answer: Answer, body: Body) -> Outcome | None:
    if "errcode" not in body:
        return None
    if body["errcode"] == 310000:
        said = str(body.get("errmsg", "")).lower()
        found = next((text for word, text in _DINGTALK_UNSAFE.items() if word in said), None)
        return _revoked(found or "没有通过钉钉机器人的安全设置（310000）。")
    return _said(body["errcode"], _DINGTALK)


_FEISHU = {
    11232: _busy(11232),
    11233: _busy(11233),
    19001: _revoked("不认这个 Webhook 地址（19001）：可能填错了，或机器人已被移除。"),
    19002: _dead("不收这条消息的格式（19002）。"),
    19007: _revoked("机器人没有启用（19007）。"),
    19021: _revoked("签名密钥不对，或服务器的时钟差得太多（19021）。"),
    19022: _revoked("机器人只接受指定的 IP（19022）：请把服务器的出口 IP 加进去。"),
    19024: _revoked("机器人要求的关键词不在消息里（19024）：请把关键词设成「听诊」。"),
    19025: _dead("消息里有不允许的内容（19025）。"),
}


def feishu(answer: Answer, body: Body) -> Outcome | None:
    code = body.get("code", body.get("StatusCode"))
    if code is None:
        return None
    if code == 9499:  # too many requests, or one that is not understood
        return (
            _dead("不收这条消息的格式（9499）。")
            if "bad" in str(body.get("msg", "")).lower()
            else _busy(code)
        )
    return _said(code, _FEISHU)


def bark(answer: Answer, body: Body) -> Outcome | None:
    code, said = body.get("code"), str(body.get("message", "")).lower()
    if _is(code, 200) and answer.status == 200:
        return DELIVERED
    gone = ("device token", "baddevicetoken", "unregistered", "devicetokennotfortopic", "device key")
    if code in (400, 404, 410, 500) and any(word in said for word in gone):
        return _revoked(f"Bark 找不到这台手机（{_code(code)}）：请在 App 里重新复制地址。")
    return None if answer.status != 200 else _unknown(code)


def schan(answer: Answer, body: Body) -> Outcome | None:
    code, said = body.get("code"), f"{body.get('message', '')}{body.get('info', '')}"
    if _is(code, 0):
        inner = body.get("data")
        number = inner.get("errno", 0) if isinstance(inner, dict) else 0
        return DELIVERED if _is(number, 0) else _unknown(number)
    if any(word in said for word in ("次数", "频", "限制", "稍后")):
        hour = timedelta(hours=1)
        return Outcome(
            verdict="retry", reason=f"Server酱今天的条数用完了（{_code(code)}）。", retry_after=hour
        )
    if any(word in said.lower() for word in ("key", "auth")):
        return _revoked(f"Server酱不认这个 SendKey（{_code(code)}）。")
    return _unknown(code) if answer.status < 400 else None


def pushdeer(answer: Answer, body: Body) -> Outcome | None:
    code = body.get("code")
    content = body.get("content")
    if _is(code, 0):
        # A key nobody has gets code 0 too, with no device in the result.
        reached = isinstance(content, dict) and bool(content.get("result"))
        return DELIVERED if reached else _revoked("PushDeer 的这个 Key 没有对应的设备：请检查 Key。")
    if code in (80403, 80501):
        return _revoked(f"PushDeer 不认这个 Key（{code}）。")
    return _unknown(code) if answer.status < 400 else None


def tgram(answer: Answer, body: Body) -> Outcome | None:
    if body.get("ok") is True:
        return DELIVERED
    code, said = body.get("error_code"), str(body.get("description", "")).lower()
    if code == 429:
        extra = body.get("parameters")
        wait = extra.get("retry_after") if isinstance(extra, dict) else None
        return Outcome(
            verdict="retry",
            reason="发得太频繁，Telegram 要求稍后再发（429）。",
            retry_after=timedelta(seconds=min(wait, 86_400)) if isinstance(wait, int) and wait > 0 else None,
        )
    if code in (401, 404):
        return _revoked(f"Telegram 不认这个 token（{code}）。")
    if code == 403 or "chat not found" in said:
        return _revoked(f"机器人进不了这个聊天（{_code(code)}）：可能被移除、被屏蔽，或聊天编号不对。")
    if code == 400:
        return _dead("Telegram 不收这条消息的格式（400）。")
    return None if answer.status >= 400 else _unknown(code)


_SLACK_GONE = {
    "no_service": "这个 Webhook 已被停用",
    "no_team": "这个 Slack 工作区不在了",
    "no_active_hooks": "这个 Webhook 已被停用",
    "invalid_token": "Slack 不认这个地址",
    "channel_not_found": "Slack 频道不在了",
    "channel_is_archived": "Slack 频道已归档",
    "action_prohibited": "Slack 管理员不允许往这里发",
    "posting_to_general_channel_denied": "Slack 管理员不允许往这里发",
}


def slack(answer: Answer, body: Body) -> Outcome | None:
    said = answer.body.strip()[:60].decode("ascii", "replace")
    if answer.status == 200:
        return DELIVERED if said == "ok" else None
    if said in _SLACK_GONE:
        return _revoked(f"{_SLACK_GONE[said]}（{answer.status}）：请重新建一个。")
    return None


def webhook(answer: Answer, body: Body) -> Outcome | None:
    """A receiver of one's own says yes by its status; it need not write a body."""
    return DELIVERED if 200 <= answer.status < 300 else None
