"""Any other table: CSV, TSV, XLSX, JSON lines or a JSON list, with a map of its columns.

The map says which column is what (`text=内容,time=时间,place=IP属地`); what it leaves out is guessed from
common Chinese and English headers. A link to Weibo, Tieba or Xiaohongshu gives the post that site's id, so
it is one post with the one another tool or a crawl brings. Other rows belong to the source `table`; their
id is their own plus a short hash of their content, so that two tables which both count from 1 do not
overwrite each other and the same table read twice gives the same posts.

Coordinates (`lat=…,lon=…`) are WGS-84 unless the map says `datum=gcj02` or `datum=bd09`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from crawler.files import Container, Fields, ImportProblem, Record
from crawler.importers.base import (
    BadRecord,
    Context,
    Convert,
    Draft,
    Importer,
    checkin_hint,
    content_id,
    exact_id,
    finish,
    ip_hint,
    profile_hint,
    value,
    weibo_mid,
)
from crawler.items import PlaceHint, Post
from crawler.parsing.addresses import TIEBA, XHS
from crawler.parsing.authors import author_kind
from crawler.parsing.coordinates import System, to_wgs84
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid, post_address


def _headers(*lines: str) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


# What a column can be, with the headers guessed for it, likeliest first, as `_plain` writes them.
_GUESSES: dict[str, tuple[str, ...]] = {
    "text": _headers(
        "正文 内容 微博正文 微博内容 帖子内容 文本 评论内容",
        "text content body 描述 desc description message",
    ),
    "time": _headers(
        "发布时间 发表时间 发帖时间 创建时间 完整日期 时间 发布日期 日期 评论时间",
        "publishedat publishtime createdat createtime createdatetime pubdate datetime timestamp time date",
    ),
    "id": _headers("commentid postid noteid 微博id weiboid 帖子id mid tid id bid 编号"),
    "url": _headers("链接 网址 微博链接 帖子链接 原文链接 url link noteurl posturl"),
    "author": _headers(
        "用户id 作者id 发帖人id userid authorid uid creatorhash 作者 发帖人 用户 用户名 用户昵称 昵称",
        "author nickname username screenname user",
    ),
    "title": _headers("标题 主题 title subject"),
    "place": _headers(
        "ip属地 ip归属地 属地 iplocation ip 发布位置 签到 位置 地点 location 所在地 地区 城市 省份",
        "regionname region place city province",
    ),
    "lat": _headers("纬度 lat latitude"),
    "lon": _headers("经度 lon lng long longitude"),
    "likes": _headers("点赞数 点赞 likes likecount likedcount attitudescount"),
    "replies": _headers("评论数 回复数 replies replycount commentscount commentcount"),
    "reposts": _headers("转发数 分享数 reposts repostscount sharecount sharedcount"),
    "site": _headers("平台 来源平台 platform site"),
}
_VALUE = "@"  # before a value that stands for every row
_KEYS = (*_GUESSES, "datum")
_WEIBO_IDS = frozenset(("mid", "bid", "微博id", "weiboid"))
_SITES = {"微博": "weibo", "新浪微博": "weibo", "贴吧": "tieba", "百度贴吧": "tieba", "小红书": "xhs"}

_WEIBO_LINK = re.compile(
    r"(?:www\.)?weibo\.com/\d+/([0-9a-zA-Z]{6,20})|(?:m\.)?weibo\.(?:cn|com)/(?:detail|status|\d+)/(\w+)"
)


def parse_columns(text: str) -> dict[str, str]:
    """`text=内容,time=时间` as a map.

    Raises:
        ImportProblem: not pairs, or an unknown key; the sentence names the key and lists the known ones.
    """
    columns: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in re.split("[,，]", text))):
        key, equals, name = pair.partition("=")
        if not equals or not name.strip() or not key.strip():
            raise ImportProblem(f"--columns：{pair!r} 应写成 键=列名，例如 text=内容,time=时间。")
        columns[key.strip()] = name.strip()
    _check_keys(columns)
    return columns


def _check_keys(columns: Mapping[str, str]) -> None:
    for key in columns:
        if key not in _KEYS:
            raise ImportProblem(f"--columns：不认识的键 {key!r}；可用的有 {'、'.join(_KEYS)}。")
    if columns.get("datum", "wgs84") not in get_args(System):
        raise ImportProblem(
            f"--columns：datum 应为 {'、'.join(get_args(System))} 之一，不是 {columns['datum']!r}。"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Map:
    """Which column is what; `place_kind` is what the place column's name says of it."""

    names: Mapping[str, str]
    datum: System

    def get(self, key: str, fields: Fields) -> str:
        name = self.names.get(key)
        return value(fields, name) if name else ""


def _plain(header: str) -> str:
    return re.sub(r"[\s_\-()（）]+", "", header).lower()


def guess(columns: frozenset[str]) -> dict[str, str]:
    """Which column is what, by its header: key of `parse_columns` → column."""
    plain = {_plain(name): name for name in sorted(columns, reverse=True)}
    found = {
        key: next((plain[name] for name in names if name in plain), "") for key, names in _GUESSES.items()
    }
    return {key: name for key, name in found.items() if name}


def _seen(columns: frozenset[str]) -> str:
    return f"文件里的列有 {'、'.join(sorted(columns)[:30])}。"


