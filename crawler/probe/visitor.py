"""A polite visitor for a handful of pages (`tingzhen sources add`): no crawl, the same manners and guards.

One request at a time and a second apart, our own name, no cookies; only http(s), only the site's own host, no
address in a private network, nothing larger or slower than the limits.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from crawler.parsing.network_errors import describe
from crawler.sources.permission import is_private_address

MAX_BYTES = 4_000_000
SECONDS = 20.0  # for one page, from the first byte asked to the last read
REDIRECTS = 4


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
    """Fetches pages of one site. `delay` is seconds between two requests."""

    agent: str
    allow_private: bool = False
    delay: float = 1.0
    requests: int = 0
    _last: float = field(default=float("-inf"))

    def get(self, url: str) -> Page:
        """The page at `url`, redirects within the site followed.

        Raises:
            FetchError: not http(s), a private address, another host, too many redirects, too large, too slow,
                or no answer.
        """
        home = _site(url)
        for _ in range(REDIRECTS + 1):
            if _site(url) != home:
                raise FetchError(f"转到了别的主机 {urlsplit(url).hostname}")
            page, target = self._once(url)
            if not target:
                return page
            url = urljoin(url, target).partition("#")[0]
        raise FetchError("转来转去没有尽头")

    def _once(self, url: str) -> tuple[Page, str]:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise FetchError(f"只读 http(s) 地址，而不是 {parts.scheme or '没有协议的'} 地址")
        time.sleep(max(0.0, self._last + self.delay - time.monotonic()))
        deadline = time.monotonic() + SECONDS
        try:
            connection = self._connect(parts.scheme, parts.hostname, parts.port)
            try:
                return self._ask(connection, url, deadline)
            finally:
                connection.close()
                self._last = time.monotonic()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(_words(error)) from error

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        """A connection to the very address that was checked: a second look-up might give another one."""
        secure = scheme == "https"
        port = port or (443 if secure else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        address = found[0][4]
        if not self.allow_private and any(is_private_address(str(each[4][0])) for each in found):
            raise FetchError(f"{host} 在内网：确是自己的站点时加 --allow-private")
        plain = socket.create_connection((str(address[0]), port), timeout=SECONDS)
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        )
        return connection

    def _ask(self, connection: http.client.HTTPConnection, url: str, deadline: float) -> tuple[Page, str]:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.requests += 1
        connection.request(
            "GET",
            path.encode("ascii", "ignore").decode(),
            headers={"User-Agent": self.agent, "Accept-Encoding": "identity", "Connection": "close"},
        )
        response = connection.getresponse()
        body = b""
        while chunk := response.read1(65536):
            body += chunk
            if len(body) > MAX_BYTES:
                raise FetchError(f"页面大过 {MAX_BYTES // 1_000_000} MB")
            if time.monotonic() > deadline:
                raise FetchError("太久没有答完")
        target = response.getheader("Location", "") if response.status in (301, 302, 303, 307, 308) else ""
        charset = response.headers.get_content_charset() or ""
        return Page(url=url, status=response.status, charset=charset, body=body), target or ""


def _site(url: str) -> str:
    """Host and port; http and https of one host, with and without www, are one site."""
    parts = urlsplit(url)
    port = parts.port if parts.port not in (80, 443) else None
    return f"{(parts.hostname or '').removeprefix('www.')}:{port or ''}"


def _words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "域名解析不了"
    return describe(error)
