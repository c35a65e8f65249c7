"""A polite visitor for a handful of pages (`tingzhen sources add`): no crawl, the same manners and guards.

One request at a time and a second apart, our own name, no cookies; only http(s), only the site's own host, no
address in a private network, nothing larger or slower than the limits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import SplitResult, urljoin, urlsplit

from crawler.guarded_http import ExchangeError, Leash, Reply, Trouble, exchange

MAX_BYTES = 4_000_000
SECONDS = 20.0  # for one page, from the look-up of its host to the last byte
REDIRECTS = 4
_MOVED = (301, 302, 303, 307, 308)
_WORDS: Mapping[Trouble, str] = {
    "private": "{} 在内网：确是自己的站点时加 --allow-private",
    "unresolved": "域名解析不了",
    "refused": "连不上（被拒绝）",
    "late": "太久没有答完",
    "untrusted": "证书不可信",
    "tls": "加密连接建立不了",
    "broken": "连接断了",
    "address": "不是网址",
}


class FetchError(Exception):
    """A page could not be had; the message says why (zh-CN)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    url: str  # where it was in the end
    status: int
    charset: str  # as the header declares it, "" for nothing
    body: bytes


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Fetches pages of one site. `delay` is seconds between two requests, `patience` seconds in which a
    request may begin, from the first one on."""

    agent: str
    allow_private: bool = False
    delay: float = 1.0
    patience: float = float("inf")
    requests: int = 0
    _last: float = field(default=float("-inf"))
    _begun: float = field(default_factory=time.monotonic)

    def get(self, url: str) -> Page:
        """The page at `url`, redirects within the site followed.

        Raises:
            FetchError: not http(s), a private address, another host, too many redirects, too large, too slow,
                or no answer.
        """
        home = _site(url)
        for _ in range(REDIRECTS + 1):
            if _site(url) != home:
                raise FetchError(f"转到了别的主机 {_site(url).removesuffix(':')}")
            page, target = self._once(url)
            if not target:
                return page
            url = _joined(url, target).partition("#")[0]
        raise FetchError("转来转去没有尽头")

    def _once(self, url: str) -> tuple[Page, str]:
        parts = _parts(url)
        pause = max(0.0, self._last + self.delay - time.monotonic())
        if time.monotonic() + pause > self._begun + self.patience:
            raise FetchError("网站答得太慢，没有看完")
        time.sleep(pause)
        self.requests += 1
        try:
            reply = self._ask(url)
        except ExchangeError as error:
            raise FetchError(_WORDS[error.trouble].format(parts.hostname)) from error
        finally:
            self._last = time.monotonic()
        if len(reply.body) > MAX_BYTES:
            raise FetchError(f"页面大过 {MAX_BYTES // 1_000_000} MB")
        target = reply.headers.get("location", "") if reply.status in _MOVED else ""
        return Page(url=url, status=reply.status, charset=_charset(reply), body=reply.body), target

    def _ask(self, url: str) -> Reply:
        parts = urlsplit(url)
        path, query = (each.encode("ascii", "ignore").decode() for each in (parts.path, parts.query))
        return exchange(
            "GET",
            parts._replace(path=path, query=query).geturl(),
            headers={"User-Agent": self.agent, "Accept-Encoding": "identity"},
            leash=Leash(
                seconds=SECONDS, connecting=SECONDS, most_bytes=MAX_BYTES + 1, private=self.allow_private
            ),
        )


def _parts(url: str) -> SplitResult:
    """Raises FetchError for what is no http(s) address."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        raise FetchError("不是网址") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise FetchError(f"只读 http(s) 地址，而不是 {parts.scheme or '没有协议的'} 地址")
    return parts


def _joined(url: str, target: str) -> str:
    """Raises FetchError for a redirect to no address."""
    try:
        return urljoin(url, target)
    except ValueError:
        raise FetchError("转到的地址不是网址") from None


def _charset(reply: Reply) -> str:
    """As the header declares it, "" for nothing."""
    header = Message()
    header["Content-Type"] = reply.headers.get("content-type", "")
    return header.get_content_charset() or ""


def _site(url: str) -> str:
    """Host and port; http and https of one host, with and without www, are one site."""
    parts = _parts(url)
    port = parts.port if parts.port not in (80, 443) else None
    return f"{(parts.hostname or '').removeprefix('www.')}:{port or ''}"
