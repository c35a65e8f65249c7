"""Apprise's plugins, taken at the wire: all that is relied on of Apprise and of `requests` stands here.

A plugin knows whether it liked the answer, and says nothing else. It writes through the name `requests` in
its module; that name is given a stand-in here, which hands the request to `leads.alerts.channels.http` and
keeps the answer: seen, with a deadline, not into our own network. Plugins that could reach a network or a
program in any other way are not used (`watched`). Before the first use a trial says whether this still holds
for the Apprise that is installed (`trial_flight`); if not, nothing is sent and an operator is told.
"""

from __future__ import annotations

import ast
import inspect
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any

import apprise.plugins.base
import apprise.url
import requests
from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat, NotifyType, OverflowMode
from apprise import __version__ as version
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from leads.alerts.channels import http as wire
from leads.alerts.channels.base import NotReadyError, not_another_service
from leads.alerts.channels.http import Answer, Request, Unreachable
from leads.alerts.messages.message import Style, rank
from leads.config import AlertSettings
from leads.errors import InputError

log = logging.getLogger(__name__)
DEADLINE = 60.0  # seconds for all requests of one message (some log in first); below outbox.LEASE by far
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
Event = Answer | Unreachable  # what became of one request
Send = Callable[[requests.PreparedRequest], Answer]  # raises Unreachable
_MODULES = "apprise.plugins."
_TYPES = (NotifyType.INFO, NotifyType.INFO, NotifyType.WARNING, NotifyType.FAILURE)
_STYLES: dict[str, Style] = {NotifyFormat.MARKDOWN.value: "markdown", NotifyFormat.HTML.value: "html"}
# It tells whole addresses and answers at its lower levels; what has to be known is an Outcome. A filter, as
# `disabled` is taken back by whoever configures logging later (uvicorn does).
logging.getLogger("apprise").addFilter(lambda record: False)
_PLUGINS = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise's
_PLUGINS.load_modules()  # type: ignore[no-untyped-call]  # at once, so that a fault of one is seen here


# --- a plugin for an address ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin of Apprise that is watched, made for one address."""

    made: Any  # apprise has no types of its own

    @property
    def style(self) -> Style:
        """Markdown where it takes it."""
        return _STYLES.get(self._form.value, "text")

    @property
    def title_most(self) -> int:
        """Of a title, as Apprise gives it; 0 for none."""
        return int(self.made.title_maxlen)

    @property
    def body_most(self) -> int:
        """Of a text, as Apprise gives it; 0 for no limit."""
        return int(self.made.body_maxlen)

    def leads_to(self) -> Sequence[str]:
        """Where it would write to; nothing is sent."""
        flight = Flight(send=_nothing)
        self._fly(flight, title="t", body="b", severity="")
        return flight.urls

    def notify(
        self, *, title: str, body: str, severity: str, settings: AlertSettings
    ) -> tuple[bool, Sequence[Event]]:
        """(whether the plugin liked it, what became of each request)."""
        until = time.monotonic() + DEADLINE
        flight = Flight(send=lambda request: _posted(request, settings, until))
        took = self._fly(flight, title=title, body=body, severity=severity)
        return took, flight.events

    @property
    def _form(self) -> Any:
        return self.made.resolve_format(NotifyFormat.MARKDOWN)

    def _fly(self, flight: Flight, *, title: str, body: str, severity: str) -> bool:
        # Waiting and trying again is the outbox's: a plugin that sleeps would hold one of its threads.
        self.made.throttle = lambda *args, **wishes: None
        self.made.overflow_mode = OverflowMode.TRUNCATE
        with _flying(flight):
            try:
                took = self.made.notify(
                    body=body,
                    title=title,
                    notify_type=_TYPES[rank(severity)],
                    body_format=self._form,
                    body_passthrough=False,
                )
            except Exception as error:
                # The type alone: what it says may hold a token.
                log.warning("a service by Apprise: %s", type(error).__name__)
                return False
        return took is True


def opened(address: str) -> Plugin:
    """The plugin for an address in Apprise's notation.

    Raises:
        NotReadyError: the Apprise that is installed is not the one we know.
        InputError: no address, not a service on the web, one of our own kinds, or several recipients.
    """
    trial_flight()
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
    made: Any = Apprise.instantiate(parsed, asset=_asset())
    if made is None:
        raise InputError("地址不完整或不对：请对照 Apprise 的文档重新复制。")
    made.retry = 0  # trying again is the outbox's; it would count below, too
    files = [value for value in vars(made).values() if isinstance(value, AppriseAttachment) and len(value)]
    if files or re.search(r"[?&]attach[^=&]*=", address, re.I):
        raise InputError("地址里不能带模板或附件的文件：请去掉 template= 或 attach= 这一项。")
    if len(made) != 1:
        raise InputError("一个通道只写一个收件方：这个地址里有好几个，请分成几个通道。")
    return Plugin(made)


