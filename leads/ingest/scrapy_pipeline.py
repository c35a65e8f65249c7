"""The ingestor as a pipeline of a running crawl."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Self

from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from crawler.coverage.guest import guest_of
from crawler.coverage.store import page_complete, posts_gone, posts_stored
from crawler.items import Post
from leads.ingest.build import crawl_ingestor
from leads.ingest.ingestor import BATCH, Report
from leads.ingest.refill import AGAIN, refill

_log = logging.getLogger(__name__)


class LeadsPipeline:
    """The same for a running crawl: collects a page's posts, stores them, and says so.

    `acknowledges_storage` makes the crawl's cursor wait for `posts_stored`; a page counts as done only then.
    """

    acknowledges_storage = True

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: list[Post] = []
        self._report = Report()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.flush, signal=page_complete)
        crawler.signals.connect(pipeline.delete, signal=posts_gone)
        return pipeline

    def open_spider(self) -> None:
        """Before the first request: cursors that belong to another index are reset, and another key of the
        author hashes is said."""
        self._close, self._ingestor = crawl_ingestor()
        spider = guest_of(self._crawler)
        problem = self._ingestor.key_problem(spider.secret, datetime.now(UTC))
        if problem:
            _log.warning("%s", problem)
        if refill(spider.ledger.coverage, self._ingestor.index):
            _log.warning("%s。", AGAIN)

    def process_item(self, item: Post) -> Post:
        self._waiting.append(item)
        if len(self._waiting) >= BATCH:
            self.flush()
        return item

    def flush(self) -> None:
        """Store what has come, then acknowledge it; a failure leaves the page open for the next run."""
        posts, self._waiting = self._waiting, []
        if not posts:
            return
        sources = guest_of(self._crawler).sources
        news = {name for name, source in sources.items() if source.news}
        kept = self._ingestor.store(posts, self._report, datetime.now(UTC), news=news)
        ids = [post.id for post in posts]
        # A post that was a lead before somebody edited it.
        self._ingestor.index.delete(each for each in ids if each not in kept)
        index = str(self._ingestor.index.mark())
        self._crawler.signals.send_catch_log(posts_stored, ids=ids, kept=kept, index=index)
        for name in ("leads", "mentions", "unmatched", "expired", "erased", "alerts"):
            self._stats.set_value(f"tingzhen/{name}", getattr(self._report, name))

    def delete(self, ids: Sequence[str]) -> None:
        """Gone at the source, gone here."""
        self.flush()
        self._ingestor.index.delete(ids)

    @property
    def _stats(self) -> StatsCollector:
        assert self._crawler.stats is not None  # noqa: S101 - a running crawler has them
        return self._crawler.stats

    def close_spider(self) -> None:
        self.flush()
        self._ingestor.expire(datetime.now(UTC))
        self._close()
