"""Local servers that behave like the services: what they answer is set by the test, what they got is kept."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any

import trustme


@dataclass
class Got:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, dict[str, str], bytes]
Behave = Callable[[Got, socket.socket], Reply | None]  # None: it has dealt with the connection itself


@dataclass
class StandIn:
    """`reply` may be changed while it runs."""

    url: str = ""
    reply: Behave = lambda got, wire: (200, {}, b"{}")
    got: list[Got] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def says(self, body: object, status: int = 200, **headers: str) -> None:
        """Answer so from now on; header names are written with _ for -."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.reply = lambda got, wire: (status, named, raw)


@contextmanager
def stand_in(*, tls: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    """A server on a free port of this machine."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(path=self.path, headers=headers, body=body)
            state.got.append(got)
            answer = state.reply(got, self.connection)
            if answer is None:
                self.close_connection = True
                return
            status, extra, raw = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            """Nothing: pytest's output is for people."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False  # a hanging answer is not waited for
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that hang up are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls is not None:
        scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    state.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def reset(got: Got, wire: socket.socket) -> None:
    """The connection breaks off (RST)."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    wire.close()


def hang(state: StandIn) -> Behave:
    """No answer until the test is over."""

    def behave(got: Got, wire: socket.socket) -> Reply | None:
        state.stop.wait()
        return None

    return behave


def drip(state: StandIn) -> Behave:
    """A byte now and then, for ever."""

    def behave(got: Got, wire: socket.socket) -> Reply | None:
        try:
            for char in chain(b"HTTP/1.1 200 OK\r\nX-Slow: ", repeat(ord("a"))):
                wire.send(bytes([char]))
                if state.stop.wait(0.05):
                    break
        except OSError:
            pass
        return None

    return behave


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """What a server of these names says by way of proof; `authority` vouches for it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context
