"""The keys of sources.toml that only one engine knows, checked and turned into records."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cssselect import SelectorError
from parsel.csstranslator import HTMLTranslator

from crawler.sources.table import Table

HEALTH_SITES = Path(__file__).with_name("health_sites.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAddress:
    """One feed of a source: its path under the source's `url`, its name, and the place it is about."""

    path: str
    name: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedOptions:
    feeds: tuple[FeedAddress, ...]

    def named(self, path: str) -> FeedAddress:
        return next((feed for feed in self.feeds if feed.path == path), FeedAddress(path=path))


def feed_options(table: Table) -> FeedOptions:
    feeds = tuple(_feed(table, value) for value in table.take("feeds", list, []))
    if not feeds:
        raise table.error('缺少 feeds，例如 feeds = ["feed.xml"]（相对 url 的路径）')
    paths = [feed.path for feed in feeds]
    for path in paths:
        if paths.count(path) > 1:
            raise table.error(f"feeds 里 {path!r} 出现了两次")
    return FeedOptions(feeds=feeds)


def _feed(table: Table, value: object) -> FeedAddress:
    values = {"path": value} if isinstance(value, str) else value
    if (
        not isinstance(values, Mapping)
        or set(values) - {"path", "name", "region"}
        or not all(isinstance(part, str) for part in values.values())
    ):
        raise table.error(
            f'feeds 的一项应是 "feed.xml" 或 {{ path = "feed.xml", name = "…" }}，而不是 {value!r}'
        )
    path = values.get("path", "")
    if not path or "://" in path or path.startswith("//"):
        raise table.error(f"feeds 里写相对 url 的路径，而不是 {path!r}；别的主机另写一个表")
    return FeedAddress(**values)


# ── health_qa ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthOptions:
    site: str  # a table of crawler/sources/health_sites.toml


def health_options(table: Table) -> HealthOptions:
    return HealthOptions(site=table.choice("site", "", health_sites()))


@cache
def health_sites() -> tuple[str, ...]:
    """Names of the sites that crawler/sources/health_sites.toml describes."""
    return tuple(_health_tables())


def listed_by_board(options: object) -> bool:
    """Whether the site's lists are by section, so that a table has to name some."""
    return isinstance(options, HealthOptions) and "{board}" in _health_tables()[options.site]["list"]


@cache
def _health_tables() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(HEALTH_SITES.read_text(encoding="utf-8"))


# ── rendered ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """CSS selectors, inside the block of one post but for `post` and `next`; "" = the page has no such thing.
    A selector gives an element's text, or with `::attr(name)` an attribute."""

    post: str
    text: str = ""  # "" = the whole block
    title: str = ""
    time: str = ""
    link: str = ""
    author: str = ""
    id: str = ""  # "" = made of link or text
    next: str = ""  # there is a further page when this matches; "" = as long as pages hold posts
    drop: tuple[str, ...] = ()  # what stands in a post and is not its author's words


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    pages: tuple[str, ...]  # paths under `url`; {page} counts from 1
    select: Selectors
    render: bool = False  # use a browser where the plain page does not hold the posts
    wait: float = 10.0  # seconds that scripts get to make the posts
    hosts: tuple[str, ...] = ()  # further hosts whose scripts the page may load


def render_options(table: Table) -> RenderOptions:
    pages = _texts(table, "pages")
    for path in pages:
        if "://" in path or path.startswith("//"):
            raise table.error(f"pages 里写相对 url 的路径，而不是 {path!r}")
    wait = table.take("wait", float, 10.0)
    if not 0 < wait <= 60:
        raise table.error(f"wait 应在 0 到 60 秒之间，而不是 {wait:g}")
    return RenderOptions(
        pages=pages or ("",),
        select=_selectors(Table(table.file, f"{table.name}.select", table.take("select", dict, {}))),
        render=table.take("render", bool, False),
        wait=wait,
        hosts=tuple(host.lower() for host in _texts(table, "hosts")),
    )


def _selectors(table: Table) -> Selectors:
    keys = ("text", "title", "time", "link", "author", "id", "next")
    chosen = {key: _css(table, key, table.take(key, str, "")) for key in keys}
    post = _css(table, "post", table.take("post", str, ""))
    drop = tuple(_css(table, "drop", value) for value in _texts(table, "drop"))
    table.done()
    if not post or not chosen["time"]:
        raise table.error('缺少 post 或 time，例如 post = "article.card"、time = "time::attr(datetime)"')
    return Selectors(post=post, drop=drop, **chosen)


def _css(table: Table, key: str, value: str) -> str:
    try:
        if value:
            HTMLTranslator().css_to_xpath(value)
    except SelectorError as error:
        raise table.error(f"{key} 不是有效的 CSS 选择器：{value!r}（{error}）") from error
    return value


def _texts(table: Table, key: str) -> tuple[str, ...]:
    values = table.take(key, list, [])
    for value in values:
        if not isinstance(value, str) or not value:
            raise table.error(f"{key} 应是文字的列表，而不是 {value!r}")
    return tuple(values)
