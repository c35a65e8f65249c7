"""The keys of sources.toml that only `weibo_api` knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StrictFloat, StrictInt

from crawler.parsing.coordinates import Point as Degrees
from crawler.parsing.coordinates import System, to_wgs84, wgs84_to_gcj02
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid
from crawler.sources.permission import is_loopback_host
from crawler.sources.source import Count, EngineOptions, Source, checked

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


_range = checked(lambda metres: metres <= MAX_RANGE, f"最大是 {MAX_RANGE} 米，而不是 {{0}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A circle to read: degrees of `datum`, WGS-84 once it is read from a table; metres."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str = ""
    lat: StrictFloat = 999.0  # nowhere on the globe, so that a missing one is asked for
    lon: StrictFloat = 999.0
    range: Annotated[Count, AfterValidator(_range)] = 2000
    datum: System = "wgs84"

    def degrees(self, offset: int) -> Degrees:
        """The centre as the API takes it: raw (offset 0) or shifted (1, GCJ-02)."""
        centre = Degrees(self.lat, self.lon)
        return wgs84_to_gcj02(centre) if offset else centre


def _in_wgs84(near: Near) -> Near:
    try:
        centre = to_wgs84(near.lat, near.lon, near.datum)
    except ValueError as error:
        raise ValueError(f"的一项不对：{error}；请写 lat 和 lon") from error
    name = near.name or f"{near.lat:.4f},{near.lon:.4f}"
    return replace(near, name=name, lat=centre.lat, lon=centre.lon, datum="wgs84")


_near_table = checked(
    lambda value: isinstance(value, dict),
    '的一项应是 {{ name = "…", lat = 30.6, lon = 104.0 }}，而不是 {0!r}',
)
# The value is not shown: somebody may have written the token itself.
_variable = checked(
    _VARIABLE.fullmatch, "应是环境变量的名字（如 WEIBO_ACCESS_TOKEN），令牌本身不能写在文件里"
)
_place = checked(
    lambda value: isinstance(value, str) and _PLACE.fullmatch(value),
    '应是 "51"（省）或 "51-1"（省-市）的列表，而不是 {0!r}',
)
_offset = checked(lambda value: value in (0, 1), "只能是 0（未纠偏）或 1（纠偏过），而不是 {0}")


def _mid(value: object) -> str:
    text = value if isinstance(value, str) else ""
    try:
        return text if is_mid(text) else mid_from_bid(text)
    except WeiboIdError as error:
        raise ValueError(f"应是微博编号的文字，而不是 {value!r}") from error


def _endpoints(values: object) -> object:
    if not isinstance(values, dict):
        return values
    for name, path in values.items():
        if name not in ENDPOINTS or not isinstance(path, str) or not _ENDPOINT.fullmatch(path):
            raise ValueError(f"里的 {name} = {path!r} 不对；可写 {'、'.join(ENDPOINTS)}")
    return ENDPOINTS | values


_Places = tuple[Annotated[str, BeforeValidator(_place)], ...]
_Circle = Annotated[Near, BeforeValidator(_near_table), AfterValidator(_in_wgs84)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeiboApiOptions(EngineOptions):
    token_env: Annotated[str, AfterValidator(_variable)] = "WEIBO_ACCESS_TOKEN"  # noqa: S105  # a variable's name
    calls_per_hour: Count = 1000
    calls_per_day: Count = 10_000
    count: Annotated[StrictInt, Field(ge=1, le=MAX_COUNT)] = MAX_COUNT  # posts a page
    places: _Places = ()  # "51" or "51-1"; nothing means everywhere
    split_places: _Places = ()  # what a window too full to halve is split into
    near: tuple[_Circle, ...] = ()
    offset: Annotated[StrictInt, AfterValidator(_offset)] = 0
    own_posts: tuple[Annotated[str, BeforeValidator(_mid)], ...] = ()  # posts whose comments are read
    smallest: Count = 60  # seconds; a window is not halved below
    endpoints: Annotated[Mapping[str, str], BeforeValidator(_endpoints)] = field(
        default_factory=lambda: dict(ENDPOINTS)
    )

    @property
    def system(self) -> System:
        """That of the coordinates in the answers: shifted when asked for shifted ones."""
        return "gcj02" if self.offset else "wgs84"

    def wrong(self, source: Source) -> str:
        if not (source.words or self.near or self.own_posts or self.places):
            return "缺少要读的东西：words、places、near、own_posts 至少写一个"
        if source.permission.ground != "official_api":
            return 'weibo_api 的依据只能是 permission = { ground = "official_api" }'
        parts = urlsplit(source.url)
        if parts.scheme != "https" and not is_loopback_host(parts.hostname or ""):
            return "官方接口的 url 必须是 https（令牌不能明文发送）"
        forbidden = next((word for word in source.words if set(word) & set('{}"“”')), "")
        return f"words 里的 {forbidden!r} 含有接口不接受的字符（大括号、引号）" if forbidden else ""
