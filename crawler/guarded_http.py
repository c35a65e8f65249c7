"""One HTTP exchange on a short leash: a deadline over all of it, so much of an answer, no redirects,
no cookies, and no way into our own network unless the caller says so.

The name is resolved once; every address it has is looked at, and the connection goes to one of those. urllib3
speaks HTTP and TLS over that connection: it is handed the socket, so nothing asks the name server again.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from threading import Lock, Timer
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as ReadTimeout

from crawler.sources.permission import is_private_address

_TRIED = 3  # addresses of a host, one after the other
# private: in our own network; public: outside of it; untrusted: the certificate;
# address: what was asked for is none
Trouble = Literal[
    "private", "public", "unresolved", "refused", "late", "untrusted", "tls", "broken", "address"
]  # fmt: skip


class ExchangeError(Exception):
    """No whole answer. `trouble` says why; `detail` is what the TLS library says of a certificate, or ""."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(trouble)
        self.trouble, self.detail = trouble, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Leash:
    """How far an exchange may go. `private`: also into our own network; not `public`: only there."""

    seconds: float  # for all of it, from the first look-up on
    connecting: float  # seconds until a connection stands
    most_bytes: int  # of the answer's body; what comes after is not read
    private: bool = False
    public: bool = True
    trust: ssl.SSLContext | None = None  # None: what the system trusts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; header names are in lower case, `body` ends at the leash's `most_bytes`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, leash: Leash
) -> Reply:
    """Ask once.

    Raises:
        ExchangeError: no connection, no trust, no whole answer in time, or an address out of reach.
    """
    until = time.monotonic() + leash.seconds
    with _translated():
        parts = urlsplit(url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        wire = _dial(_addresses(host, port, leash), until, leash.connecting)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with contextlib.closing(wire), _Deadline(wire, until) as deadline:
            with contextlib.closing(_connection(wire, host, port, secure, leash)) as connection:
                connection.request(
                    method,
                    path,
                    body=body,
                    headers={"Connection": "close", **headers},
                    preload_content=False,
                    decode_content=False,
                    enforce_content_length=False,
                )
                reply = _read(connection.getresponse(), leash)
            # What was cut off looks like a short answer to who read it.
            deadline.check()
            return reply


def _read(response: HTTPResponse, leash: Leash) -> Reply:
    found = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status=response.status, headers=found, body=response.read(leash.most_bytes))


# --- the connection ------------------------------------------------------------


class _Dialled:
    """Makes urllib3 use a socket that is connected already."""

    wire: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.wire


class _Plain(_Dialled, HTTPConnection):
    pass


class _Secure(_Dialled, HTTPSConnection):
    pass


def _connection(
    wire: socket.socket, host: str, port: int, secure: bool, leash: Leash
) -> HTTPConnection | HTTPSConnection:
    made: _Plain | _Secure
    if secure:
        trust = leash.trust or ssl.create_default_context()
        made = _Secure(host, port, timeout=leash.seconds, ssl_context=trust)
    else:
        made = _Plain(host, port, timeout=leash.seconds)
    made.wire = wire
    return made


def _addresses(host: str, port: int, leash: Leash) -> list[tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [(str(each[4][0]), port) for each in found]
    inside = [is_private_address(address) for address, _ in addresses]
    if not leash.private and any(inside):
        raise ExchangeError("private")
    if not leash.public and not all(inside):
        raise ExchangeError("public")
    return addresses


def _dial(addresses: list[tuple[str, int]], until: float, seconds: float) -> socket.socket:
    last: OSError = OSError("no address")
    for address in addresses[:_TRIED]:
        left = until - time.monotonic()
        if left <= 0:
            raise ExchangeError("late")
        try:
            made = socket.create_connection(address, timeout=min(seconds, left))
        except OSError as error:
            last = error
            continue
        made.settimeout(max(until - time.monotonic(), 0.001))
        return made
    raise last


class _Deadline:
    """Cuts a connection off when its time is up, whatever it waits for: also a handshake, also a peer that
    sends a byte now and then and would outlast every timeout of single reads."""

    def __init__(self, wire: socket.socket, until: float) -> None:
        self._line = wire.dup()  # TLS takes the socket itself over
        self._over, self._lock = False, Lock()
        self._watch = Timer(max(until - time.monotonic(), 0.0), self._cut)
        self._watch.daemon = True

    def __enter__(self) -> _Deadline:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.cancel()
        with self._lock:
            self._line.close()
        if error is not None:
            self.check()

    def check(self) -> None:
        """Raises ExchangeError("late") when it has been cut off."""
        if self._over:
            raise ExchangeError("late")

    def _cut(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._over = True
            self._line.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Every way a connection fails, by one name; nothing of the address is in it."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise ExchangeError("untrusted", re.sub(r"[^\w -]", "", error.verify_message or "")[:60]) from None
    except ssl.SSLError:
        raise ExchangeError("tls") from None
    except (TimeoutError, ReadTimeout):
        raise ExchangeError("late") from None
    except socket.gaierror:
        raise ExchangeError("unresolved") from None
    except ConnectionRefusedError:
        raise ExchangeError("refused") from None
    except (OSError, HTTPException, HTTPError):
        raise ExchangeError("broken") from None
    except ValueError:
        # What is no port, or a name too long for DNS (UnicodeError).
        raise ExchangeError("address") from None
