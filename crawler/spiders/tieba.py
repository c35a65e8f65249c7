"""Tieba's server-made pages, for whoever has the site's written consent; held files go through `ingest`."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Response

from crawler import tieba_pages as pages
from crawler.answers import Reading
from crawler.charset import decode
from crawler.consent import ConsentSpider
from crawler.coverage import Task
from crawler.sources import Source
from crawler.tieba_reading import BarReader, address_of


class TiebaSpider(ConsentSpider):
    name = "tieba"
    engine_name = "tieba"

    def seeds(self, source: Source) -> Iterator[Task]:
        for board in source.boards:
            key, group = f"list:{board.id}:1", f"board:{board.id}"
            yield Task(source=source.name, key=key, group=group, kind="list", board=board.id)

    def address(self, source: Source, task: Task) -> str:
        return address_of(source, task)

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        html = decode(response.body, str(getattr(response, "encoding", "") or ""))
        reader = BarReader(source=source, coverage=self.ledger.coverage, secret=self.secret)
        now = self.clock()
        if task.kind == "thread":
            return reader.of_thread(task, pages.read_thread(html, now=now), now)
        return reader.of_list(task, pages.read_list(html, now=now), now)
