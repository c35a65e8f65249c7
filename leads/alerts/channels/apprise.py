"""Every other service, by Apprise: reading a pasted address, writing the message, judging what came back."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat, NotifyType, OverflowMode
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict

from leads.alerts.channels.apprise_wire import Flight, flying, watched
from leads.alerts.channels.http import Answer, Unreachable
from leads.alerts.channels.outcomes import by_status, json_of
from leads.alerts.channels.pasted import not_another_service
from leads.alerts.messages.message import Limit, Message, Payload, Style, hard_cut, rank, render
from leads.config import AlertSettings
from leads.errors import InputError
from leads.models import DELIVERED, Outcome

OUTLET = "听诊"
MOST = 20_000  # bytes, also of a service that names no limit
# Apprise's module of a service → the kind of ours that reads the service's answer.
OWN = {
    "bark": "Bark（iPhone）",
    "dingtalk": "钉钉群机器人",
    "feishu": "飞书群机器人",
    "lark": "Lark 群机器人",
    "pushdeer": "PushDeer",
    "serverchan": "Server酱（个人微信）",
    "slack": "Slack",
    "telegram": "Telegram",
    "wecombot": "企业微信群机器人",
    "email": "邮件",
}
# It tells whole addresses and answers at its lower levels; what has to be known is an Outcome.
logging.getLogger("apprise").disabled = True
_PLUGINS = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise's
_PLUGINS.load_modules()  # type: ignore[no-untyped-call]  # at once, so that a fault of one is seen here
_TYPES = (NotifyType.INFO, NotifyType.INFO, NotifyType.WARNING, NotifyType.FAILURE)
_STYLES: dict[str, Style] = {NotifyFormat.MARKDOWN.value: "markdown", NotifyFormat.HTML.value: "html"}


def read(address: str) -> dict[str, str]:
    """The parts to keep of an address in Apprise's notation: itself, and the server it leads to.

    Raises:
        InputError: not Apprise's notation, a service that is not on the web, one of our own kinds, or several
            recipients at once.
    """
    plugin = _plugin(address)
    flight = Flight(settings=AlertSettings(), dry=True)
    _notify(plugin, flight, title="t", body="b", severity="", form=plugin.resolve_format())
    try:
        url = urlsplit(flight.urls[0])
    except (IndexError, ValueError):
        raise InputError("照这个地址什么也发不出去：可能不完整，请对照 Apprise 的文档重新复制。") from None
    return {"token": address, "url": f"{url.scheme}://{url.netloc}"}


def send(address: str, message: Message, settings: AlertSettings, *, now: datetime) -> Outcome:
    """Send it once. A plugin's True counts only with a 2xx answer that names no error."""
    try:
        plugin = _plugin(address)
    except InputError as error:
        return Outcome(verdict="dead", reason=str(error), revoked=True)
    flight = Flight(settings=settings)
    form = plugin.resolve_format(NotifyFormat.MARKDOWN)
    title, body = written(message, _STYLES.get(form.value, "text"), plugin.title_maxlen, plugin.body_maxlen)
    took = _notify(plugin, flight, title=title, body=body, severity=message.severity, form=form)
    return judge(took, flight, now=now)


# --- the plugin ------------------------------------------------------------


def _asset() -> AppriseAsset:
    """Nothing on disk, nothing asynchronous; the name goes into headers, which are Latin."""
    asset = AppriseAsset(storage_mode="memory", async_mode=False, http_redirects=False)
    asset.app_id, asset.app_desc, asset.app_url = "Tingzhen", "Tingzhen", ""
    asset.image_url_mask = asset.image_url_logo = ""
    return asset


def _plugin(address: str) -> Any:  # apprise has no types of its own
    not_another_service(address)
    try:
        parsed = url_to_dict(address)  # type: ignore[no-untyped-call]  # Apprise's
    except Exception:
        parsed = None  # 170 parsers by as many people: whatever one stumbles over is no address
    if not parsed:
        raise InputError("看不懂这个地址：请写成 ntfys://主题 或 discord://… 这样，写法见 Apprise 的文档。")
    kind = _PLUGINS[parsed["schema"]]
    _refuse_own(kind)
    if not watched(kind):
        raise InputError("这种服务不是用 HTTPS 发的，或要读本机的文件，这里不支持：请换一种通道。")
    made = Apprise.instantiate(parsed, asset=_asset())
    if made is None:
        raise InputError("地址不完整或不对：请对照 Apprise 的文档重新复制。")
    made.retry = 0  # trying again is the outbox's; it would count below, too
    files = [value for value in vars(made).values() if isinstance(value, AppriseAttachment) and len(value)]
    if files or re.search(r"[?&]attach[^=&]*=", address, re.I):
        raise InputError("地址里不能带模板或附件的文件：请去掉 template= 或 attach= 这一项。")
    if len(made) != 1:
        raise InputError("一个通道只写一个收件方：这个地址里有好几个，请分成几个通道。")
    return made


def _refuse_own(kind: type) -> None:
    module = kind.__module__.removeprefix("apprise.plugins.").partition(".")[0]
    if module in ("pushplus", "wechat"):
        not_another_service(f"{module}://")
    if module in OWN:
        raise InputError(f"{OWN[module]}有自己的通道：请换一种，选「{OWN[module]}」，粘贴同样的地址。")


def _notify(plugin: Any, flight: Flight, *, title: str, body: str, severity: str, form: NotifyFormat) -> bool:
    # Waiting and trying again is the outbox's: a plugin that sleeps would hold one of its threads.
    plugin.throttle = lambda *args, **wishes: None
    plugin.overflow_mode = OverflowMode.TRUNCATE
    with flying(flight):
        try:
            took = plugin.notify(
                body=body,
                title=title,
                notify_type=_TYPES[rank(severity)],
                body_format=form,
                body_passthrough=False,
            )
        except Exception as error:
            # The type alone: what it says may hold a token.
            logging.getLogger(__name__).warning("a service by Apprise: %s", type(error).__name__)
            return False
    return took is True


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


def judge(took: bool, flight: Flight, *, now: datetime) -> Outcome:
    """What became of a message, by what the plugin said and by what was seen on the wire."""
    last = flight.events[-1] if flight.events else None
    if took and isinstance(last, Answer) and _good(last):
        return _error_in(last, now) or DELIVERED
    trouble = next((each for each in reversed(flight.events) if not _good(each)), None)
    if isinstance(trouble, Unreachable):
        return Outcome(
            verdict="dead" if trouble.final else "retry", reason=str(trouble), revoked=trouble.final
        )
    if isinstance(trouble, Answer):
        return by_status(trouble, now)
    if last is None:
        return Outcome(verdict="retry", reason="没有发出去，Apprise 没有说为什么。")
    return _not_taken("")


def _good(event: Answer | Unreachable) -> bool:
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
