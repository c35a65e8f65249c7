"""Ingesting as a pipeline of a running crawl: the posts go to the intake, a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from crawler.coverage.guest import guest_of
from crawler.coverage.store import Coverage, page_complete, posts_gone, posts_stored
from crawler.items import Post
from leads.ingest.letters import Greeting, PostsRead, Receipt
from leads.ingest.line import IntakeLine

BATCH = 512  # posts handed over at once where a page has so many


class LeadsPipeline:
    """Collects a page's posts, hands them over, and says when they are stored.

    `acknowledges_storage` makes the crawl's cursor wait for `posts_stored`; a page counts as done only then.
    """

    acknowledges_storage = True

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: list[Post] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.flush, signal=page_complete)
        crawler.signals.connect(pipeline.delete, signal=posts_gone)
        return pipeline

    def open_spider(self) -> None:
        """Before the first request: cursors that belong to another index are reset, and another key of the
        author hashes is said."""
        spider = guest_of(self._crawler)
        greeting = Greeting(
            secret=spider.secret,
            news=frozenset(name for name, source in spider.sources.items() if source.news),
            coverage=_place(spider.ledger.coverage),
        )
        self._line = IntakeLine(greeting, stored=self._acknowledge, moved=self._listen)

    def process_item(self, item: Post) -> Post:
        self._waiting.append(item)
        if len(self._waiting) >= BATCH:
            self.flush()
        return item

    def flush(self) -> None:
        """Hand over what has come; a failure leaves the page open for the next run."""
        posts, self._waiting = self._waiting, []
        if posts:
            self._line.hand_over(posts)

    def delete(self, ids: Sequence[str]) -> None:
        """Gone at the source, gone here."""
        self.flush()
        self._line.gone(ids)

    def close_spider(self) -> None:
        self.flush()
        self._line.close()

    def _acknowledge(self, page: PostsRead, answer: Receipt) -> None:
        ids = [post.id for post in page.posts]
        kept = frozenset(ids[at] for at in answer.kept)
        self._crawler.signals.send_catch_log(posts_stored, ids=ids, kept=kept, index=answer.index)
        for name, count in answer.counts.items():
            self._stats.set_value(f"tingzhen/{name}", count)

    def _take(self) -> None:
        self._line.take()

    def _listen(self, before: int, after: int) -> None:
        loop = asyncio.get_event_loop()  # Scrapy's reactor runs on it
        if before >= 0:
            loop.remove_reader(before)
        if after >= 0:
            loop.add_reader(after, self._take)

    @property
    def _stats(self) -> StatsCollector:
        assert self._crawler.stats is not None  # noqa: S101 - a running crawler has them
        return self._crawler.stats


def _place(coverage: Coverage) -> str:
    """Where it is, for another process."""
    return str(coverage.place if coverage.shared else Path(coverage.place).absolute())