def _asset() -> AppriseAsset:
    """Nothing on disk, nothing asynchronous; the name goes into headers, which are Latin."""
    asset = AppriseAsset(storage_mode="memory", async_mode=False, http_redirects=False)
    asset.app_id, asset.app_desc, asset.app_url = "Tingzhen", "Tingzhen", ""
    asset.image_url_mask = asset.image_url_logo = ""
    return asset


def _refuse_own(kind: type) -> None:
    module = kind.__module__.removeprefix(_MODULES).partition(".")[0]
    if module in ("pushplus", "wechat"):
        not_another_service(f"{module}://")
    if module in OWN:
        raise InputError(f"{OWN[module]}有自己的通道：请换一种，选「{OWN[module]}」，粘贴同样的地址。")


# --- the requests of one message ------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Flight:
    """The requests of one message, how they are sent, and what became of each."""

    send: Send
    urls: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


_FLIGHT: ContextVar[Flight] = ContextVar("apprise_flight")


@contextmanager
def _flying(flight: Flight) -> Iterator[None]:
    """What plugins send inside, in this thread, belongs to this flight."""
    token = _FLIGHT.set(flight)
    try:
        yield
    finally:
        _FLIGHT.reset(token)


def _nothing(request: requests.PreparedRequest) -> Answer:
    raise Unreachable("")


def _posted(request: requests.PreparedRequest, settings: AlertSettings, until: float) -> Answer:
    url, body, left = request.url or "", request.body, until - time.monotonic()
    if url.startswith("http://") and not settings.private_addresses:
        raise Unreachable("地址不加密，会把内容明文送出去：请用加密的写法，比如 ntfys://。", final=True)
    if not isinstance(body, str | bytes | None):
        raise Unreachable("这种服务要分段上传，这里不支持。", final=True)
    if left <= 0:
        raise Unreachable("等了太久没有回答。")
    sent = Request(
        method=request.method or "POST",
        url=url,
        body=body.encode() if isinstance(body, str) else body,
        headers={name: _text(value) for name, value in request.headers.items()},
        foreign=True,
    )
    return wire.post(sent, settings, deadline=min(wire.DEADLINE, left))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


# --- the stand-in for `requests` ------------------------------------------------------------

VERBS = frozenset({"delete", "get", "head", "patch", "post", "put", "request"})
# What plugins may use of the library besides; anything else could be a way around the stand-in.
KNOWN = VERBS | {"codes", "exceptions", "ConnectionError", "RequestException", "Timeout", "TooManyRedirects"}


class _Requests:
    """As the module `requests`, with requests of one's own only inside a flight."""

    def __getattr__(self, name: str) -> Any:  # whatever the library has under that name
        if name in VERBS:
            return lambda url, **wishes: self.request(name.upper(), url, **wishes)
        if name in KNOWN:
            return getattr(requests, name)
        raise AttributeError(name)

    def request(self, method: str, url: str, **wishes: Any) -> requests.Response:
        """Redirects, proxies and .netrc are off, whatever the plugin or the environment wishes."""
        flight = _FLIGHT.get(None)
        if flight is None:
            raise requests.ConnectionError
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Accept-Encoding"] = "identity"
            for scheme in ("https://", "http://"):
                session.mount(scheme, _Adapter(flight))
            return session.request(method, url, **{**wishes, "allow_redirects": False})


class _Adapter(BaseAdapter):
    def __init__(self, flight: Flight) -> None:
        super().__init__()
        self._flight = flight

    def send(self, request: requests.PreparedRequest, *given: Any, **wishes: Any) -> requests.Response:
        """The plugin's own timeouts and its `verify` count for nothing."""
        flight = self._flight
        flight.urls.append(request.url or "")
        last = flight.events[-1] if flight.events else None
        if isinstance(last, Answer) and last.status == 429:
            # A service that said "too often" is not asked again at once, as some plugins would.
            raise requests.ConnectionError
        try:
            answer = flight.send(request)
        except Unreachable as error:
            flight.events.append(error)
            raise requests.ConnectionError from None
        flight.events.append(answer)
        return _response(request, answer)

    def close(self) -> None:
        """Nothing stays open."""


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    made = requests.Response()
    made.status_code = answer.status
    made.headers = CaseInsensitiveDict(answer.headers)
    made.encoding = get_encoding_from_headers(made.headers)
    made.url, made.request = request.url or "", request
    made.raw = BytesIO(answer.body)
    return made


# --- which plugins ------------------------------------------------------------

