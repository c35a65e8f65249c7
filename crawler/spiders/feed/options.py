"""The keys of sources.toml that only `feed` knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from crawler.sources.source import EngineOptions, Source, no_repeats, part_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAddress:
    """One feed of a source: its path under the source's `url`, its name, and the place it is about."""

    path: str
    name: str = ""
    region: str = ""


def _feed(feed: FeedAddress) -> FeedAddress:
    if "://" in feed.path or feed.path.startswith("//"):
        raise ValueError(f"里写相对 url 的路径，而不是 {feed.path!r}；别的主机另写一个表")
    return feed


def _feeds(feeds: tuple[FeedAddress, ...]) -> tuple[FeedAddress, ...]:
    no_repeats(repr(feed.path) for feed in feeds)
    return feeds


_FORM = '"feed.xml" 或 { path = "feed.xml", name = "…" }'
_Feed = Annotated[FeedAddress, BeforeValidator(part_of(FeedAddress, _FORM)), AfterValidator(_feed)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions(EngineOptions):
    feeds: Annotated[tuple[_Feed, ...], AfterValidator(_feeds)] = ()

    def named(self, path: str) -> FeedAddress:
        return next((feed for feed in self.feeds if feed.path == path), FeedAddress(path=path))

    def wrong(self, source: Source) -> str:
        return "" if self.feeds else '缺少 feeds，例如 feeds = ["feed.xml"]（相对 url 的路径）'
