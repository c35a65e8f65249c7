"""The spiders of forums that answer in JSON, but for what their pages look like (`JsonForum`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.rechecks import GROUP
from crawler.coverage.tasks import Task
from crawler.sources.source import Board, Source
from crawler.spiders.base import SourceSpider
from crawler.spiders.forum.json_forum import JsonForum, Moment
from crawler.spiders.forum.plan import ForumReader
from crawler.spiders.forum.targets import TARGETS, BoardAt, ThreadAt

DENIED = (401, 403)


class TopicSpider(SourceSpider):
    """Lists by latest reply, then the threads where something has happened."""

    forum: ClassVar[JsonForum[Any, Any]]  # whatever this engine's answers look like
    handle_httpstatus_list: ClassVar[list[int]] = [*DENIED, *SourceSpider.handle_httpstatus_list]
    rechecks = True
    targets = TARGETS

    def seeds(self, source: Source) -> Iterator[Task]:
        for board in source.boards or (Board(id=""),):
            yield Task(
                source=source.name,
                key=f"list:{board.id}:1",
                group=f"board:{board.id}",
                kind="list",
                at=BoardAt(board=board.id),
            )

    def address(self, source: Source, task: Task) -> str:
        return source.url + self.forum.path(task)

    def instead(self, source: Source, task: Task) -> Task | None:
        """Deletions can leave a thread with fewer pages than were read: its last is one before."""
        if task.kind == "list" or task.page < 2 or not (ThreadAt.of(task).back or task.group == GROUP):
            return None
        return replace(task, page=task.page - 1, key=f"{task.key}<")

    def explains(self, response: Response) -> bool:
        """A forum answers in JSON what guests may not see; what stands before a forum does not."""
        return response.status in DENIED and b"json" in (response.headers.get(b"Content-Type") or b"").lower()

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        now = self.clock()
        reader = ForumReader(
            source=source, coverage=self.ledger.coverage, secret=self.secret, address=self.forum.address
        )
        read_at = Moment(now=now, zone=source.zone)
        if response.status in DENIED:
            return self.forum.denied(response.body, response.status)
        if task.kind == "list":
            return reader.of_list(task, self.forum.read_list(response.body, task, read_at), now)
        return reader.of_thread(task, self.forum.read_thread(response.body, task, read_at), now)
