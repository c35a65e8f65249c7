"""The keys of sources.toml that only the Weibo engines know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.parsing.coordinates import Point as Degrees
from crawler.parsing.coordinates import System, to_wgs84, wgs84_to_gcj02
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid
from crawler.sources.permission import is_loopback_host
from crawler.sources.table import Table

if TYPE_CHECKING:
    from crawler.sources.source import Source

MAX_RANGE = 11132  # metres; open.weibo.com wiki, C/2/place/nearby_timeline/biz
MAX_COUNT = 50  # posts a page; the same page
ENDPOINTS = {
    "search": "search/statuses/limited.json",
    "nearby": "place/nearby_timeline/biz.json",
    "show": "statuses/show.json",
    "comments": "comments/show.json",
    "comment": "comments/show_batch.json",  # open.weibo.com/wiki/2/comments/show_batch
}
_PLACE = re.compile(r"[1-9]\d{1,2}(?:-\d{1,4})?")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
_ENDPOINT = re.compile(r"[a-z_]+(?:/[a-z_]+)*\.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A circle to read: WGS-84 degrees, metres."""

    name: str
    lat: float
    lon: float
    range: int

    def degrees(self, offset: int) -> Degrees:
        """The centre as the API takes it: raw (offset 0) or shifted (1, GCJ-02)."""
        centre = Degrees(self.lat, self.lon)
        return wgs84_to_gcj02(centre) if offset else centre


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """What a `weibo_api` table says besides the common keys."""

    token_env: str = "WEIBO_ACCESS_TOKEN"  # noqa: S105  # a variable's name
    calls_per_hour: int = 1000
    calls_per_day: int = 10_000
    count: int = MAX_COUNT  # posts a page
    places: tuple[str, ...] = ()  # "51" or "51-1"; nothing means everywhere
    split_places: tuple[str, ...] = ()  # what a window too full to halve is split into
    near: tuple[Near, ...] = ()
    offset: int = 0
    own_posts: tuple[str, ...] = ()  # posts whose comments are read
    smallest: int = 60  # seconds; a window is not halved below
    endpoints: Mapping[str, str] = field(default_factory=lambda: dict(ENDPOINTS))

    @property
    def system(self) -> System:
        """That of the coordinates in the answers: shifted when asked for shifted ones."""
        return "gcj02" if self.offset else "wgs84"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesOptions:
    """What a `weibo` table says: which of the two sites its url is a copy of."""

    pages: str = "mobile"  # mobile: m.weibo.cn (JSON), search: s.weibo.com (HTML)


def read_api_options(table: Table) -> ApiOptions:
    """Raises SourceError."""
    offset = table.take("offset", int, 0)
    if offset not in (0, 1):
        raise table.error(f"offset 只能是 0（未纠偏）或 1（纠偏过），而不是 {offset}")
    count = table.count("count", MAX_COUNT)
    if count > MAX_COUNT:
        raise table.error(f"count 最大是 {MAX_COUNT}，而不是 {count}")
    return ApiOptions(
        token_env=_variable(table),
        calls_per_hour=table.count("calls_per_hour", 1000),
        calls_per_day=table.count("calls_per_day", 10_000),
        count=count,
        places=_places(table, "places"),
        split_places=_places(table, "split_places"),
        near=tuple(_near(table, each) for each in table.take("near", list, [])),
        offset=offset,
        own_posts=tuple(_mid(table, each) for each in table.take("own_posts", list, [])),
        smallest=table.count("smallest", 60),
        endpoints={**ENDPOINTS, **_endpoints(table)},
    )


def read_pages_options(table: Table) -> PagesOptions:
    """Raises SourceError."""
    return PagesOptions(pages=table.choice("pages", "mobile", ("mobile", "search")))


def check_api(source: Source) -> str:
    """What is wrong with a `weibo_api` source as a whole; "" for nothing."""
    options = api_options(source)
    if not (source.words or options.near or options.own_posts or options.places):
        return "缺少要读的东西：words、places、near、own_posts 至少写一个"
    if source.permission.ground != "official_api":
        return 'weibo_api 的依据只能是 permission = { ground = "official_api" }'
    parts = urlsplit(source.url)
    if parts.scheme != "https" and not is_loopback_host(parts.hostname or ""):
        return "官方接口的 url 必须是 https（令牌不能明文发送）"
    forbidden = next((word for word in source.words if set(word) & set('{}"“”')), "")
    return f"words 里的 {forbidden!r} 含有接口不接受的字符（大括号、引号）" if forbidden else ""


def api_options(source: Source) -> ApiOptions:
    if not isinstance(source.options, ApiOptions):
        raise TypeError(f"{source.name} is no weibo_api source")
    return source.options


def pages_options(source: Source) -> PagesOptions:
    if not isinstance(source.options, PagesOptions):
        raise TypeError(f"{source.name} is no weibo source")
    return source.options


def _variable(table: Table) -> str:
    name = table.take("token_env", str, "WEIBO_ACCESS_TOKEN")
    if not _VARIABLE.fullmatch(name):
        # The value is not shown: somebody may have written the token itself.
        raise table.error("token_env 应是环境变量的名字（如 WEIBO_ACCESS_TOKEN），令牌本身不能写在文件里")
    return name


def _places(table: Table, key: str) -> tuple[str, ...]:
    values = table.take(key, list, [])
    for value in values:
        if not isinstance(value, str) or not _PLACE.fullmatch(value):
            raise table.error(f'{key} 应是 "51"（省）或 "51-1"（省-市）的列表，而不是 {value!r}')
    return tuple(values)


def _near(table: Table, value: object) -> Near:
    if not isinstance(value, dict):
        raise table.error(f'near 的一项应是 {{ name = "…", lat = 30.6, lon = 104.0 }}，而不是 {value!r}')
    inner = Table(table.file, f"{table.name}.near", value)
    datum = inner.choice("datum", "wgs84", ("wgs84", "gcj02", "bd09"))
    lat, lon = inner.take("lat", float, 999.0), inner.take("lon", float, 999.0)
    metres = inner.count("range", 2000)
    name = inner.take("name", str, "")
    inner.done()
    if metres > MAX_RANGE:
        raise inner.error(f"range 最大是 {MAX_RANGE} 米，而不是 {metres}")
    try:
        centre = to_wgs84(lat, lon, _DATUMS[datum])
    except ValueError as error:
        raise inner.error(f"{error}；请写 lat 和 lon") from error
    return Near(name=name or f"{lat:.4f},{lon:.4f}", lat=centre.lat, lon=centre.lon, range=metres)


_DATUMS: dict[str, System] = {"wgs84": "wgs84", "gcj02": "gcj02", "bd09": "bd09"}


def _mid(table: Table, value: object) -> str:
    text = str(value) if isinstance(value, str) else ""
    try:
        return text if is_mid(text) else mid_from_bid(text)
    except WeiboIdError as error:
        raise table.error(f"own_posts 应是微博编号的文字，而不是 {value!r}") from error


def _endpoints(table: Table) -> dict[str, str]:
    values = table.take("endpoints", dict, {})
    for name, path in values.items():
        if name not in ENDPOINTS or not isinstance(path, str) or not _ENDPOINT.fullmatch(path):
            raise table.error(f"endpoints 里的 {name} = {path!r} 不对；可写 {'、'.join(ENDPOINTS)}")
    return values
