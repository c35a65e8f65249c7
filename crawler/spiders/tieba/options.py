"""What a `tieba` table has to say."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.sources.source import EngineOptions, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TiebaOptions(EngineOptions):
    def wrong(self, source: Source) -> str:
        missing = '缺少 boards，例如 boards = [{ id = "成都" }]（吧名，不带“吧”字）'
        return "" if source.boards else missing
