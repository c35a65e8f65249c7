"""What all importers share: their shape, and the checked way from a record's fields to a `Post`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler.files import Container, Fields, Record
from crawler.items import AuthorKind, PlaceHint, Post
from crawler.parsing.authors import author_key, without_own_name
from crawler.parsing.place_hints import checkin_hint as checkin_hint
from crawler.parsing.place_hints import count as count
from crawler.parsing.place_hints import ip_hint as ip_hint
from crawler.parsing.place_hints import profile_hint as profile_hint
from crawler.parsing.text import clean_text, plain_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import object_of
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid

MAX_TEXT = 100_000  # characters; no post site allows more
_TOMORROW = timedelta(days=1)
_OLDEST = datetime(1994, 1, 1, tzinfo=UTC)  # no public site in China before

_SAFE_INTEGER = 2**53
_DAMAGED = re.compile(r"\d+(?:\.\d+)?[eE]\+\d+|\d+\.\d+[eE]\d+")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_ID = re.compile(r"[\w.\-]{1,100}")
_NOTHING = frozenset(
    ("none", "null", "nan", "nat", "undefined", "<na>")
)  # what programs write for "no value"


class BadRecord(ValueError):  # noqa: N818  # a bad record is data here, not a failure
    """A record that cannot become a post; the message is the zh-CN reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One import. `collected` is when the file was last written, and not later than `now`: the moment
    "5 minutes ago" in it refers to."""

    now: datetime
    collected: datetime
    secret: bytes
    notice: Callable[[str], None]
    columns: Mapping[str, str]
    container: Container

    @property
    def file(self) -> str:
        return self.container.path.name


Convert = Callable[[Record], Iterable[Post]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """One foreign format.

    `fits` says whether a file is of this format; `start` prepares one import and returns the function that
    makes posts of a record (raising `BadRecord`). `tables` picks SQLite tables, `ragged` allows CSV rows
    shorter than their header.
    """

    name: str
    label: str
    fits: Callable[[Container], bool]
    start: Callable[[Context], Convert]
    tables: tuple[str, ...] = ()
    ragged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a post as a file has them, before checking. `published` and `fetched` are the file's
    own texts ("" = not given)."""

    source: str
    post_id: str
    text: str
    published: str
    url: str = ""
    title: str = ""
    author_id: str = ""
    nick: str = ""
    author_kind: AuthorKind = "unknown"
    hints: tuple[PlaceHint | None, ...] = ()
    query: str = ""
    repost_of: str = ""
    thread_id: str = ""
    floor: int | None = None
    likes: object = None
    replies: object = None
    reposts: object = None
    fetched: str = ""


def finish(draft: Draft, context: Context) -> Post:
    """The post, checked and cleaned.

    Raises:
        BadRecord: an id with strange characters, no text and no title, a text over the limit, no time, an
            impossible or a future one.
    """
    if not _ID.fullmatch(draft.post_id):
        raise BadRecord(f"编号含有不该有的字符：{draft.post_id[:40]!r}。")
    text, title = (
        without_own_name(each, draft.nick, draft.author_kind)
        for each in (body(draft.text), plain_text(draft.title))
    )
    if not text and not title:
        raise BadRecord("正文是空的。")
    return Post(
        source=draft.source,
        post_id=draft.post_id,
        url=draft.url,
        title=title,
        text=text,
        author_key=author_key(context.secret, draft.source, draft.author_id),
        author_kind=draft.author_kind,
        published_at=published(draft.published, context),
        fetched_at=_fetched(draft.fetched, context),
        place_hints=tuple(hint for hint in draft.hints if hint is not None),
        thread_id=draft.thread_id,
        floor=draft.floor,
        query=clean_text(draft.query),
        repost_of=draft.repost_of,
        likes=count(draft.likes),
        replies=count(draft.replies),
        reposts=count(draft.reposts),
    )


