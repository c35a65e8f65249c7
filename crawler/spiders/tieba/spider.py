"""Tieba's server-made pages, for whoever has the site's written consent; held files go through `ingest`."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Task
from crawler.parsing.charset import decode
from crawler.sources.source import Source
from crawler.spiders.consent import ConsentSpider
from crawler.spiders.forum.targets import TARGETS, BoardAt
from crawler.spiders.tieba import pages
from crawler.spiders.tieba.plan import BarReader, address_of


class TiebaSpider(ConsentSpider):
    name = "tieba"
    engine_name = "tieba"
    targets = TARGETS

    def seeds(self, source: Source) -> Iterator[Task]:
        for board in source.boards:
            key, group = f"list:{board.id}:1", f"board:{board.id}"
            yield Task(source=source.name, key=key, group=group, kind="list", at=BoardAt(board=board.id))

    def address(self, source: Source, task: Task) -> str:
        return address_of(source, task)

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        html = decode(response.body, str(getattr(response, "encoding", "") or ""))
        reader = BarReader(source=source, coverage=self.ledger.coverage, secret=self.secret)
        now = self.clock()
        if task.kind == "thread":
            return reader.of_thread(task, pages.read_thread(html, now=now), now)
        return reader.of_list(task, pages.read_list(html, now=now), now)
