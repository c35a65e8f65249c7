"""What middlewares and extensions ask of the spider that runs; `crawler.spiders.base.SourceSpider` is one."""

from __future__ import annotations

from typing import Protocol, cast

from scrapy.core.engine import ExecutionEngine
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.coverage.ledger import Ledger
from crawler.sources.source import Source


class Guest(Protocol):
    """A spider that is a guest at its sources."""

    sources: dict[str, Source]  # by name
    stopped: dict[str, str]  # host → why it is left alone
    floors: dict[str, float]  # host → seconds between two requests
    ledger: Ledger
    secret: bytes  # behind the hashes of authors

    def asks_robots(self, source: Source) -> bool: ...
    def explains(self, response: Response) -> bool: ...
    def count_page(self, source: Source, *, size: int = 0, waited: float = 0.0) -> None: ...
    def stop_host(self, source: Source, url: str, reason: str, *, seconds: float) -> None: ...


def engine_of(crawler: Crawler) -> ExecutionEngine:
    """What runs the crawl; there is none before its start."""
    assert crawler.engine is not None  # noqa: S101  # what asks is asked by the engine itself
    return crawler.engine


def guest_of(crawler: Crawler) -> Guest:
    """The spider of this crawl. All of ours are guests; Scrapy knows it as a `Spider` only."""
    return cast("Guest", crawler.spider)
