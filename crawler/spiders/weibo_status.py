"""A Weibo post as m.weibo.cn, weibo.com/ajax and the official API write it in JSON → `Status` → `Post`. Pure.

All routes end here, so the same post gets the same id (the decimal number), author key and address, whatever
way it came. `Post.source` is "weibo" whatever the source's table is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from crawler.items import AuthorKind, PlaceHint, Post
from crawler.parsing.authors import author_key, author_kind, weibo_badge, without_own_name
from crawler.parsing.coordinates import System
from crawler.parsing.outcomes import PageError
from crawler.parsing.place_hints import checkin_hint, geo_hint, ip_hint, profile_hint
from crawler.parsing.text import html_to_text, plain_text
from crawler.parsing.times import CLOCK_SLACK, TimeError, parse_time
from crawler.parsing.untrusted_json import (
    Foreign,
    JsonObject,
    Part,
    Parts,
    Raw,
    Tally,
    Truth,
    Word,
    object_of,
    read_as,
)
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid, post_address

SITE = "weibo"
# What stands in the place of a text that is gone or hidden; posts of these words alone are not posts.
_NOTICES = (
    "此微博已被原作者删除", "此微博已被作者删除", "该微博已被删除", "此条微博已被作者删除", "该账号因被投诉",
    "抱歉，作者已设置", "抱歉，由于作者设置", "抱歉，此微博已被", "抱歉，该微博已被", "该微博因被多人投诉",
    "此微博不适宜对外公开", "抱歉，根据作者设置的微博可见时间范围", "由于博主设置",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One post. `author` is the user id; it is hashed before anything is stored. `cut` says that the text is
    only its beginning, `notice` that the site shows a notice in its place."""

    mid: str
    text: str
    published_at: datetime
    author: str = ""
    author_kind: AuthorKind = "unknown"
    hints: tuple[PlaceHint, ...] = ()
    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    original: Status | None = None  # the reposted post, where it is still shown
    original_mid: str = ""
    cut: bool = False
    notice: bool = False
    pinned: bool = False


# ── what is looked at ─────────────────────────────────────────────────────────────────────────────────────


class WeiboUser(Foreign):
    id: Word
    idstr: Word
    screen_name: Word
    name: Word
    verified_type: Word
    verified_reason: Word
    location: Word


class _Numbered(Foreign):
    """What names a post: some routes give the number, some the bid, under names of their own."""

    id: Word
    idstr: Word
    mid: Word
    bid: Word
    mblogid: Word


class _LongText(Foreign):
    content: Word
    whole: Annotated[Word, Field(validation_alias="longTextContent")]


class _PageInfo(Foreign):
    type: Word
    page_title: Word
    content1: Word
    title: Word


class _Place(Foreign):
    title: Word


class _Annotation(Foreign):
    place: Part[_Place]


class _Title(Foreign):
    text: Word


class _Mblog(_Numbered):
    created_at: Word
    text: Word  # HTML on m.weibo.cn, plain in the API
    text_raw: Word
    raw_text: Word
    is_long: Annotated[Truth, Field(validation_alias="isLongText")]
    whole: Annotated[Word, Field(validation_alias="longTextContent")]
    long_text: Annotated[Part[_LongText], Field(validation_alias="longText")]
    user: Part[WeiboUser]
    original: Annotated[Raw, Field(validation_alias="retweeted_status")]
    region_name: Word
    geo: Raw
    page_info: Part[_PageInfo]
    annotations: Parts[_Annotation]
    title: Part[_Title]
    is_top: Annotated[Truth, Field(validation_alias="isTop")]
    deleted: Truth
    attitudes_count: Tally
    comments_count: Tally
    reposts_count: Tally


# ── JSON → Status ─────────────────────────────────────────────────────────────────────────────────────────


def read_status(fields: JsonObject, *, now: datetime, system: System = "wgs84") -> Status:
    """One `mblog` or API status. `system` is that of its coordinates.

    Raises:
        PageError: no number, no time: the shape has changed.
    """
    original = object_of(fields.get("retweeted_status"))
    return _status(read_as(_Mblog, fields), _original(original, now, system), now, system)


def _status(found: _Mblog, original: Status | None, now: datetime, system: System) -> Status:
    mid = _mid(found)
    text, cut = _text(found)
    return Status(
        mid=mid,
        text=without_name_of(found.user, text),
        published_at=_time(found, mid, now),
        author=found.user.idstr or found.user.id,
        author_kind=kind_of(found.user),
        hints=_hints(found, system),
        likes=found.attitudes_count,
        replies=found.comments_count,
        reposts=found.reposts_count,
        original=original,
        original_mid=_mid_or_nothing(found.original),
        cut=cut,
        notice=found.deleted or is_notice(text),
        pinned=found.is_top or found.title.text == "置顶",
    )


def without_name_of(user: WeiboUser, text: str) -> str:
    """`text`, which this user wrote."""
    return without_own_name(text, user.screen_name or user.name, kind_of(user))


