"""What spiders of forums share, whatever their pages look like: boards, their threads, the page before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from crawler.coverage.rechecks import GROUP
from crawler.coverage.tasks import Task
from crawler.sources.source import Board, Source
from crawler.spiders.base import SourceSpider
from crawler.spiders.forum.plan import ForumReader
from crawler.spiders.forum.posts import Address
from crawler.spiders.forum.targets import TARGETS, BoardAt, ThreadAt

DENIED = (401, 403)


class BoardSpider(SourceSpider):
    """Lists by latest reply, then the threads where something has happened."""

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

    def instead(self, source: Source, task: Task) -> Task | None:
        """Deletions can leave a thread with fewer pages than were read: its last is one before."""
        if task.kind == "list" or task.page < 2 or not (ThreadAt.of(task).back or task.group == GROUP):
            return None
        return replace(task, page=task.page - 1, key=f"{task.key}<")

    def reader(self, source: Source, address: Address) -> ForumReader:
        """`address` gives where a person finds a post."""
        return ForumReader(source=source, coverage=self.ledger.coverage, secret=self.secret, address=address)