def _mapped(context: Context) -> _Map:
    _check_keys(context.columns)
    columns = context.container.columns
    named = {
        key: name for key, name in context.columns.items() if key != "datum" and not _is_value(key, name)
    }
    for key, name in named.items():
        if name not in columns:
            raise ImportProblem(
                f"{context.file}：没有叫 {name!r} 的列（--columns {key}={name}）；{_seen(columns)}"
            )
    guessed = {key: name for key, name in guess(columns).items() if name not in named.values()}
    names = {**guessed, **named}
    if "text" not in names:
        raise ImportProblem(f"{context.file}：找不到正文列；请用 --columns text=列名 指定。{_seen(columns)}")
    datum: System = context.columns.get("datum", "wgs84")  # type: ignore[assignment]  # checked by _check_keys
    return _Map(names=names, datum=datum)


def _is_value(key: str, name: str) -> bool:
    """`time=@2026-11-20`: not a column, but the time of every row."""
    return key == "time" and name.startswith(_VALUE)


def _fits(container: Container) -> bool:
    return container.kind != "sqlite" and "text" in guess(container.columns)


def _start(context: Context) -> Convert:
    stated = context.columns.get("time", "")
    stated = stated.removeprefix(_VALUE) if stated.startswith(_VALUE) else ""
    columns = _mapped(context) if stated else _with_late_time(_mapped(context), context)
    if not stated and "time" not in columns.names:
        # The day a file was written says nothing of when somebody needed help: an old plea would be one of
        # today.
        raise ImportProblem(
            f"{context.file}：找不到时间列，不知道帖子是什么时候发的，一条也没有导入；"
            f"请用 --columns time=列名 指定，或用 --columns time=@2026-11-20 写明整个文件按哪一天算。"
            f"{_seen(context.container.columns)}"
        )

    def convert(record: Record) -> Iterator[Post]:
        yield _post(record.fields, columns, stated, context)

    return convert


def _with_late_time(columns: _Map, context: Context) -> _Map:
    """JSON shows its keys record by record: a file is one without times only after a search of it all."""
    if "time" in columns.names or context.container.kind not in ("json", "jsonl"):
        return columns
    for record in context.container.records():
        if isinstance(record, Record) and (name := guess(frozenset(record.fields)).get("time")):
            return _Map(names={**columns.names, "time": name}, datum=columns.datum)
    return columns


def _post(fields: Fields, columns: _Map, stated: str, context: Context) -> Post:
    text, title, url = (columns.get(key, fields) for key in ("text", "title", "url"))
    time = stated or columns.get("time", fields)
    own_id, author = exact_id(columns.get("id", fields)), columns.get("author", fields)
    source, post_id = _known_site(own_id, url, columns.get("site", fields) or _site_of_id(own_id, columns))
    draft = Draft(
        source=source,
        post_id=post_id or content_id(own_id, "\n".join((url, title, text, "" if stated else time))),
        url=_public_url(source, post_id, url),
        title=title,
        text=text,
        published=time,
        author_id=author,
        nick=author,
        author_kind=author_kind(nick=author, known=bool(author)),
        hints=(_point(fields, columns), _place(fields, columns)),
        likes=columns.get("likes", fields),
        replies=columns.get("replies", fields),
        reposts=columns.get("reposts", fields),
    )
    return finish(draft, context)


def _site_of_id(own_id: str, columns: _Map) -> str:
    """A column called mid or bid holds Weibo's ids, if what stands in it is long enough for one."""
    return "weibo" if _plain(columns.names.get("id", "")) in _WEIBO_IDS and len(own_id) >= 9 else ""


def _known_site(own_id: str, url: str, site: str) -> tuple[str, str]:
    """Source and id from the link, else from platform and id; `("table", "")` when neither says."""
    try:
        if match := _WEIBO_LINK.search(url):
            number = match[1] or match[2]
            return "weibo", number if is_mid(number) else mid_from_bid(number)
        if match := TIEBA.search(url):
            return "tieba", match[2] or match[1]
        if match := XHS.search(url):
            return "xhs", match[1]
        source = _SITES.get(site, site.lower())
        if source == "weibo" and own_id:
            return "weibo", weibo_mid(own_id, "")
    except (WeiboIdError, BadRecord):
        return "table", ""
    if source in _SITES.values() and own_id:
        return source, own_id
    return "table", ""


def _public_url(source: str, post_id: str, url: str) -> str:
    """The site's own address of the post without user id or token; other web links as they are."""
    if source == "weibo":
        return post_address(post_id)
    if match := TIEBA.search(url):
        return f"https://tieba.baidu.com/p/{match[1]}" + (f"?pid={match[2]}" if match[2] else "")
    if source == "xhs":
        return f"https://www.xiaohongshu.com/explore/{post_id}"
    return url if re.match(r"https?://", url) and len(url) <= 2_000 else ""


def _place(fields: Fields, columns: _Map) -> PlaceHint | None:
    """The column's name tells how good the place is: IP属地, a check-in, or (anything else) the weakest, a
    profile; better to understate a place than to call a stranger a neighbour."""
    header, place = _plain(columns.names.get("place", "")), columns.get("place", fields)
    if "ip" in header or "属地" in header:
        return ip_hint(place)
    if any(word in header for word in ("签到", "位置", "地点", "location", "checkin")):
        return checkin_hint(place)
    return profile_hint(place)


def _point(fields: Fields, columns: _Map) -> PlaceHint | None:
    lat, lon = columns.get("lat", fields), columns.get("lon", fields)
    try:
        point = to_wgs84(float(lat), float(lon), columns.datum)
    except ValueError:
        return None
    if point.lat == point.lon == 0:
        return None
    return PlaceHint(kind="geo", lat=round(point.lat, 6), lon=round(point.lon, 6))


IMPORTER = Importer(
    name="table",
    label="通用表格",
    fits=_fits,
    start=_start,
)