def kind_of(user: WeiboUser) -> AuthorKind:
    return author_kind(
        nick=user.screen_name or user.name,
        badge=weibo_badge(user.verified_type),
        reason=user.verified_reason,
        known=bool(user.idstr or user.id),
    )


def mid_of(fields: JsonObject) -> str:
    """The decimal number: `idstr`, `id` or `mid`, or the bid read as one. Raises PageError."""
    return _mid(read_as(_Numbered, fields))


def _mid(found: _Numbered) -> str:
    number = next((each for each in (found.idstr, found.id, found.mid) if is_mid(each)), "")
    try:
        return number or mid_from_bid(found.bid or found.mblogid)
    except WeiboIdError as error:
        raise PageError("微博没有编号（id、mid、bid 都读不出来）") from error


def is_notice(text: str) -> bool:
    return len(text) < 80 and any(notice in text for notice in _NOTICES)


def _mid_or_nothing(fields: JsonObject) -> str:
    try:
        return mid_of(fields) if fields else ""
    except PageError:
        return ""


def _original(fields: JsonObject, now: datetime, system: System) -> Status | None:
    """The reposted post; None for one that is gone: it has no user, or no time. Weibo names the root as
    everybody's original, so the originals of originals are not read."""
    if not object_of(fields.get("user")):
        return None
    try:
        found = _status(read_as(_Mblog, fields), None, now, system)
    except PageError:
        return None
    return None if found.notice else found


def _text(found: _Mblog) -> tuple[str, bool]:
    """Text and whether it is cut. The whole text comes first where the answer holds it; `raw_text` is the
    last resort."""
    whole = found.long_text.whole or found.long_text.content or found.whole
    if whole:
        return plain_text(whole), False
    text = plain_text(found.text) or html_to_text(found.text_raw or found.raw_text)
    ends_cut = text.endswith(("...全文", "…全文")) or ">全文</a>" in found.text
    return text, ends_cut or (found.is_long and text.endswith(("...", "…")))


def _time(found: _Mblog, mid: str, now: datetime) -> datetime:
    try:
        return parse_time(found.created_at, now=now)
    except TimeError as error:
        raise PageError(f"微博 {mid} 的时间读不出来：{error}") from error


def _hints(found: _Mblog, system: System) -> tuple[PlaceHint, ...]:
    """Strongest first. A profile's place is where its owner says to live, not where the post comes from."""
    hints = (
        geo_hint(found.geo, system),
        checkin_hint(_place(found)),
        ip_hint(found.region_name),
        profile_hint(found.user.location),
    )
    return tuple(hint for hint in hints if hint is not None)


def _place(found: _Mblog) -> str:
    """The place checked in at: `page_info` of type place on pages, `annotations[].place` in the API."""
    page = found.page_info
    if page.type == "place":
        return page.page_title or page.content1 or page.title
    return next((each.place.title for each in found.annotations if each.place.title), "")


def read_statuses(
    found: Iterable[JsonObject], *, now: datetime, system: System = "wgs84"
) -> tuple[tuple[Status, ...], tuple[str, ...]]:
    """Those that can be read, and a sentence for each that cannot.

    Raises:
        PageError: not a single one can be read: the shape has changed.
    """
    statuses, odd = [], []
    for fields in found:
        try:
            statuses.append(read_status(fields, now=now, system=system))
        except PageError as error:
            odd.append(str(error))
    if odd and not statuses:
        raise PageError(odd[0])
    return tuple(statuses), tuple(odd)


# ── Status → Post ─────────────────────────────────────────────────────────────────────────────────────────


def posts_of(
    statuses: Iterable[Status], *, now: datetime, secret: bytes, query: str = ""
) -> tuple[tuple[Post, ...], int, tuple[str, ...]]:
    """The posts, each once, an original directly after its repost; how many texts the site withholds; and a
    sentence for each one that cannot be right (dated in the future)."""
    posts: dict[str, Post] = {}
    withheld, odd = 0, []
    for status in _with_originals(statuses):
        if status.published_at > now + CLOCK_SLACK:
            odd.append(f"微博 {status.mid} 的时间在将来：{status.published_at:%Y-%m-%d %H:%M} UTC")
        elif status.notice or not status.text:
            withheld += 1
        else:
            posts.setdefault(status.mid, post_of(status, now=now, secret=secret, query=query))
    return tuple(posts.values()), withheld, tuple(odd)


def _with_originals(statuses: Iterable[Status]) -> Iterator[Status]:
    for status in statuses:
        yield status
        if status.original is not None:
            yield status.original


def post_of(status: Status, *, now: datetime, secret: bytes, query: str = "") -> Post:
    return Post(
        source=SITE,
        post_id=status.mid,
        url=post_address(status.mid),
        text=status.text,
        author_key=author_key(secret, SITE, status.author),
        author_kind=status.author_kind,
        published_at=min(status.published_at, now),
        fetched_at=now,
        place_hints=status.hints,
        query=query,
        repost_of=f"{SITE}/{status.original_mid}" if status.original_mid else "",
        likes=status.likes,
        replies=status.replies,
        reposts=status.reposts,
    )
