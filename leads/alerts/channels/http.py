"""One request to a service, on a short leash (`crawler.guarded_http`); what goes wrong becomes a sentence.

Apprise's plugins write through it too (`leads.alerts.channels.apprise_plugins`): by themselves they follow
redirects and read answers without end.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from crawler.guarded_http import ExchangeError, Leash, Trouble, exchange
from leads.config import AlertSettings

DEADLINE = 30.0  # seconds from the first look-up to the last byte; below outbox.LEASE by far
CONNECT = 8.0  # seconds
TRUSTED = 600.0  # seconds that the system's certificates are taken for what they were
MOST_BYTES = 64 * 1024  # of an answer; services say what they have to say in a few hundred
USER_AGENT = "tingzhen"
_WORDS: Mapping[Trouble, str] = {
    "private": "地址在内网里：要允许请管理员设置 alerts.private_addresses。",
    "unresolved": "找不到服务器：请检查网络和 DNS。",
    "refused": "服务器拒绝连接。",
    "late": "等了太久没有回答。",
    "untrusted": "服务器的证书不可信（{}）。",
    "tls": "加密连接建立不了。",
    "broken": "连接中断。",
    "address": "连接中断。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to send. `foreign`: the host was chosen by a user, so it may not lead into our own network."""

    url: str
    body: bytes | None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `body` is its beginning, header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):  # noqa: N818 - a state, told to people in its words
    """No answer. `str()` is a zh-CN sentence without the address; `final` when trying again is no use."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def post(request: Request, settings: AlertSettings, *, deadline: float = DEADLINE) -> Answer:
    """Send it once.

    Raises:
        Unreachable: no connection, no trust, no whole answer in time, or an address in our own network.
    """
    url = _relayed(request.url, settings)
    leash = Leash(
        seconds=deadline,
        connecting=min(CONNECT, deadline),
        most_bytes=MOST_BYTES,
        # A relay is the operator's own choice.
        private=not request.foreign or url != request.url or settings.private_addresses,
        trust=context(settings),
    )
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **request.headers}
    try:
        reply = exchange(request.method, url, headers=headers, body=request.body, leash=leash)
    except ExchangeError as error:
        said = _WORDS[error.trouble].format(error.detail)
        raise Unreachable(said, final=error.trouble == "private") from None
    return Answer(status=reply.status, headers=reply.headers, body=reply.body)


def context(settings: AlertSettings) -> ssl.SSLContext:
    """Trusts what the system trusts, or the CA of the settings besides."""
    file = settings.ca_file
    changed = Path(file).stat().st_mtime_ns if file else 0
    return _trusting(file, changed, int(time.monotonic() // TRUSTED))


@lru_cache(maxsize=4)
def _trusting(file: str, changed: int, turn: int) -> ssl.SSLContext:
    """Reading the system's certificates took a third of a delivery's processor time."""
    made = ssl.create_default_context()
    if file:
        made.load_verify_locations(file)
    return made


def _relayed(url: str, settings: AlertSettings) -> str:
    parts = urlsplit(url)
    relay = settings.relays.get(parts.netloc)
    return url if relay is None else url.replace(f"{parts.scheme}://{parts.netloc}", relay.rstrip("/"), 1)
