"""What a service's answer means, as far as services are alike. Pure.

These services answer HTTP 200 to almost everything and say in the body whether the message was taken: a
delivery counts only when the body says so. Codes are those of the services' own documentation; one that is
not listed is tried again, because giving up on an unknown one could lose an alert. What a service says in
words is not repeated to people or logs: it may hold the token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from leads.alerts.channels.http import Answer
from leads.models import DELIVERED, Outcome

Body = Mapping[str, object]  # JSON of a service's answer


def by_status(answer: Answer, now: datetime) -> Outcome:
    """Where the body says nothing we know."""
    status = answer.status
    wait = retry_after(answer, now)
    if status == 429:
        return Outcome(verdict="retry", reason="发得太频繁，服务要求稍后再发（429）。", retry_after=wait)
    if status >= 500 or status in (408, 425):
        return Outcome(verdict="retry", reason=f"对方服务器出错（{status}）。", retry_after=wait)
    if status in (401, 403, 404, 410):
        return revoked(f"对方不认这个地址或密钥（{status}）：可能填错了，或机器人已被移除。")
    if 300 <= status < 400:
        return refused(f"对方把地址转到了别处（{status}）：请填最终的地址。")
    if status >= 400:
        return refused(f"对方拒收这条消息（{status}）。")
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
    """The object an answer holds, {} where it holds none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


# --- the words of the channels ------------------------------------------------------------


def revoked(reason: str) -> Outcome:
    """Nothing will go this way until a person mends it."""
    return Outcome(verdict="dead", reason=reason, revoked=True)


def refused(reason: str) -> Outcome:
    """This message will never be taken; the next one may be."""
    return Outcome(verdict="dead", reason=reason)


def busy(code: object) -> Outcome:
    """Too often."""
    return Outcome(verdict="retry", reason=f"发得太频繁，服务要求稍后再发（{number_of(code)}）。")


def unknown(code: object) -> Outcome:
    """Not taken, by a code nobody has described."""
    return Outcome(verdict="retry", reason=f"服务没有收下，原因码 {number_of(code)}。")


def number_of(code: object) -> str:
    """A service's code for people; words of its own are not repeated."""
    return str(code) if isinstance(code, int) else "未知"


def equals(code: object, number: int) -> bool:
    """JSON's false is no 0."""
    return type(code) is int and code == number


def by_key(key: str, meanings: Mapping[int, Outcome]) -> Callable[[Answer, Body], Outcome | None]:
    """What an answer means that has its number under `key`."""
    return lambda answer, body: by_code(body[key], meanings) if key in body else None


def by_code(code: object, meanings: Mapping[int, Outcome]) -> Outcome:
    """By a service's number; True and 0.0 are no numbers of theirs."""
    if isinstance(code, bool) or not isinstance(code, int):
        return unknown(code)
    return DELIVERED if code == 0 else meanings.get(code) or unknown(code)
