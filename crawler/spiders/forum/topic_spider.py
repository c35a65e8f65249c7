"""The spiders of forums that answer in JSON, but for what their pages look like (`JsonForum`)."""

from __future__ import annotations

from typing import Any, ClassVar

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Task
from crawler.sources.source import Source
from crawler.spiders.forum.board_spider import DENIED, BoardSpider
from crawler.spiders.forum.json_forum import JsonForum, Moment


class TopicSpider(BoardSpider):
    forum: ClassVar[JsonForum[Any, Any]]  # whatever this engine's answers look like

    def address(self, source: Source, task: Task) -> str:
        return source.url + self.forum.path(task)

    def explains(self, response: Response) -> bool:
        """A forum answers in JSON what guests may not see; what stands before a forum does not."""
        return response.status in DENIED and b"json" in (response.headers.get(b"Content-Type") or b"").lower()

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        now = self.clock()
        reader = self.reader(source, self.forum.address)
        read_at = Moment(now=now, zone=source.zone)
        if response.status in DENIED:
            return self.forum.denied(response.body, response.status)
        if task.kind == "list":
            return reader.of_list(task, self.forum.read_list(response.body, task, read_at), now)
        return reader.of_thread(task, self.forum.read_thread(response.body, task, read_at), now)
