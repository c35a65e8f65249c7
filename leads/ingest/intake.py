"""`python -m leads.ingest.intake FD`: the process that tags and stores what crawl processes read.

One for all crawls of a server: the models of texts and the stores stand in memory once, and pages that come
close together are tagged as one batch. Through FD come the ends of the crawls' lines; the letters are in
`leads.ingest.letters`. It has nothing that is not in the crawls or in the stores: a page is acknowledged
when it is stored, and a crawl keeps what was not, so either may be killed at any moment.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait

from crawler.coverage.store import Coverage, CoverageError
from crawler.telemetry import logs, traces
from leads.errors import StorageError, TingzhenError
from leads.index.base import LeadIndex
from leads.ingest.build import Workshop
from leads.ingest.ingestor import BATCH, Ingestor, Report
from leads.ingest.letters import (
    Farewell,
    Followed,
    FromCrawl,
    FromIntake,
    Gone,
    Greeting,
    PostsRead,
    Receipt,
    Trouble,
    Welcome,
)
from leads.ingest.refill import AGAIN, refill
from leads.models import Clock, system_clock

# How long a page waits for others of its crawl. In a polite crawl none comes, and its page is acknowledged
# before the next is asked for.
PATIENCE_SECONDS = 0.5
COUNTED = ("leads", "mentions", "unmatched", "expired", "erased", "alerts")
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Crawl:
    """One at the other end of a line."""

    line: Connection
    ingestor: Ingestor | None = None
    news: frozenset[str] = frozenset()
    waiting: list[PostsRead] = field(default_factory=list)
    since: float = 0.0  # when the first of them came
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def due(self, now: float) -> bool:
        posts = sum(len(page.posts) for page in self.waiting)
        return bool(self.waiting) and (posts >= BATCH or now >= self.since + PATIENCE_SECONDS)

    def count(self, report: Report) -> None:
        told = asdict(report)
        self.counts = {name: count + told[name] for name, count in self.counts.items()}


class Intake:
    """Takes letters of all crawls in, and answers them."""

    def __init__(
        self, ready: Callable[[], Ingestor], door: socket.socket, *, clock: Clock = system_clock
    ) -> None:
        """`ready` makes an ingestor for one more crawl; through `door` come their lines."""
        self._ready, self._clock = ready, clock
        self._door: socket.socket | None = door
        self._crawls: dict[Connection, _Crawl] = {}

    def run(self) -> None:
        """Until nobody is left who could send anything."""
        while self._door or self._crawls:
            doors = [self._door] if self._door else []
            for ready in wait([*doors, *self._crawls], timeout=self._rest()):
                if isinstance(ready, Connection):
                    with self._hanging_up(ready):
                        self._read(self._crawls[ready])
                else:
                    self._open_door()
            now = time.monotonic()
            for crawl in [each for each in self._crawls.values() if each.due(now)]:
                with self._hanging_up(crawl.line):
                    self._store(crawl)

    def _rest(self) -> float | None:
        """Seconds until the first page has waited long enough."""
        first = min((crawl.since for crawl in self._crawls.values() if crawl.waiting), default=None)
        return None if first is None else max(0.0, first + PATIENCE_SECONDS - time.monotonic())

    def _open_door(self) -> None:
        assert self._door is not None  # noqa: S101 - it was heard
        _, ends, _, _ = socket.recv_fds(self._door, 1, 1)
        if not ends:
            self._door.close()
            self._door = None
        for end in ends:
            line = Connection(end)
            self._crawls[line] = _Crawl(line)

    @contextmanager
    def _hanging_up(self, line: Connection) -> Iterator[None]:
        """A crawl that is gone leaves what it had not been told of to the next run, which reads it again."""
        try:
            yield
        except (EOFError, OSError):
            del self._crawls[line]
            line.close()

    def _read(self, crawl: _Crawl) -> None:
        letter: FromCrawl = crawl.line.recv()
        if isinstance(letter, PostsRead):
            crawl.since = crawl.since if crawl.waiting else time.monotonic()
            crawl.waiting.append(letter)
            return
        self._store(crawl)
        try:
            answer = self._follow(crawl, letter)
        except Exception as error:
            answer = _trouble(error)
        crawl.line.send(answer)

    def _follow(self, crawl: _Crawl, letter: Greeting | Gone | Farewell) -> FromIntake:
        if isinstance(letter, Greeting):
            return self._welcome(crawl, letter)
        ingestor = _of(crawl)
        if isinstance(letter, Gone):
            ingestor.index.delete(letter.ids)
        else:
            ingestor.expire(self._clock())
        return Followed()

    def _welcome(self, crawl: _Crawl, greeting: Greeting) -> Welcome:
        crawl.news = greeting.news
        crawl.ingestor = self._ready()
        warnings = [crawl.ingestor.key_problem(greeting.secret, self._clock())]
        if greeting.coverage:
            warnings += _refilled(greeting.coverage, crawl.ingestor.index)
        return Welcome(warnings=tuple(filter(None, warnings)))

    def _store(self, crawl: _Crawl) -> None:
        """All waiting pages as one batch; where that fails, each by itself, so that one costs no other."""
        pages, crawl.waiting = crawl.waiting, []
        if not pages:
            return
        answers = self._attempt(crawl, pages)
        if len(pages) > 1 and isinstance(answers[0], Trouble):
            answers = [answer for page in pages for answer in self._attempt(crawl, [page])]
        for answer in answers:
            crawl.line.send(answer)

    def _attempt(self, crawl: _Crawl, pages: Sequence[PostsRead]) -> Sequence[FromIntake]:
        try:
            return self._stored(crawl, pages)
        except Exception as error:
            return [_trouble(error)] * len(pages)

    def _stored(self, crawl: _Crawl, pages: Sequence[PostsRead]) -> Sequence[Receipt]:
        ingestor, report = _of(crawl), Report()
        posts = [post for page in pages for post in page.posts]
        kept = ingestor.store(posts, report, self._clock(), news=crawl.news)
        # Posts that were leads before somebody edited them.
        ingestor.index.delete(post.id for post in posts if post.id not in kept)
        index = str(ingestor.index.mark())
        crawl.count(report)
        return [
            Receipt(
                kept=tuple(at for at, post in enumerate(page.posts) if post.id in kept),
                index=index,
                counts=crawl.counts,
            )
            for page in pages
        ]


def _refilled(place: str, index: LeadIndex) -> list[str]:
    try:
        with closing(Coverage(place)) as coverage:
            return [f"{AGAIN}。"] if refill(coverage, index) else []
    except CoverageError as error:
        raise StorageError(str(error)) from error


def _of(crawl: _Crawl) -> Ingestor:
    if crawl.ingestor is None:
        raise StorageError("抓取进程没有先打招呼：请重新运行。")
    return crawl.ingestor


def _trouble(error: Exception) -> Trouble:
    """A fault of ours costs this letter, not the crawls of all the others."""
    if isinstance(error, TingzhenError):
        return Trouble(reason=str(error))
    _log.error("a letter could not be followed", exc_info=error)
    return Trouble(reason=f"存帖子时出错：{type(error).__name__}")


def main() -> None:
    # Who stops a whole group of processes (a terminal, systemd) stops the crawls; we end after the last.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    traces.begin("intake")
    if not logs.as_told("intake"):
        logging.basicConfig(level=os.environ.get(logs.LEVEL, "WARNING").upper())
    with ExitStack() as stack:
        workshop = Workshop(stack, os.environ.get("TINGZHEN_HANDED_SETTINGS", ""))
        with suppress(TingzhenError):  # the first crawl, which starts meanwhile, is told
            workshop.ingestor()
        Intake(workshop.ingestor, socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