def body(text: str) -> str:
    """`text` cleaned, markup read.

    Raises:
        BadRecord: it is longer than any post.
    """
    if len(text) > MAX_TEXT:
        raise BadRecord(f"正文有 {len(text):,} 字，超过 {MAX_TEXT:,} 字的上限，不像一条帖子。")
    return plain_text(text)


def published(text: str, context: Context) -> datetime:
    """The time `text` means, in UTC. One up to a day ahead of `now` is a wrong clock and becomes `now`.

    Raises:
        BadRecord: no time, not a time, before 1994, or more than a day ahead.
    """
    if not text:
        raise BadRecord("没有时间。")
    try:
        moment = parse_time(text, now=context.collected)
    except TimeError as error:
        raise BadRecord(f"{error}。") from error
    if moment < _OLDEST:
        raise BadRecord(f"时间早于 1994 年，不可信：{text[:60]!r}。")
    if moment > context.now + _TOMORROW:
        raise BadRecord(f"时间在将来：{text[:60]!r}；请检查这一列是不是发布时间。")
    return min(moment, context.now.astimezone(UTC))


def _fetched(text: str, context: Context) -> datetime:
    """When the tool read the post, if the file says so believably; else when the file was written."""
    if not text:
        return context.collected
    try:
        moment = parse_time(text, now=context.collected)
    except TimeError:
        return context.collected
    return moment if _OLDEST <= moment <= context.now else context.collected


def value(fields: Fields, *names: str) -> str:
    """The first of the named fields that holds something, as text; "" when none does."""
    for name in names:
        found = fields.get(name)
        if found is None or isinstance(found, bool | dict | list | bytes):
            continue
        text = found.strip() if isinstance(found, str) else str(found)
        if text and text.lower() not in _NOTHING:
            return text
    return ""


def table(fields: Fields, name: str) -> Fields:
    """The nested JSON object `name`; empty when there is none."""
    return object_of(fields.get(name))


def exact_id(text: str) -> str:
    """An id as text, as the site has it: without a spreadsheet's `="…"`, quotes or `.0`.

    Raises:
        BadRecord: a program has kept it as a floating number and lost digits.
    """
    text = text.strip().removeprefix("=").strip("\"'’`\t ")
    whole = _WHOLE_FLOAT.fullmatch(text)
    if _DAMAGED.fullmatch(text) or (whole and int(whole[1]) > _SAFE_INTEGER):
        raise BadRecord(
            f"编号已损坏（{text[:40]}）：表格软件把它当数字保存，丢了末几位；请从原始文件导入，或把编号列设为文本后重新导出。"
        )
    return whole[1] if whole else text


def content_id(own_id: str, content: str) -> str:
    """An id for what has none that is its own everywhere: `own_id` as far as it can be read, and a hash."""
    digest = hashlib.sha256(f"{own_id}\n{content}".encode("utf-8", "replace")).hexdigest()
    readable = re.sub(r"[^\w.-]+", "-", own_id)[:64]
    return f"{readable}-{digest[:8]}" if readable else digest[:20]


def weibo_mid(id_text: str, bid: str) -> str:
    """The decimal mid of a Weibo post from its number, its bid, or either in the other's column.

    Raises:
        BadRecord: neither is given or readable, or the number is rounded: it agrees with the bid's in
            the first 15 digits (all a spreadsheet keeps) but not in the rest.
    """
    number, short = exact_id(id_text), exact_id(bid)
    if not number and not short:
        raise BadRecord("没有微博编号（id 和 bid 都是空的）。")
    try:
        if not is_mid(number):
            return mid_from_bid(number or short)
        named = mid_from_bid(short) if short and not short.isdigit() else number
    except WeiboIdError as error:
        if is_mid(number):
            return number  # the bid is only a second opinion
        raise BadRecord(f"{error}。") from error
    if named != number and number.endswith("0") and number[:15] == named[:15]:
        raise BadRecord(
            f"编号已损坏（{number} 与 bid {short} 不符）：表格软件只留了 15 位；请从原始文件导入。"
        )
    return number
