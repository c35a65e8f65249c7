"""What stands between a spider and the network: addresses, robots.txt, and sites that say stop.

Order (settings.py): AddressGuard, RobotsMiddleware, …, StopMiddleware (sees answers before Scrapy's own
redirects and retries do).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import DNSLookupError

from crawler.coverage.guest import engine_of, guest_of
from crawler.parsing.network_errors import describe
from crawler.sources.permission import Robots, is_loopback_host, is_private_address, read_robots
from crawler.sources.source import Source

logger = logging.getLogger(__name__)

STOP_STATUSES = frozenset({403, 418, 429, 432})
SELF_REDIRECTS = 2  # a page that answers with its own address this often has earned a failure
_LOGIN_MARKS = (
    "mod=logging",
    "action=login",
    "/login",
    "/passport",
    "passport.",
    "/captcha",
    "/verify",
    "signin",
)


class HostStopped(IgnoreRequest):
    """The host said stop, or its budget is used up: nothing more is asked of it in this run."""


class AddressRefused(IgnoreRequest):
    """The address is not the source's own, or leads into a private network."""


class RobotsRefused(IgnoreRequest):
    """robots.txt says no. `final` is False when it could not be read: the next run asks again."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class SelfRedirect(IgnoreRequest):
    """A page that only ever redirects to itself."""


class AddressGuard:
    """Lets through only http(s) to the host of the request's own source, and no private address unless the
    source's table says `allow_private`. Names that resolve into a private network are caught by
    `GuardedResolver`, at the moment of connecting, so a name that changes its address is caught too."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        spider = guest_of(self.crawler)
        source = spider.sources.get(request.meta.get("source", ""))
        if source is None:
            raise AddressRefused("地址不属于任何来源")
        if reason := strange(request.url, source):
            raise AddressRefused(reason)
        host = urlsplit(request.url).hostname or ""
        if host in spider.stopped:
            raise HostStopped(spider.stopped[host])
        if is_private_address(host) and not source.allow_private:
            raise AddressRefused(f"内网地址不读：{host}")


def strange(url: str, source: Source) -> str:
    """Why `url` is none of the source's own addresses; "" where it is one. Another port is another server, of
    which neither robots.txt nor the owner's consent has said anything; a change between http and https on
    their own ports is none."""
    try:
        parts, port, home = urlsplit(url), _port(url), _port(source.url)
    except ValueError:
        return "地址看不懂"
    known = parts.scheme in _PORTS and same_site(parts.hostname or "", source.host)
    if known and (port == home or (port, home) in _BOTH_DEFAULT):
        return ""
    at = f":{port}" if port != _PORTS.get(parts.scheme) else ""
    return f"地址不属于这个来源：{parts.scheme}://{parts.hostname or ''}{at}"


_PORTS = {"http": 80, "https": 443}
_BOTH_DEFAULT = ((80, 443), (443, 80))


def _port(url: str) -> int | None:
    """Raises ValueError for what is no address."""
    parts = urlsplit(url)
    return parts.port or _PORTS.get(parts.scheme)


def same_site(host: str, home: str) -> bool:
    """The source's host, with or without "www."."""
    return host.removeprefix("www.") == home.removeprefix("www.")


class GuardedResolver(CachingThreadedResolver):
    """Resolves names like Scrapy's own, and refuses private addresses for hosts that may not have one.
    `allowed` is filled by the spider from the sources with `allow_private`."""

    allowed: frozenset[str] = frozenset()

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:  # noqa: N802  # Twisted's name
        if is_loopback_host(name) and name in self.allowed and name != "localhost":
            return succeed(name)
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found.addCallback(self._check, name)

    def _check(self, address: str, name: str) -> str:
        if is_private_address(address) and name not in self.allowed:
            raise DNSLookupError(f"{name} 指向内网地址，不读")
        return address


