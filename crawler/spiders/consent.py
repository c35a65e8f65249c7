"""Sites that are read on their owner's word only, and even then as far as robots.txt lets us."""

from __future__ import annotations

from datetime import date

from crawler.sources.permission import Verdict
from crawler.sources.source import Source
from crawler.spiders.base import SourceSpider


class ConsentSpider(SourceSpider):
    """Off by default: these sites shut guests out, so "robots" alone is no ground here (docs/sources.md)."""

    def verdict(self, source: Source, today: date) -> Verdict:
        if source.permission.ground != "consent":
            return Verdict(
                allowed=False,
                reason=f'{source.engine} 只在站方书面同意后抓取（permission.ground = "consent"，'
                "写明 who、when、until、note）；手里已有的文件请用 tingzhen ingest",
            )
        return super().verdict(source, today)

    def asks_robots(self, source: Source) -> bool:
        return True
