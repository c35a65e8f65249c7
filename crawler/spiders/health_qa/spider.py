"""Public question pages of health sites; how a site looks is a table in health_sites.toml."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Task
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Refusal
from crawler.sources.source import Source
from crawler.spiders.base import SourceSpider
from crawler.spiders.forum.targets import ThreadAt
from crawler.spiders.health_qa.options import HealthQaOptions
from crawler.spiders.health_qa.pages import read_list, read_question
from crawler.spiders.health_qa.plan import TARGETS, QuestionReader
from crawler.spiders.health_qa.sites import health_site


class HealthQaSpider(SourceSpider):
    name = "health_qa"
    engine_name = "health_qa"
    targets = TARGETS
    rechecks = True

    def seeds(self, source: Source) -> Iterator[Task]:
        yield from self._reader(source).lists(self.clock())

    def address(self, source: Source, task: Task) -> str:
        return source.url + self._reader(source).path(task)

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        reader, now = self._reader(source), self.clock()
        html = decode(response.body, str(getattr(response, "encoding", "") or ""))
        if task.kind == "list":
            return reader.of_list(task, read_list(html, reader.site, url=response.url), now)
        if reader.site.number(urlsplit(response.url).path) != ThreadAt.of(task).thread:
            return Refusal(reason="转到了问题页以外的地方，不读")
        return reader.of_question(task, read_question(html, reader.site, now=now, zone=source.zone), now)

    def _reader(self, source: Source) -> QuestionReader:
        return QuestionReader(
            source=source,
            site=health_site(HealthQaOptions.of(source).site),
            coverage=self.ledger.coverage,
            secret=self.secret,
        )