class RobotsMiddleware:
    """Asks each host's robots.txt once a run and obeys it, `Crawl-delay` and `Request-rate` included.

    Scrapy's own reads an unreachable robots.txt as "everything allowed"; here it means "nothing".
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        # Only the product name is matched against the file's groups (RFC 9309, 2.2.1).
        self.agent = crawler.settings.get("ROBOTSTXT_USER_AGENT") or "tingzhen"
        self._asked: dict[str, Robots | Deferred[None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        spider = guest_of(self.crawler)
        source = spider.sources[request.meta["source"]]
        if request.meta.get("robots_txt") or not spider.asks_robots(source):
            return
        robots = await self._robots(request)
        verdict = robots.verdict(request.url, self.agent)
        spider.ledger.robots(source.name, verdict.reason)
        if not verdict.allowed:
            raise RobotsRefused(verdict.reason, final=robots.reachable)

    def known_verdict(self, url: str) -> bool:
        """Whether robots.txt, as read in this run, allows `url`; nothing read means no."""
        parts = urlsplit(url)
        robots = self._asked.get(f"{parts.scheme}://{parts.netloc}")
        return isinstance(robots, Robots) and robots.verdict(url, self.agent).allowed

    async def _robots(self, request: Request) -> Robots:
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        known = self._asked.get(site)
        if isinstance(known, Robots):
            return known
        if known is None:
            waiting: Deferred[None] = Deferred()
            self._asked[site] = waiting
            robots = await self._fetch(site, request.meta["source"])
            self._asked[site] = robots
            self._slow_down(parts.hostname or "", robots)
            waiting.callback(None)
            return robots
        turn: Deferred[None] = Deferred()
        known.addCallback(lambda _: turn.callback(None))
        await maybe_deferred_to_future(turn)
        return await self._robots(request)

    async def _fetch(self, site: str, source: str) -> Robots:
        request = Request(
            f"{site}/robots.txt",
            priority=1000,
            callback=NO_CALLBACK,
            meta={"robots_txt": True, "source": source, "handle_httpstatus_all": False},
            dont_filter=True,
        )
        try:
            engine = engine_of(self.crawler)
            response = await engine.download_async(request)
        except Exception as error:  # whatever stops us from reading the rules stops us from crawling
            logger.warning("robots.txt of %s cannot be read: %s", site, type(error).__name__)
            return Robots(rules=None, reachable=False, note=describe(error))
        return read_robots(response.status, response.body)

    def _slow_down(self, host: str, robots: Robots) -> None:
        asked = robots.delay(self.agent)
        spider = guest_of(self.crawler)
        if asked > spider.floors.get(host, 0.0):
            spider.floors[host] = asked
            engine = engine_of(self.crawler)
            slot = engine.downloader.slots.get(host)
            if slot is not None:
                slot.delay = max(slot.delay, asked)


class StopMiddleware:
    """A site that refuses is left alone: 403, 418, 429, 432, a redirect to a login or captcha page, and 503
    with Retry-After stop the host. A redirect to anything but the source's own pages ends here, before it
    becomes a request. One to the very same address is followed here, because a duplicate filter would drop
    it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        if request.meta.get("robots_txt"):
            return response
        spider = guest_of(self.crawler)
        if not request.meta.get("playwright"):  # a browser's requests are counted one by one, when it asks
            waited = float(request.meta.get("download_latency", 0.0))
            source = spider.sources[request.meta["source"]]
            spider.count_page(source, size=len(response.body), waited=waited)
        wait = retry_after(response.headers.get(b"Retry-After"), datetime.now(UTC))
        refuses = response.status in STOP_STATUSES or (response.status == 503 and wait)
        if refuses and not spider.explains(response):
            self._stop(request, f"HTTP {response.status}", wait)
        if response.status in (301, 302, 303, 307, 308):
            return self._redirect(request, response)
        return response

    def _redirect(self, request: Request, response: Response) -> Response | Request:
        spider = guest_of(self.crawler)
        location = (response.headers.get(b"Location") or b"").decode("utf-8", "replace")
        try:
            target = urljoin(request.url, location)
        except ValueError:
            raise AddressRefused("转到的地址看不懂") from None
        if asks_for_login(target):
            self._stop(request, "转到登录或验证页面", 0.0)
        if reason := strange(target, spider.sources[request.meta["source"]]):
            raise AddressRefused(f"转到别处，没有跟去：{reason}")
        if target.partition("#")[0] != request.url.partition("#")[0]:
            return response
        times = request.meta.get("self_redirects", 0) + 1
        if times > SELF_REDIRECTS:
            raise SelfRedirect("页面一直转回自己")
        return request.replace(meta={**request.meta, "self_redirects": times}, dont_filter=True)

    def _stop(self, request: Request, reason: str, wait: float) -> None:
        spider = guest_of(self.crawler)
        spider.stop_host(spider.sources[request.meta["source"]], request.url, reason, seconds=wait)
        raise HostStopped(reason)


def asks_for_login(url: str) -> bool:
    """Whether an address is that of a login or of a check for robots."""
    return any(mark in url.lower() for mark in _LOGIN_MARKS)


def retry_after(value: bytes | None, now: datetime) -> float:
    """Seconds that a Retry-After header asks for (a number or a date, RFC 9110 10.2.3); 0 without one."""
    text = (value or b"").decode("ascii", "ignore").strip()
    if text.isdigit():
        return float(min(int(text), 30 * 86400))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
