"""The sites of a soak, one a loopback address, and the receiver of all alerts."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from benchmarks.soak.world import World

WINDOW = 6  # turns that a feed shows: so long a source may be late without losing anything
HOSTS_A_NET = 250


def host(source: int) -> str:
    """Each source has a loopback address, and so a host, of its own."""
    return f"127.1.{source // HOSTS_A_NET}.{source % HOSTS_A_NET + 1}"


@dataclass(slots=True, kw_only=True)
class Sites:
    """What they show: all turns begun so far. `begun` says when, by the clock of the program under test."""

    world: World
    port: int
    districts: list[str]
    begun: list[datetime] = field(default_factory=list)
    fetched: dict[int, int] = field(default_factory=dict)  # source → newest turn that it was read at
    told: Counter[str] = field(default_factory=Counter)  # message id → times that it arrived
    asked: dict[int, list[float]] = field(default_factory=dict)  # source → monotonic times of requests

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/robots.txt", self._robots),
                Route("/feed.json", self._feed),
                Route("/hook/{who}", self._hook, methods=["POST"]),
            ]
        )

    def url(self, source: int, number: int) -> str:
        return f"http://{host(source)}:{self.port}/p/{number}"

    def _source(self, request: Request) -> int:
        _, _, net, last = (request.url.hostname or "").split(".")
        source = int(net) * HOSTS_A_NET + int(last) - 1
        self.asked.setdefault(source, []).append(time.monotonic())
        return source

    async def _robots(self, request: Request) -> Response:
        self._source(request)
        return PlainTextResponse("User-agent: *\nAllow: /\n")

    async def _feed(self, request: Request) -> Response:
        source, newest = self._source(request), len(self.begun) - 1
        items = [
            item for turn in range(newest, max(-1, newest - WINDOW), -1) for item in self._items(source, turn)
        ]
        self.fetched[source] = newest
        feed = {"version": "https://jsonfeed.org/version/1.1", "title": f"s{source}", "items": items}
        return Response(orjson.dumps(feed), media_type="application/feed+json")

    def _items(self, source: int, turn: int) -> Iterator[dict[str, Any]]:
        for said in self.world.said(source, turn, self.districts):
            address = self.url(source, said.number)
            yield {
                "id": address,
                "url": address,
                "content_text": said.text,
                "date_published": self.begun[turn].isoformat(),
                "authors": [{"name": said.writer}],
            }

    async def _hook(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        self.told[str(body["id"])] += 1
        return PlainTextResponse("ok")


@contextmanager
def served(sites: Sites, sockets: Sequence[socket.socket]) -> Iterator[None]:
    """Answers until the end of the block, in a thread."""
    server = uvicorn.Server(uvicorn.Config(sites.app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=(list(sockets),), daemon=True)
    thread.start()
    _until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def bound(sources: int) -> tuple[int, list[socket.socket]]:
    """A port that is free on every source's address, and sockets that listen there."""
    first = socket.create_server((host(0), 0), backlog=64)
    port: int = first.getsockname()[1]
    return port, [
        first,
        *(socket.create_server((host(each), port), backlog=64) for each in range(1, sources)),
    ]


def _until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.02)
