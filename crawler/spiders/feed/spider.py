"""Feeds: RSS, Atom, JSON Feed, and instances of RSSHub. A feed is a line in sources.toml, not a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urljoin

from scrapy import Request
from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Target, Task
from crawler.items import Post
from crawler.parsing.charset import decode
from crawler.sources.source import Source
from crawler.spiders import post_page
from crawler.spiders.base import SourceSpider
from crawler.spiders.feed.options import FeedOptions
from crawler.spiders.feed.pages import read_feed
from crawler.spiders.feed.plan import FeedAt, FeedReader


class FeedSpider(SourceSpider):
    name = "feed"
    engine_name = "feed"
    targets: ClassVar[Mapping[str, type[Target]]] = {"feed": FeedAt, post_page.KIND: post_page.PostAt}
    rechecks: ClassVar[bool] = True
    handle_httpstatus_list: ClassVar[list[int]] = [304, 404, 410]

    def seeds(self, source: Source) -> Iterator[Task]:
        for feed in FeedOptions.of(source).feeds:
            wait = self._reader(source).too_early(feed.path, self.clock())
            if wait:
                self.ledger.not_due(source.name, feed.path, wait)
                continue
            scope = f"feed:{feed.path}"
            yield Task(source=source.name, key=scope, group=scope, kind="feed", at=FeedAt(path=feed.path))

    def address(self, source: Source, task: Task) -> str:
        if isinstance(task.at, post_page.PostAt):
            return task.at.url
        return urljoin(source.url, FeedAt.of(task).path)

    def visit(self, source: Source, task: Task, post: Post) -> Task | None:
        return post_page.visit(source, post, shown_on=self.address(source, task))

    def prepare(self, source: Source, task: Task, request: Request) -> Request:
        if task.kind == post_page.KIND:
            return request
        for name, value in self._reader(source).conditions(task).items():
            request.headers[name] = value
        return request

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        if task.kind == post_page.KIND:
            html = decode(response.body, str(getattr(response, "encoding", "") or ""))
            return post_page.read(task, status=response.status, url=response.url, html=html)
        reader, now = self._reader(source), self.clock()
        headers = {
            str(name, "latin-1").lower(): str(values[-1], "latin-1")
            for name, values in response.headers.items()
            if values
        }
        if response.status == 304:
            return reader.unchanged(task, headers, now)
        declared = str(getattr(response, "encoding", "") or "")
        feed = read_feed(response.body, declared=declared, url=response.url, now=now, zone=source.zone)
        return reader.of_feed(task, feed, headers, now)

    def _reader(self, source: Source) -> FeedReader:
        return FeedReader(source=source, coverage=self.ledger.coverage, secret=self.secret)
