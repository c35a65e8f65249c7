"""The keys of sources.toml that only `feed` knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from crawler.sources.source import EngineOptions, checked, part_of, relative, unlike


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAddress:
    """One feed of a source: its path under the source's `url`, its name, and the place it is about."""

    path: str
    name: str = ""
    region: str = ""


_path = checked(
    lambda feed: relative(feed.path), "里写相对 url 的路径，而不是 {0.path!r}；别的主机另写一个表"
)
_FORM = '"feed.xml" 或 { path = "feed.xml", name = "…" }'
_Feed = Annotated[FeedAddress, BeforeValidator(part_of(FeedAddress, _FORM)), AfterValidator(_path)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions(EngineOptions):
    feeds: Annotated[tuple[_Feed, ...], unlike(lambda feed: repr(feed.path))] = ()

    def named(self, path: str) -> FeedAddress:
        return next((feed for feed in self.feeds if feed.path == path), FeedAddress(path=path))
