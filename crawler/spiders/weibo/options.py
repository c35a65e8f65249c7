"""The keys of sources.toml that only `weibo` knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crawler.sources.source import EngineOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class WeiboOptions(EngineOptions):
    """Which of the two sites the source's url is a copy of."""

    pages: Literal["mobile", "search"] = "mobile"  # mobile: m.weibo.cn (JSON), search: s.weibo.com (HTML)
