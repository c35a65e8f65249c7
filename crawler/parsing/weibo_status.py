"""A Weibo post as m.weibo.cn, weibo.com/ajax and the official API write it in JSON → `Status` → `Post`. Pure.

All routes end here, so the same post gets the same id (the decimal number), author key and address, whatever
way it came. `Post.source` is "weibo" whatever the source's table is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crawler.items import AuthorKind, PlaceHint, Post
from crawler.parsing.authors import author_key, author_kind, weibo_badge
from crawler.parsing.coordinates import System
from crawler.parsing.outcomes import PageError
from crawler.parsing.place_hints import checkin_hint, count, geo_hint, ip_hint, profile_hint
from crawler.parsing.text import html_to_text, plain_text
from crawler.parsing.times import CLOCK_SLACK, TimeError, parse_time
from crawler.parsing.weibo_ids import WeiboIdError, is_mid, mid_from_bid, post_address

SITE = "weibo"
_Fields = Mapping[str, object]
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


def read_status(fields: _Fields, *, now: datetime, system: System = "wgs84") -> Status:
    """One `mblog` or API status. `system` is that of its coordinates.

    Raises:
        PageError: no number, no time, or a user where none can be: the shape has changed.
    """
    mid = mid_of(fields)
    text, cut = _text(fields)
    user = _table(fields, "user")
    author = _word(user, "idstr", "id")
    nick = _word(user, "screen_name", "name")
    original = _table(fields, "retweeted_status")
    return Status(
        mid=mid,
        text=text,
        published_at=_time(fields, mid, now),
        author=author,
        author_kind=author_kind(
            nick=nick,
            badge=weibo_badge(user.get("verified_type")),
            reason=_word(user, "verified_reason"),
            known=bool(author),
        ),
        hints=_hints(fields, user, system),
        likes=count(fields.get("attitudes_count")),
        replies=count(fields.get("comments_count")),
        reposts=count(fields.get("reposts_count")),
        original=_original(original, now, system),
        original_mid=_mid_or_nothing(original),
        cut=cut,
        notice=_word(fields, "deleted") == "1" or is_notice(text),
        pinned=_pinned(fields),
    )


def mid_of(fields: _Fields) -> str:
    """The decimal number: `idstr`, `id` or `mid`, or the bid read as one. Raises PageError."""
    for name in ("idstr", "id", "mid"):
        if is_mid(_word(fields, name)):
            return _word(fields, name)
    try:
        return mid_from_bid(_word(fields, "bid", "mblogid"))
    except WeiboIdError as error:
        raise PageError("微博没有编号（id、mid、bid 都读不出来）") from error


def is_notice(text: str) -> bool:
    return len(text) < 80 and any(notice in text for notice in _NOTICES)


def _mid_or_nothing(fields: _Fields) -> str:
    try:
        return mid_of(fields) if fields else ""
    except PageError:
        return ""


def _original(fields: _Fields, now: datetime, system: System) -> Status | None:
    """The reposted post; None for one that is gone: it has no user, or no time."""
    if not fields or not _table(fields, "user"):
        return None
    try:
        found = read_status(fields, now=now, system=system)
    except PageError:
        return None
    return None if found.notice else found


def _text(fields: _Fields) -> tuple[str, bool]:
    """Text and whether it is cut. The whole text comes first where the answer holds it; `text` is HTML on
    m.weibo.cn and plain in the API; `raw_text` is the last resort."""
    long = _table(fields, "longText")
    whole = _word(long, "longTextContent", "content") or _word(fields, "longTextContent")
    if whole:
        return plain_text(whole), False
    html = _word(fields, "text")
    text = plain_text(html) or html_to_text(_word(fields, "text_raw", "raw_text"))
    ends_cut = text.endswith(("...全文", "…全文")) or ">全文</a>" in html
    return text, ends_cut or (bool(fields.get("isLongText")) and text.endswith(("...", "…")))


def _time(fields: _Fields, mid: str, now: datetime) -> datetime:
    try:
        return parse_time(_word(fields, "created_at"), now=now)
    except TimeError as error:
        raise PageError(f"微博 {mid} 的时间读不出来：{error}") from error


def _hints(fields: _Fields, user: _Fields, system: System) -> tuple[PlaceHint, ...]:
    """Strongest first. A profile's place is where its owner says to live, not where the post comes from."""
    found = (
        geo_hint(_table(fields, "geo"), system),
        checkin_hint(_place(fields)),
        ip_hint(_word(fields, "region_name")),
        profile_hint(_word(user, "location")),
    )
    return tuple(hint for hint in found if hint is not None)


def _place(fields: _Fields) -> str:
    """The place checked in at: `page_info` of type place on pages, `annotations[].place` in the API."""
    page = _table(fields, "page_info")
    if page.get("type") == "place":
        return _word(page, "page_title", "content1", "title")
    notes = fields.get("annotations")
    for note in notes if isinstance(notes, list) else ():
        place = note.get("place") if isinstance(note, dict) else None
        if isinstance(place, dict) and _word(place, "title"):
            return _word(place, "title")
    return ""


def _pinned(fields: _Fields) -> bool:
    return _word(fields, "isTop") == "1" or _word(_table(fields, "title"), "text") == "置顶"


def _table(fields: _Fields, name: str) -> _Fields:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _word(fields: _Fields, *names: str) -> str:
    """The first of these that holds a text or a whole number, as text."""
    for name in names:
        found = fields.get(name)
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()
    return ""


def read_statuses(
    found: Iterable[_Fields], *, now: datetime, system: System = "wgs84"
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
