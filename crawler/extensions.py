"""Scrapy extensions: the run record, the pace, and the end."""

from __future__ import annotations

import logging
import os
import resource
import signal
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.extensions.memusage import MemoryUsage
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from crawler.coverage.guest import engine_of, guest_of
from crawler.coverage.ledger import Ledger
from crawler.coverage.store import page_complete, posts_gone, posts_stored
from crawler.items import Post

logger = logging.getLogger(__name__)


class MemoryNow(MemoryUsage):
    """Scrapy's limit of memory, held against what the process has now.

    Scrapy asks for the most it ever had, in which Linux counts what the process it was started from had: a
    crawl begun by a large desk would stop at once (getrusage(2), execve(2)).
    """

    def get_virtual_size(self) -> int:
        """Bytes in memory; where the system does not tell, as Scrapy has it."""
        try:
            pages = Path("/proc/self/statm").read_text("ascii").split()[1]
        except OSError:
            return super().get_virtual_size()
        return int(pages) * resource.getpagesize()


class RunRecorder:
    """Tells the spider's ledger what became of the posts.

    A pipeline with `acknowledges_storage = True` says itself when posts are stored (`posts_stored`);
    without such a pipeline a post that has passed all pipelines counts as stored.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.waits = False
        connect = crawler.signals.connect
        connect(self.opened, signal=signals.spider_opened)
        connect(self.scraped, signal=signals.item_scraped)
        connect(self.dropped, signal=signals.item_dropped)
        connect(self.stored, signal=posts_stored)
        connect(self.idle, signal=signals.spider_idle)
        connect(self.closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def opened(self) -> None:
        engine = engine_of(self.crawler)
        pipelines = engine.scraper.itemproc.middlewares
        self.waits = any(getattr(each, "acknowledges_storage", False) for each in pipelines)

    def scraped(self, item: object) -> None:
        if isinstance(item, Post):
            self._passed(item.id)
            if not self.waits:
                self._ledger.stored((item.id,))

    def dropped(self, item: object) -> None:
        """Dropped on purpose (nothing in it for a clinic): as done as a stored one."""
        if isinstance(item, Post):
            self._passed(item.id)
            self._ledger.stored((item.id,), kept=())

    def stored(self, ids: Iterable[str], kept: Collection[str] | None = None, index: str = "") -> None:
        self._ledger.stored(ids, kept, index)

    def idle(self) -> None:
        """All pages are in: tell the pipelines, still open, which stored posts are gone at their source."""
        for source, ids in self._ledger.lost().items():
            results = self.crawler.signals.send_catch_log(posts_gone, ids=ids)
            if not any(isinstance(result, Failure) for _, result in results):
                self._ledger.deleted(source, ids)

    def closed(self, reason: str) -> None:
        cut = "" if reason == "finished" else _REASONS.get(reason, f"提前结束（{reason}）")
        self._ledger.close(cut=cut)

    def _passed(self, post_id: str) -> None:
        ids = self._ledger.passed(post_id)
        if ids:
            self.crawler.signals.send_catch_log(page_complete, ids=ids)

    @property
    def _ledger(self) -> Ledger:
        return guest_of(self.crawler).ledger


_REASONS = {
    "closespider_timeout": "到了一次运行的时间上限，下次继续",
    "closespider_timeout_no_item": "很久没有读到帖子，先停下，下次继续",
    "closespider_pagecount": "到了一次运行的页数上限，下次继续",
    "closespider_itemcount": "到了一次运行的帖数上限，下次继续",
    "shutdown": "被要求停止，下次继续",
    "memusage_exceeded": "到了内存上限，下次继续",
}


class Lifeline:
    """Ends the crawl with whoever started it, where another machine would take the work over.

    $TINGZHEN_LIFELINE is `fd:` and the number of a pipe's reading end, whose other end nobody but our starter
    holds: it closes when that process dies, of whatever. Ended at once, for the host may be asked by others
    soon; what was stored is stored, and the page under way is read again.
    """

    def __init__(self, pipe: int) -> None:
        threading.Thread(target=self._wait, args=(pipe,), name="lifeline", daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        number = os.environ.get("TINGZHEN_LIFELINE", "").removeprefix("fd:")
        if not number:
            raise NotConfigured
        return cls(int(number))

    @staticmethod
    def _wait(pipe: int) -> None:
        while os.read(pipe, 1):
            pass
        os.kill(os.getpid(), signal.SIGKILL)


class PoliteThrottle(AutoThrottle):
    """AutoThrottle that may slow a host down but never goes below its floor: the source's `delay`, or what
    robots.txt asks for. Scrapy's own would return to the global delay."""

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        host, slot = self._get_slot(request, spider)
        if host is None or slot is None:
            return
        floor = guest_of(self.crawler).floors.get(host, self.mindelay)
        # Under the global floor only on this very machine (sources.py sees to that): no throttling there.
        slot.delay = floor if floor < self.mindelay else max(slot.delay, floor)


class QuietItems(LogFormatter):
    """Logs name a post, they never show it: posts are people's words."""

    def __init__(self, level: int) -> None:
        # Scrapy filters by level at the end of the way only, when every line has been put together.
        self.each = level <= logging.DEBUG
        logging.getLogger("scrapy").setLevel(level)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        level = crawler.settings.get("LOG_LEVEL")
        return cls(level if isinstance(level, int) else logging.getLevelNamesMapping()[str(level).upper()])

    def scraped(  # type: ignore[override]  # None: not logged, as Scrapy's documentation allows
        self, item: object, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult | None:
        return super().scraped(_name(item), response, spider) if self.each else None

    def dropped(
        self, item: object, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return super().dropped(_name(item), exception, response, spider)

    def item_error(
        self, item: object, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        return super().item_error(_name(item), exception, response, spider)


def _name(item: object) -> str:
    return item.id if isinstance(item, Post) else type(item).__name__
