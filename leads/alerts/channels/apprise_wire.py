"""What Apprise's plugins send, over our own wire: seen, with a deadline, not into our own network.

A plugin knows whether it liked the answer, and says nothing else. It writes through the name `requests` in
its module; that name is given a stand-in here, which hands the request to `leads.alerts.channels.http` and
keeps the answer.
Plugins that could reach a network or a program in any other way are not used (`watched`).
"""

from __future__ import annotations

import ast
import inspect
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from leads.alerts.channels import http as wire
from leads.alerts.channels.http import Answer, Request, Unreachable
from leads.config import AlertSettings

DEADLINE = 60.0  # seconds for all requests of one message (some log in first); below outbox.LEASE by far
_PLUGINS = "apprise.plugins."


@dataclass(slots=True, kw_only=True)
class Flight:
    """The requests of one message and what became of each. A `dry` one sends nothing."""

    settings: AlertSettings
    dry: bool = False
    until: float = field(default_factory=lambda: time.monotonic() + DEADLINE)
    urls: list[str] = field(default_factory=list)
    events: list[Answer | Unreachable] = field(default_factory=list)


_FLIGHT: ContextVar[Flight] = ContextVar("apprise_flight")


@contextmanager
def flying(flight: Flight) -> Iterator[None]:
    """What plugins send inside, in this thread, belongs to this flight."""
    token = _FLIGHT.set(flight)
    try:
        yield
    finally:
        _FLIGHT.reset(token)


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
        flight, url = self._flight, request.url or ""
        flight.urls.append(url)
        last = flight.events[-1] if flight.events else None
        if flight.dry or (isinstance(last, Answer) and last.status == 429):
            # A service that said "too often" is not asked again at once, as some plugins would.
            raise requests.ConnectionError
        try:
            answer = _posted(request, url, flight)
        except Unreachable as error:
            flight.events.append(error)
            raise requests.ConnectionError from None
        flight.events.append(answer)
        return _response(request, answer)

    def close(self) -> None:
        """Nothing stays open."""


def _posted(request: requests.PreparedRequest, url: str, flight: Flight) -> Answer:
    if url.startswith("http://") and not flight.settings.private_addresses:
        raise Unreachable("地址不加密，会把内容明文送出去：请用加密的写法，比如 ntfys://。", final=True)
    body = request.body
    if not isinstance(body, str | bytes | None):
        raise Unreachable("这种服务要分段上传，这里不支持。", final=True)
    sent = Request(
        method=request.method or "POST",
        url=url,
        body=body.encode() if isinstance(body, str) else body,
        headers={name: _text(value) for name, value in request.headers.items()},
        foreign=True,
    )
    left = flight.until - time.monotonic()
    if left <= 0:
        raise Unreachable("等了太久没有回答。")
    return wire.post(sent, flight.settings, deadline=min(wire.DEADLINE, left))


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


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
    modules = [each.__module__ for each in plugin.__mro__ if each.__module__.startswith(_PLUGINS)]
    modules = [name for name in modules if name != f"{_PLUGINS}base"]
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
    if "." in name.removeprefix(_PLUGINS):
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
