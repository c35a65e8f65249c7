"""What all our spiders share: sources in, permission asked, pages resumed, results booked.

A spider of an engine says three things: which pages to begin with, the address of a page, and what a page
says. Everything else (robots, delays, pauses, cursors, retries, run records) is here and in the middlewares.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from crawler.author_secret import load_secret
from crawler.coverage.guest import engine_of
from crawler.coverage.ledger import Ledger
from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.progress import Progress
from crawler.coverage.rechecks import GROUP
from crawler.coverage.store import Coverage, CoverageError
from crawler.coverage.tasks import Target, Task
from crawler.items import Post
from crawler.middlewares import AddressRefused, GuardedResolver, HostStopped, RobotsRefused
from crawler.parsing import strange
from crawler.parsing.network_errors import describe
from crawler.parsing.outcomes import Blocked, Halted, PageError, Refusal
from crawler.sources.load import PACKAGED, SourceError, load_sources
from crawler.sources.permission import Verdict
from crawler.sources.source import Source
from crawler.telemetry import traces


class SourceSpider(Spider):
    """Base of the spiders. Arguments: `-a source=NAME[,NAME]` (default: every enabled source of the
    engine), `-a sources=PATH` (default: setting or environment TINGZHEN_SOURCES), `-a recheck=1` (visit the
    pages of stored posts again, and nothing else)."""

    engine_name: ClassVar[str]
    targets: ClassVar[Mapping[str, type[Target]]]  # what a page of each kind is
    # The forum's own "no such thread" pages come with 404; they are read, not retried.
    handle_httpstatus_list: ClassVar[list[int]] = [404, 410]
    # Whether a thread's page, visited again, tells that a post is gone: all pages before it can be asked for.
    rechecks: ClassVar[bool] = False

    sources: dict[str, Source]
    ledger: Ledger
    secret: bytes
    stopped: dict[str, str]  # host → why nothing more is asked of it
    refusing: set[str]  # hosts that refused in this run: a request already on its way is no second refusal
    floors: dict[str, float]  # host → least seconds between two requests
    recheck: bool

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        names, path = kwargs.pop("source", ""), kwargs.pop("sources", "")
        recheck = kwargs.pop("recheck", "") not in ("", "0")
        spider = super().from_crawler(crawler, *args, **kwargs)
        settings = crawler.settings
        spider.recheck = recheck
        try:
            spider.sources = _choose(
                cls.engine_name, path or settings.get("TINGZHEN_SOURCES") or PACKAGED, names
            )
            spider.secret = load_secret(data_dir(settings))
            file = settings.get("TINGZHEN_COVERAGE") or data_dir(settings) / "coverage.sqlite"
            coverage = Coverage(file, targets=cls.targets)
        except (SourceError, CoverageError) as error:
            # Scrapy prints a traceback for whatever a spider raises here; the operator needs the sentence.
            sys.stderr.write(f"错误：{error}\n")
            raise SystemExit(2) from error
        report = Progress.open(settings.get("TINGZHEN_PROGRESS") or "")
        spider.ledger = Ledger(coverage, clock=spider.clock, report=report, visit=spider.visit)
        spider.stopped = {}
        spider.refusing = set()
        spider.floors = {source.host: source.delay for source in spider.sources.values()}
        GuardedResolver.allowed = frozenset(
            source.host for source in spider.sources.values() if source.allow_private
        )
        # One host, one request at a time, at the pace its table says.
        slots = {
            source.host: {"concurrency": 1, "delay": source.delay, "jitter": 0.0}
            for source in spider.sources.values()
        }
        settings.set("DOWNLOAD_SLOTS", slots, priority="spider")
        return spider

    @staticmethod
    def clock() -> datetime:
        return datetime.now(UTC)

    # what an engine says ──────────────────────────────────────────────────────────────────────────────────

    def seeds(self, source: Source) -> Iterator[Task]:
        """The pages a fresh run of `source` begins with."""
        raise NotImplementedError

    def address(self, source: Source, task: Task) -> str:
        """Where the page of `task` is."""
        raise NotImplementedError

    def prepare(self, source: Source, task: Task, request: Request) -> Request:
        """For engines that ask with more than an address (a condition, a browser)."""
        return request

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        """What the page says. Raises PageError."""
        raise NotImplementedError

    def instead(self, source: Source, task: Task) -> Task | None:
        """Another way to the same things when `task` was refused; None when there is none."""
        return None

    def on_refusal(self, source: Source, task: Task, refusal: Refusal) -> None:
        """For engines that remember what they were refused, so as not to ask again every run."""

    def visit(self, source: Source, task: Task, post: Post) -> Task | None:
        """The page on which a post of `task`'s page can be looked for again; None where there is none."""
        if not self.rechecks or not task.at.single():
            return None
        return replace(task, key=f"visit:{task.at.single()}:{task.page}", group=GROUP)

    def verdict(self, source: Source, today: date) -> Verdict:
        """May a crawl of `source` start? For engines that need more than the table's ground."""
        return source.permission.verdict(today)

    def asks_robots(self, source: Source) -> bool:
        """Whether robots.txt has a say besides the ground."""
        return source.permission.asks_robots

    def explains(self, response: Response) -> bool:
        """Whether `read` knows better than its status what this refusal means (an API's error codes)."""
        return False

    def spent(self, source: Source) -> str:
        """Why nothing may be asked now although all else is well (a used-up budget); "" when it may."""
        return ""

    # the run ──────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> AsyncIterator[Any]:
        for source in self.sources.values():
            for request in self._open(source):
                yield request

    def _open(self, source: Source) -> Iterator[Request]:
        self.ledger.open(source, recheck=self.recheck)
        now = self.clock()
        verdict = self.verdict(source, now.astimezone(source.zone).date())
        if not verdict.allowed:
            self.ledger.not_allowed(source.name, verdict.reason)
            return
        pause = self.ledger.coverage.paused(source.host, now)
        if pause:
            until = pause.until.astimezone(source.zone)
            self.ledger.still_blocked(source.name, source.host, f"{pause.reason}；暂停到 {until:%m-%d %H:%M}")
            return
        spent = self._resting(source, self.ledger.fetched_today(source)) or self.spent(source)
        if spent:
            self.ledger.truncated(source.name, source.name, spent)
            return
        for task in self._begin(source):
            yield self._request(task)

    def _begin(self, source: Source) -> tuple[Task, ...]:
        """Open pages of earlier runs first. A group that a killed run left in the middle is only finished;
        the others start afresh."""
        if self.recheck:
            return self._due(source)
        coverage = self.ledger.coverage
        waiting = coverage.tasks(source.name)
        interrupted = coverage.interrupted(source.name)
        self.ledger.resume(source.name, interrupted)
        fresh = tuple(task for task in self.seeds(source) if task.group not in interrupted)
        with coverage.transaction():
            return waiting + tuple(task for task in fresh if coverage.add_task(task))

    def _due(self, source: Source) -> tuple[Task, ...]:
        now, settings = self.clock(), self.settings
        return self.ledger.due(
            source,
            checked_before=now - timedelta(hours=settings.getfloat("TINGZHEN_RECHECK_HOURS")),
            published_after=now - timedelta(days=settings.getint("TINGZHEN_KEEP_DAYS")),
        )

    def _request(self, task: Task) -> Request:
        source = self.sources[task.source]
        # dont_filter: our tasks are unique already, and Scrapy's filter would lose a page that redirects to
        # itself, which Discuz! does after a deletion.
        request = Request(
            self.address(source, task),
            callback=self.parse,
            errback=self.missed,
            cb_kwargs={"task": task},
            meta={"source": task.source},
            dont_filter=True,
        )
        return self.prepare(source, task, request)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Any]:
        task: Task = kwargs["task"]
        source = self.sources[task.source]
        try:
            asked = traces.span("crawl.page", source=source.name, engine=source.engine)
            with asked, strange.listened() as met:
                reading = self.read(source, task, response)
        except PageError as error:
            if response.status in (404, 410):
                yield from self._refused(source, task, Refusal(reason=f"HTTP {response.status}", gone=True))
                return
            self._unreadable(source, task, str(error))
            return
        except Exception as error:  # a parser that trips over a page nobody foresaw costs this page, no more
            self.logger.error("%s %s", source.name, task.key, exc_info=True)
            self._unreadable(source, task, f"解析出错：{type(error).__name__}")
            return
        if isinstance(reading, PageResult):
            self.ledger.understood(task, met)
        if isinstance(reading, Blocked):
            self.stop_host(source, response.url, reading.reason, seconds=reading.seconds, exact=reading.exact)
        elif isinstance(reading, Halted):
            self._leave(source.host, reading.reason)
            self.ledger.refused(task, reading.reason, keep=True)
        elif isinstance(reading, Refusal):
            yield from self._refused(source, task, reading)
        elif hollow := self.ledger.hollow(task, reading, len(response.body)):
            self._unreadable(source, task, hollow, layout=True)
        elif task.group == GROUP:
            before = self.ledger.rechecked(task, reading)
            yield from reading.posts
            if before is not None:
                yield self._request(before)
        else:
            tasks = self.ledger.page(task, reading)
            yield from reading.posts
            yield from map(self._request, tasks)

    def _unreadable(self, source: Source, task: Task, reason: str, *, layout: bool = False) -> None:
        # Loud: a layout that changed looks like silence to everybody else.
        self.logger.error("%s %s: %s", source.name, task.key, reason)
        self.ledger.failed(task, reason, layout=layout)

    def _refused(self, source: Source, task: Task, refusal: Refusal) -> Iterator[Request]:
        other = self.instead(source, task)
        if other is not None and task.group == GROUP:
            yield self._request(self.ledger.instead(task, other))
        elif task.group == GROUP and refusal.gone:
            self.ledger.rechecked(replace(task, page=1), PageResult())
        elif other is not None:
            yield from map(self._request, self.ledger.page(task, PageResult(tasks=(other,))))
        elif refusal.gone and task.at.single():
            self.ledger.gone(task, refusal.reason)
        else:
            self.on_refusal(source, task, refusal)
            self.ledger.refused(task, refusal.reason)

    def missed(self, failure: Failure) -> Iterator[Request]:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy for errbacks
        task: Task = request.cb_kwargs["task"]
        source, error = self.sources[task.source], failure.value
        if isinstance(error, HostStopped):
            self.ledger.held_back(source.name, source.host, str(error))
            return  # the page stays open for the next run
        if isinstance(error, RobotsRefused) and error.final:
            yield from self._refused(source, task, Refusal(reason=str(error)))
        elif isinstance(error, RobotsRefused):
            self.ledger.refused(task, str(error), keep=True)
        elif isinstance(error, AddressRefused):
            self.ledger.refused(task, str(error))
        elif isinstance(error, HttpError):
            self.ledger.failed(task, f"HTTP {error.response.status}")
        else:
            self.ledger.failed(task, describe(error))

    # manners ──────────────────────────────────────────────────────────────────────────────────────────────

    def stop_host(
        self, source: Source, url: str, reason: str, *, seconds: float = 0, exact: bool = False
    ) -> None:
        """No further request to the host of `url` in this run, and a pause that the next runs keep."""
        host = urlsplit(url).hostname or source.host
        self.logger.warning("%s: %s stopped: %s", source.name, host, reason)
        self._leave(host, reason)
        if host in self.refusing:
            return
        self.refusing.add(host)
        self.ledger.blocked(source.name, host, reason, at_least=timedelta(seconds=seconds), exact=exact)

    def _leave(self, host: str, reason: str) -> None:
        """Nothing more goes to `host`, the requests that wait for their turn included: Scrapy has let them
        past the middlewares already, and would still send each of them, one delay after the other."""
        self.stopped[host] = reason
        engine = engine_of(self.crawler)
        slot = engine.downloader.slots.get(host)
        while slot is not None and slot.queue:
            _, waiting = slot.queue.popleft()
            waiting.errback(HostStopped(reason))

    def count_page(self, source: Source, *, size: int = 0, waited: float = 0.0) -> None:
        """One more answer of the site, against the daily budget: its bytes, and the seconds it took."""
        resting = self._resting(source, self.ledger.fetched(source.name, size=size, waited=waited))
        if resting and source.host not in self.stopped:
            self._leave(source.host, resting)
            self.ledger.truncated(source.name, source.name, resting)

    def _resting(self, source: Source, today: int) -> str:
        """Why our own rules ask nothing of the host just now: quiet hours, or the day's pages (`today` so
        far) used up."""
        quiet = source.quiet and source.quiet.ends(self.clock().astimezone(source.zone))
        if quiet:
            return f"安静时段（{source.quiet}），{quiet:%H:%M} 以后继续"
        if today >= source.pages_per_day:
            return f"到了每天 {source.pages_per_day} 页的上限，明天继续"
        return ""


def data_dir(settings: BaseSettings) -> Path:
    return Path(settings.get("TINGZHEN_DATA_DIR") or "data")


def _choose(engine: str, path: Path | str, names: str) -> dict[str, Source]:
    """The sources to crawl, by name. A disabled one does not run, even when it is named."""
    known = {source.name: source for source in load_sources(path) if source.engine == engine}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise SourceError(f"{path} 里没有 {engine} 来源 {name!r}，有：{'、'.join(known) or '无'}")
        if not known[name].enabled:
            raise SourceError(f"来源 {name!r} 停用着（enabled = false）")
    chosen = [known[name] for name in wanted] or [source for source in known.values() if source.enabled]
    if not chosen:
        raise SourceError(f"{path} 里没有启用的 {engine} 来源")
    return {source.name: source for source in chosen}
