"""Connections of `serve`: who dawdles is shown out, and a crowd keeps nobody out who is signed in.

Uvicorn waits for the rest of a request as long as its sender likes, and opens connections until the process
has no files left. Here every wait of a connection has an end, and where there are too many, one that waits
makes room for a new one: a stranger's before that of somebody signed in, the longest wait first.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from leads.web.auth import COOKIE
from leads.web.headers import HEADERS

_log = logging.getLogger(__name__)
MOST_FILES = 65_536  # containers allow a billion; programs that a crawl starts would try to close them all
ASKED_AT_ONCE = 1_024  # connections that the system keeps until we accept them
SAY_AGAIN = 600.0  # seconds until a complaint is repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many connections, and how long each may take to go on."""

    connections: int = 1_000
    strangers: int = 100  # requests of theirs that are worked on at a time
    head: float = 10.0  # seconds for a request's first lines and headers
    body: float = 60.0  # seconds for a body, of a megabyte at the most
    reader: float = 60.0  # seconds until a reader has taken something of the answer


def limits() -> Patience:
    """Those of this process: it opens as many files as it is allowed, half of them for other work."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    usual = Patience()
    return (
        usual if soft == resource.RLIM_INFINITY else Patience(connections=min(usual.connections, soft // 2))
    )


# head: the request is not whole yet; body: its body is not; idle: between two requests; reader: takes
# nothing of the answer; closing: does not take the rest of it; work: it is our turn.
Phase = Literal["head", "body", "idle", "reader", "closing", "work"]


class Crowd:
    """All connections of a server. Not thread-safe: belongs to its event loop."""

    def __init__(self, app: ASGIApp, allowed: Patience) -> None:
        self.app, self.limits = app, allowed
        self._open: set[Connection] = set()
        # In the order in which they began to wait.
        self._strangers: dict[Connection, None] = {}
        self._members: dict[Connection, None] = {}
        self._worked_for: set[Connection] = set()  # strangers only

    def came(self, connection: Connection) -> None:
        """A new one; another one goes when there are too many."""
        self._open.add(connection)
        if len(self._open) > self.limits.connections:
            first = next(iter(self._strangers), None) or next(iter(self._members), None) or connection
            self.left(first)
            first.transport.abort()

    def moved(self, connection: Connection, phase: Phase) -> None:
        """It began to wait for somebody else, or its turn came."""
        self._forget(connection)
        if connection not in self._open:
            return
        if phase != "work":
            (self._members if connection.signed_in else self._strangers)[connection] = None
        elif not connection.signed_in:
            self._worked_for.add(connection)

    def left(self, connection: Connection) -> None:
        """It is closed."""
        self._open.discard(connection)
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        self._strangers.pop(connection, None)
        self._members.pop(connection, None)
        self._worked_for.discard(connection)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application; strangers beyond a number are asked to come back."""
        if scope["type"] == "http" and len(self._worked_for) > self.limits.strangers and not _known(scope):
            busy: Callable[[Scope, Receive, Send], Awaitable[None]] = PlainTextResponse(
                "现在来的人太多：请过几秒再试。", 503, {**HEADERS, "Retry-After": "5"}
            )
            await busy(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _known(scope: Scope) -> bool:
    """Brings a session or a token; whether it holds is for the application to see."""
    brought = dict(scope["headers"])
    return f"{COOKIE}=".encode() in brought.get(b"cookie", b"") or b"authorization" in brought


class Connection(H11Protocol):
    """Uvicorn's, with an end to every wait."""

    def __init__(self, crowd: Crowd, **uvicorns: Any) -> None:  # what uvicorn gives to a protocol
        super().__init__(**uvicorns)
        self.app = crowd
        self.signed_in = False  # a request on this connection was somebody's who is
        self._crowd = crowd
        self._phase: Phase | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._crowd.came(self)
        self._settle()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._crowd.left(self)
        self._stop_waiting()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._settle()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._settle()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._settle()

    def on_response_complete(self) -> None:
        self.signed_in = self.signed_in or "visitor" in self.cycle.scope["state"]
        super().on_response_complete()
        self._settle()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._settle()

    def _settle(self) -> None:
        """Notes what is waited for now; the time for it runs from the first moment on."""
        phase = self._now()
        if phase == self._phase:
            return
        self._phase = phase
        self._stop_waiting()
        self._crowd.moved(self, phase)
        seconds = _seconds(self._crowd.limits, phase)
        if seconds is not None:
            self._end = self.loop.call_later(seconds, self.transport.abort)

    def _now(self) -> Phase:
        if self.transport.is_closing():
            return "closing"
        if self.flow.write_paused:
            return "reader"
        if self.cycle is not None and not self.cycle.response_complete:
            return "body" if self.cycle.more_body else "work"
        return "head" if self.timeout_keep_alive_task is None else "idle"

    def _stop_waiting(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


def _seconds(allowed: Patience, phase: Phase) -> float | None:
    """None: somebody else sees to it (uvicorn closes idle ones)."""
    ends = {
        "head": allowed.head,
        "body": allowed.body,
        "reader": allowed.reader,
        "closing": allowed.reader,
    }
    return ends.get(phase)


class AcceptErrors:
    """What an event loop does when it cannot take a connection: counts, and says so once in a while."""

    def __init__(self) -> None:
        self.count = 0
        self._said_at: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if "socket.accept()" not in context["message"]:
            loop.default_exception_handler(context)
            return
        self.count += 1
        if self._said_at is None or loop.time() - self._said_at >= SAY_AGAIN:
            self._said_at = loop.time()
            _log.error(
                "连接接不进来（%s，第 %d 次）：打开的文件太多或内存不够，每秒再试一次；请提高 LimitNOFILE。",
                getattr(context.get("exception"), "strerror", ""),
                self.count,
            )


def watch_accepting(servers: list[asyncio.base_events.Server]) -> AcceptErrors:
    """Call once they listen, told a backlog of 1, in their event loop.

    CPython takes as many connections in one go as the backlog says, and when there are no files for them it
    says so, and plans a retry, for each: with 2048 that grew to millions of lines. So it is told 1, and the
    system is told the number afterwards.
    """
    for server in servers:
        for listening in server.sockets:
            with listening.dup() as same:
                same.listen(ASKED_AT_ONCE)
    errors = AcceptErrors()
    asyncio.get_running_loop().set_exception_handler(errors)
    return errors
