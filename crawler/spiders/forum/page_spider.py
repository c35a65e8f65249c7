"""The spiders of forums of HTML pages, but for what their pages look like (`PageForum`)."""

from __future__ import annotations

from typing import ClassVar

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Scope, Task
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.sources.source import Source
from crawler.spiders.forum.board_spider import DENIED, BoardSpider
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.page_forum import PageForum
from crawler.spiders.forum.pages import ListPage, ThreadPage


class PageSpider(BoardSpider):
    forum: ClassVar[PageForum]

    def address(self, source: Source, task: Task) -> str:
        rows = self.ledger.coverage.cursor(source.name, _rows(task))
        return source.url + self.forum.path(task, int(rows or 0))

    def explains(self, response: Response) -> bool:
        """A forum's own message on what guests may not see; what stands before a forum has none."""
        return response.status in DENIED and self.forum.says_no(_html(response))

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        now, html = self.clock(), _html(response)
        read_at = Moment(now=now, zone=source.zone)
        reader = self.reader(source, self.forum.address)
        if task.kind == "list":
            listed = self.forum.read_list(html, read_at)
            self._learn(source, task, listed)
            return reader.of_list(task, listed, now)
        thread = self.forum.read_thread(html, read_at)
        self._learn(source, task, thread)
        return reader.of_thread(task, thread, now)

    def _learn(self, source: Source, task: Task, page: ListPage | ThreadPage | Refusal | Blocked) -> None:
        """How many rows this forum's pages have: before a second page is asked for, its first has told."""
        if isinstance(page, ListPage | ThreadPage) and page.rows:
            self.ledger.coverage.set_cursor(source.name, _rows(task), str(page.rows))


def _rows(task: Task) -> Scope:
    return Scope("rows of lists" if task.kind == "list" else "rows of threads")


def _html(response: Response) -> str:
    return decode(response.body, str(getattr(response, "encoding", "") or ""))
