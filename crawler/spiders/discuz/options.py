"""What a `discuz` table has to say."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.sources.source import EngineOptions, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscuzOptions(EngineOptions):
    def wrong(self, source: Source) -> str:
        if not source.boards:
            return '缺少 boards，例如 boards = [{ id = "36", name = "健康求助" }]'
        odd = next((board.id for board in source.boards if not board.id.isdigit()), "")
        return f"boards 的 id 应是数字文字，而不是 {odd!r}" if odd else ""
