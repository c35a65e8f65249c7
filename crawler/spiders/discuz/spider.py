"""Discuz! forums: boards, their threads, all floors. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Task
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Refusal
from crawler.sources.source import Source
from crawler.spiders.base import SourceSpider
from crawler.spiders.discuz import pages
from crawler.spiders.discuz.urls import public_url, url_of
from crawler.spiders.forum.plan import ForumReader, Seen
from crawler.spiders.forum.targets import (
    OPEN_ROUTE,
    TARGETS,
    BoardAt,
    ThreadAt,
    archived,
    route_of,
    thread_scope,
)


class DiscuzSpider(SourceSpider):
    name = "discuz"
    engine_name = "discuz"
    rechecks = True
    targets = TARGETS

    def seeds(self, source: Source) -> Iterator[Task]:
        route = (self._route(source) or "desktop") if source.route == "auto" else source.route
        for board in source.boards:
            yield Task(
                source=source.name,
                key=f"list:{board.id}:1",
                group=f"board:{board.id}",
                kind="rss" if route == "rss" else "list",
                at=BoardAt(board=board.id, route=route),
            )

        yield from self._reader(source).second_views(route, self.clock()) if route != "rss" else ()

    def _route(self, source: Source) -> str:
        """What "auto" has found so far: "archiver", "desktop", or "" before the first answer."""
        return self.ledger.coverage.cursor(source.name, OPEN_ROUTE)

    def address(self, source: Source, task: Task) -> str:
        return url_of(source, task)

    def instead(self, source: Source, task: Task) -> Task | None:
        """Where the desktop pages are shut, the archiver: "auto" means whichever is open. The desktop pages
        come first: their texts are exact, and the archiver's are not (docs/sources.md)."""
        if (
            task.kind == "rss"
            or source.route != "auto"
            or route_of(task) != "desktop"
            or self._route(source) == "desktop"
        ):
            return None
        return replace(task, at=archived(task.at), key=f"{task.key}:archiver")

    def on_refusal(self, source: Source, task: Task, refusal: Refusal) -> None:
        if isinstance(task.at, ThreadAt):
            seen = Seen(page=task.page, replies=task.at.replies, last=task.at.last, refused=refusal.reason)
            self.ledger.coverage.set_cursor(source.name, thread_scope(task.at.thread), seen.to_json())

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        html = decode(response.body, _declared(response))
        now = self.clock()
        reader = self._reader(source)
        if task.kind == "rss":
            return reader.of_feed(task, pages.read_rss(html, now=now), now)
        if task.kind == "list":
            if route_of(task) == "archiver" and not pages.is_desktop(html):
                return reader.of_list(task, pages.read_archiver_list(html), now)
            return reader.of_list(task, pages.read_list(html, now=now, zone=source.zone), now)
        # By what came, not by what was asked for: the archiver leads to the desktop page of what has moved.
        shows_archive = route_of(task) == "archiver" and not pages.is_desktop(html)
        read = pages.read_archiver_thread if shows_archive else pages.read_thread
        return reader.of_thread(task, read(html, now=now, zone=source.zone), now)

    def _reader(self, source: Source) -> ForumReader:
        return ForumReader(
            source=source, coverage=self.ledger.coverage, secret=self.secret, address=public_url
        )


def _declared(response: Response) -> str:
    return str(getattr(response, "encoding", "") or "")