# Libraries that neither reach a network nor start a program. Fail closed: what a newer Apprise uses besides
# is refused until somebody looked at it.
_HARMLESS = frozenset({
    "__future__", "base64", "collections", "contextlib", "copy", "cryptography", "dataclasses", "datetime",
    "decimal", "email", "enum", "functools", "gzip", "hashlib", "hmac", "html", "io", "itertools", "json",
    "logging", "math", "nacl", "os", "random", "re", "secrets", "string", "time", "typing", "urllib", "uuid",
    "xml", "zoneinfo",
})  # fmt: skip
_INNER = ("utils.socket", "utils.pgp", "utils.wkd", "utils.pem")  # Apprise's own, with sockets and key files
_INSTALLING = Lock()
_STAND_IN = _Requests()


def watched(plugin: type) -> bool:
    """Put the stand-in under a plugin; False when it could send in another way."""
    modules = [each.__module__ for each in plugin.__mro__ if each.__module__.startswith(_MODULES)]
    modules = [name for name in modules if name != f"{_MODULES}base"]
    if not modules or not all(uses_requests_only(name) for name in modules):
        return False
    with _INSTALLING:
        for name in modules:
            setattr(sys.modules[name], "requests", _STAND_IN)  # noqa: B010 - a module's name, unknown to types
    return True


@cache
def uses_requests_only(name: str) -> bool:
    """Whether a plugin's module, by its source, reaches a network by the name `requests` alone.

    Plugins of several files keep keys on disk or hold connections; they are none.
    """
    if "." in name.removeprefix(_MODULES):
        return False
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    nodes = list(ast.walk(tree))
    if not all(_harmless(node) for node in nodes):
        return False
    return any(isinstance(node, ast.Import) and node.names[0].name == "requests" for node in nodes) or any(
        isinstance(node, ast.ImportFrom) and node.level == 1 and not node.module for node in nodes
    )


def _harmless(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return all(
                (each.name == "requests" and not each.asname) or each.name.partition(".")[0] in _HARMLESS
                for each in names
            )
        case ast.ImportFrom(level=0, module=str(module)):
            # urllib.request opens addresses, and files.
            return module.partition(".")[0] in _HARMLESS and not module.startswith("urllib.request")
        case ast.ImportFrom(level=level, module=module):
            return level <= 2 and not (module or "").startswith(_INNER)
        case ast.Attribute(value=ast.Name(id="requests"), attr=attr):
            return attr in KNOWN
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=attr)):
            return attr not in ("system", "popen", "execv", "spawnv", "fork")
    return True


# --- whether it is still the Apprise we know ------------------------------------------------------------

# What a plugin is set and asked; a new name would take our wishes and do nothing with them.
_USED = ("throttle", "overflow_mode", "retry", "resolve_format", "title_maxlen", "body_maxlen", "notify")
_WAYS_OUT = frozenset({"aiohttp", "http", "httpx", "requests", "smtplib", "socket", "subprocess", "urllib3"})
# One whose verdict is read from the status alone, and one that looks into the answer.
_TRIED = ("json://127.0.0.1/trial", "ntfys://tingzhen-trial")


@cache
def trial_flight() -> None:
    """Raises NotReadyError where Apprise's plugins cannot be watched any more. Nothing is sent."""
    changed = _changed()
    if changed:
        log.error("Apprise %s is not as this version knows it: %s", version, changed)
        raise NotReadyError(
            f"这台机器上的 Apprise（{version}）和听诊对不上，没有发出去：请管理员重新安装听诊。"
        )


def _changed() -> str:
    """What is not as we rely on, "" where everything is."""
    for module in (apprise.plugins.base, apprise.url):
        if found := _WAYS_OUT & vars(module).keys():
            return f"{module.__name__} has {', '.join(sorted(found))}"
    return next(filter(None, map(_strange, _TRIED)), "")


def _strange(address: str) -> str:
    made: Any = Apprise.instantiate(address, asset=_asset())
    if made is None or not watched(type(made)):
        return f"no plugin for {address}"
    if missing := [name for name in _USED if not hasattr(made, name)]:
        return f"{type(made).__name__} has no {', '.join(missing)}"
    for status in (200, 500):
        answer = Answer(status=status, headers={"content-type": "application/json"}, body=b"{}")
        flight = Flight(send=lambda request, answer=answer: answer)  # type: ignore[misc]  # bound at once
        if Plugin(made)._fly(flight, title="t", body="b", severity="") is not (status == 200):
            return f"{type(made).__name__} does not go by the answer"
        if len(flight.urls) != 1:
            return f"{type(made).__name__} sent {len(flight.urls)} requests that were seen"
    return ""
