"""Weibo's public result pages, for whoever has Weibo's written consent; held files go through `ingest`."""

from __future__ import annotations

from collections.abc import Iterator

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Task
from crawler.parsing.charset import decode
from crawler.sources.source import Source
from crawler.spiders.consent import ConsentSpider
from crawler.spiders.weibo.plan import TARGETS, ResultReader, WordsAt, address_of


class WeiboSpider(ConsentSpider):
    name = "weibo"
    engine_name = "weibo"
    targets = TARGETS

    def seeds(self, source: Source) -> Iterator[Task]:
        for word in source.words:
            group = f"word:{word}"
            yield Task(source=source.name, key=f"{group}:1", group=group, kind="list", at=WordsAt(words=word))

    def address(self, source: Source, task: Task) -> str:
        return address_of(source, task)

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        reader = ResultReader(source=source, coverage=self.ledger.coverage, secret=self.secret)
        text = decode(response.body, str(getattr(response, "encoding", "") or ""))
        return reader.read(task, text, self.clock())
