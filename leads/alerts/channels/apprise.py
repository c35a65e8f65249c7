"""其他服务: every other service, by Apprise: its form, the text, and what an answer that was seen means.

All contact with Apprise stands in `leads.alerts.channels.apprise_plugins`. That takes half a second to load
250 notations, so it is loaded when somebody wants one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from leads.alerts.channels.base import (
    OUTLET,
    ChannelKind,
    NotReadyError,
    Parts,
    address_field,
    unreachable,
)
from leads.alerts.channels.http import Answer, Unreachable
from leads.alerts.channels.outcomes import by_status, json_of
from leads.alerts.messages.message import Limit, Message, Payload, Style, hard_cut, render
from leads.config import AlertSettings
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

if TYPE_CHECKING:
    from leads.alerts.channels.apprise_plugins import Plugin

Event = Answer | Unreachable  # what became of one request of a plugin
MOST = 20_000  # bytes, also of a service that names no limit


def read(given: Parts) -> dict[str, str]:
    """The parts to keep of an address in Apprise's notation: itself, and the server it leads to.

    Raises:
        InputError: not Apprise's notation, a service that is not on the web, one of our own kinds, or several
            recipients at once; or an Apprise that is not the one we know.
    """
    address = given["address"]
    try:
        url = urlsplit(_opened(address).leads_to()[0])
    except (IndexError, ValueError):
        raise InputError("照这个地址什么也发不出去：可能不完整，请对照 Apprise 的文档重新复制。") from None
    return {"token": address, "url": f"{url.scheme}://{url.netloc}"}


def deliver(parts: Parts, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
    """Send it once. A plugin's True counts only with a 2xx answer that names no error."""
    try:
        plugin = _opened(parts["token"])
    except NotReadyError as error:
        return Outcome(verdict="retry", reason=str(error))
    except InputError as error:
        return Outcome(verdict="dead", reason=str(error), revoked=True)
    title, body = written(message, plugin.style, plugin.title_most, plugin.body_most)
    took, events = plugin.notify(title=title, body=body, severity=message.severity, settings=settings)
    return judge(took, events, now=now)


def _opened(address: str) -> Plugin:
    try:
        from leads.alerts.channels import apprise_plugins  # half a second: when it is used
    except ImportError:
        raise NotReadyError("这台机器上的 Apprise 和听诊对不上，没有发出去：请管理员重新安装听诊。") from None
    return apprise_plugins.opened(address)


# --- the text ------------------------------------------------------------

# Many services read marks also in what is called text; nobody is called, nothing becomes a link.
_TWINS = str.maketrans("[]*_`<>#|~\\@", "［］＊＿｀＜＞＃｜～＼＠")


def _harmless(text: str) -> str:
    return text.translate(_TWINS).replace("://", ":／／")


def _item(item: Payload) -> Payload:
    return replace(
        item,
        title=_harmless(item.title),
        lines=tuple(map(_harmless, item.lines)),
        facts=tuple((_harmless(name), _harmless(value)) for name, value in item.facts),
        rule=_harmless(item.rule),
        clinic=_harmless(item.clinic),
    )


def written(message: Message, style: Style, title_most: int, body_most: int) -> tuple[str, str]:
    """(title, body); without a title where the service has none. Limits are Apprise's, counted in bytes: the
    services behind them count bytes, characters or UTF-16, and bytes are never fewer."""
    said = replace(message, items=tuple(map(_item, message.items)))
    titled = title_most > 0
    head = "" if titled else f"{OUTLET} "
    most = min(body_most if body_most > 0 else MOST, MOST)
    breaks = min(400, most // 5) if style == "html" else 0  # room for <br>
    text = head + render(
        said, style, Limit(size=most - len(head.encode()) - breaks, unit="bytes"), title=not titled
    )
    body = text.replace("\n", "<br>\n") if style == "html" else text
    title = hard_cut(f"【{OUTLET}】{said.title}", Limit(size=title_most, unit="bytes")) if titled else ""
    return title, body


# --- the answer ------------------------------------------------------------


def judge(took: bool, events: Sequence[Event], *, now: datetime) -> Outcome:
    """What became of a message, by what the plugin said and by what was seen on the wire."""
    last = events[-1] if events else None
    if took and isinstance(last, Answer) and _good(last):
        return _error_in(last, now) or DELIVERED
    trouble = next((each for each in reversed(events) if not _good(each)), None)
    if isinstance(trouble, Unreachable):
        return unreachable(trouble)
    if isinstance(trouble, Answer):
        return by_status(trouble, now)
    if last is None:
        return Outcome(verdict="retry", reason="没有发出去，Apprise 没有说为什么。")
    return _not_taken("")


def _good(event: Event) -> bool:
    return isinstance(event, Answer) and 200 <= event.status < 300


def _not_taken(code: str) -> Outcome:
    return Outcome(verdict="retry", reason=f"服务没有收下{code}。")


def _error_in(answer: Answer, now: datetime) -> Outcome | None:
    """What services of any kind call an error; a code whose meaning is not known is left to the plugin."""
    if re.match(rb"\s*<(!doctype html|html)", answer.body[:200], re.I):
        return by_status(answer, now)
    body = json_of(answer)
    number = next((body[name] for name in ("errcode", "errno", "retcode", "error_code") if body.get(name)), 0)
    if number:
        return _not_taken(f"，原因码 {number}" if isinstance(number, int) else "")
    refused = any(body.get(name) is False for name in ("ok", "success"))
    return _not_taken("") if refused or body.get("error") or body.get("errors") else None


KIND = ChannelKind(
    name="其他服务（Apprise）",
    fields=(
        address_field(
            "Apprise 地址",
            "ntfys://主题",
            "ntfy、Pushover、Discord、Teams、Mattermost、Gotify、WxPusher 等一百多种："
            "写法见 Apprise 的文档；只支持用 HTTPS 发的。",
        ),
    ),
    read=read,
    deliver=deliver,
    user_host=True,
    encrypted="用加密的写法（比如 ntfys://）",
)
