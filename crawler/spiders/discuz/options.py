"""What a `discuz` table has to say."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.sources.source import EngineOptions, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscuzOptions(EngineOptions):
    def wrong(self, source: Source) -> str:
        odd = next((board.id for board in source.boards if not board.id.isdigit()), "")
        return f"boards 的 id 应是数字文字，而不是 {odd!r}" if odd else ""
