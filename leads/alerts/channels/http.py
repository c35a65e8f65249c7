"""One HTTPS request, on a short leash: a deadline for the whole of it, so much of an answer, no redirects.

Apprise's plugins write through it too (`leads.alerts.channels.apprise_wire`): by themselves they follow
redirects and read answers without end.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from leads.config import AlertSettings

DEADLINE = 30.0  # seconds from the first packet to the last; below outbox.LEASE by far
CONNECT = 8.0  # seconds
MOST_BYTES = 64 * 1024  # of an answer; services say what they have to say in a few hundred
USER_AGENT = "tingzhen"


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
    url = urlsplit(_relayed(request.url, settings))
    with _translated(), contextlib.closing(_connected(url, request, settings, deadline)) as connection:
        wire = connection.sock
        # A peer that sends a byte now and then would outlast every timeout of single reads.
        watch = Timer(deadline, _cut, (wire,))
        watch.daemon = True
        watch.start()
        try:
            return _exchange(connection, url, request)
        finally:
            watch.cancel()


def context(settings: AlertSettings) -> ssl.SSLContext:
    """Trusts what the system trusts, or the CA of the settings besides."""
    made = ssl.create_default_context()
    if settings.ca_file:
        made.load_verify_locations(settings.ca_file)
    return made


def _exchange(connection: HTTPConnection, url: SplitResult, request: Request) -> Answer:
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {"User-Agent": USER_AGENT, "Connection": "close", **request.headers}
    connection.request(request.method, path, body=request.body, headers=headers)
    response = connection.getresponse()
    found = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=found, body=response.read(MOST_BYTES))


def _relayed(url: str, settings: AlertSettings) -> str:
    parts = urlsplit(url)
    relay = settings.relays.get(parts.netloc)
    return url if relay is None else url.replace(f"{parts.scheme}://{parts.netloc}", relay.rstrip("/"), 1)


def _connected(
    url: SplitResult, request: Request, settings: AlertSettings, deadline: float
) -> HTTPConnection:
    """A connection to an address that was looked at: asking the name server again could give another."""
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    relayed = url.geturl() != urlsplit(request.url).geturl()  # the operator's own choice
    guarded = request.foreign and not relayed and not settings.private_addresses
    wire = _dial(_addresses(host, port, guarded), min(CONNECT, deadline))
    wire.settimeout(deadline)
    if url.scheme == "https":
        try:
            wire = context(settings).wrap_socket(wire, server_hostname=host)
        except BaseException:
            wire.close()
            raise
    connection = HTTPConnection(host, port, timeout=deadline)
    connection.sock = wire
    return connection


def _addresses(host: str, port: int, guarded: bool) -> list[tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [(str(each[4][0]), port) for each in found]
    if guarded and not all(_public(address) for address, _ in addresses):
        raise Unreachable("地址在内网里：要允许请管理员设置 alerts.private_addresses。", final=True)
    return addresses


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return inner.is_global and not inner.is_multicast


def _dial(addresses: list[tuple[str, int]], timeout: float) -> socket.socket:
    last: OSError = OSError("no address")
    for address in addresses[:3]:
        try:
            return socket.create_connection(address, timeout=timeout)
        except OSError as error:
            last = error
    raise last


def _cut(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Not wire.shutdown: that of a TLS socket would take the reader's object away under it.
        socket.socket.shutdown(wire, socket.SHUT_RDWR)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Every way a connection fails, in words that hold neither address nor token."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        code = re.sub(r"[^\w -]", "", error.verify_message or "")[:60]
        raise Unreachable(f"服务器的证书不可信（{code}）。") from None
    except ssl.SSLError:
        raise Unreachable("加密连接建立不了。") from None
    except TimeoutError:
        raise Unreachable("等了太久没有回答。") from None
    except socket.gaierror:
        raise Unreachable("找不到服务器：请检查网络和 DNS。") from None
    except ConnectionRefusedError:
        raise Unreachable("服务器拒绝连接。") from None
    except (OSError, HTTPException, ValueError):
        # ValueError: what is no port, or a name too long for DNS (UnicodeError).
        raise Unreachable("连接中断。") from None
