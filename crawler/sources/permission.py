"""May we read this? Permission is data: a ground, who gave it, and until when.

Pure: `Permission.verdict` looks at a clock that is handed in, `read_robots` at an answer somebody fetched.
The one who asks at run time is `crawler.middlewares.RobotsMiddleware`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from protego import Protego
from pydantic import ConfigDict, Strict

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# RFC 6052: translators reach IPv4 by these; the second is for use inside one network (RFC 8215).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, 2.5.5.1: out of use, but stacks still read it

# "import": a file somebody holds. "seen": what a person read in a browser and kept; who and when stand in the
# records of the desk. Neither lets a crawl ask anything.
Ground = Literal["robots", "official_api", "consent", "import", "seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Yes or no, with the sentence an operator reads (zh-CN)."""

    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """On what ground a source is read. `consent` needs who, when, until and note, and lapses by itself."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    ground: Ground
    who: str = ""
    when: Annotated[date, Strict()] | None = None
    until: Annotated[date, Strict()] | None = None
    note: str = ""

    @property
    def asks_robots(self) -> bool:
        """Whether robots.txt decides. An owner's consent and an API contract stand above it."""
        return self.ground == "robots"

    def missing(self) -> tuple[str, ...]:
        """Keys that this ground needs and that are not filled in."""
        if self.ground != "consent":
            return ()
        given = {"who": self.who, "when": self.when, "until": self.until, "note": self.note}
        return tuple(key for key, value in given.items() if not value)

    def verdict(self, today: date) -> Verdict:
        """Whether a crawl may start today. For `robots` the site itself still has the last word."""
        if self.ground in _NO_CRAWL:
            return Verdict(allowed=False, reason=_NO_CRAWL[self.ground])
        if self.missing():
            return Verdict(allowed=False, reason=f"站方同意缺少 {'、'.join(self.missing())}")
        if self.when and today < self.when:
            return Verdict(allowed=False, reason=f"站方同意从 {self.when} 起才有效")
        if self.until and today > self.until:
            return Verdict(allowed=False, reason=f"站方同意已于 {self.until} 到期")
        return Verdict(allowed=True, reason=_GROUND_REASONS[self.ground])


_NO_CRAWL: dict[Ground, str] = {
    "import": "依据是 import：只读用户自己的文件，不抓取",
    "seen": "依据是 seen：人自己看到并保存的，不抓取",
}
_GROUND_REASONS = {
    "robots": "按 robots.txt，运行时询问",
    "official_api": "官方接口",
    "consent": "站方书面同意",
}


@dataclass(frozen=True, slots=True)
class Robots:
    """A site's robots.txt as answered. `rules` is None where there is no file to obey; `reachable` says
    whether the site answered at all: no answer means no crawl (RFC 9309, 2.3.1.4)."""

    rules: Protego | None
    reachable: bool = True
    note: str = ""

    def verdict(self, url: str, agent: str) -> Verdict:
        if not self.reachable:
            return Verdict(allowed=False, reason=f"robots.txt 读不到（{self.note}），不抓取")
        if self.rules is not None and not self.rules.can_fetch(url, agent):
            return Verdict(allowed=False, reason="robots.txt 不允许")
        return Verdict(allowed=True, reason="robots.txt 允许")

    def delay(self, agent: str) -> float:
        """Seconds between two requests that `Crawl-delay` and `Request-rate` ask for; 0 when neither does."""
        if self.rules is None:
            return 0.0
        rate = self.rules.request_rate(agent)
        between = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return max(float(self.rules.crawl_delay(agent) or 0.0), between)


def read_robots(status: int, body: bytes) -> Robots:
    """What an answer to GET /robots.txt means.

    RFC 9309: 2xx is read, "unavailable" 4xx means no rules, 5xx means stay away. 401, 403 and 429 are read
    more strictly than the RFC does: a site that refuses even this file has not invited anybody.
    """
    if 200 <= status < 300:
        return Robots(rules=Protego.parse(body[:500_000].decode("utf-8-sig", errors="ignore")))
    if 400 <= status < 500 and status not in {401, 403, 418, 429, 432}:
        return Robots(rules=None, note=f"HTTP {status}")
    return Robots(rules=None, reachable=False, note=f"HTTP {status}")


def is_private_address(text: str) -> bool:
    """Whether `text` is an IP address (in any spelling a socket accepts) that is not on the public internet.

    Covers private, loopback, link-local (cloud metadata 169.254.169.254), shared, reserved and multicast
    ranges, IPv4 inside IPv6 (mapped, NAT64, 6to4, Teredo), and forms such as `127.1`, `0x7f000001` and
    `2130706433`. A host name is not an address and gives False: it is looked at again when it is resolved.
    """
    address = _address(text.strip("[]").partition("%")[0])
    return address is not None and any(map(_is_private, (address, *_inner(address))))


def _is_private(address: IPAddress) -> bool:
    return not address.is_global or address.is_multicast or address in _LOCAL_NAT64


def _inner(address: IPAddress) -> Iterator[IPAddress]:
    """The IPv4 addresses a packet to an IPv6 address may end up at."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        yield from address.teredo  # server and client


def _address(text: str) -> IPAddress | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _loose_ipv4(text)
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _loose_ipv4(text: str) -> ipaddress.IPv4Address | None:
    try:
        # inet_aton takes "127.0.0.1 rubbish"; a host part of a URL has no blanks.
        return None if not text or " " in text else ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def is_loopback_host(host: str) -> bool:
    """Whether `host` names this very machine: the only place where the delay floor may be lifted."""
    address = _address(host.strip("[]"))
    return host == "localhost" or (address is not None and address.is_loopback)
