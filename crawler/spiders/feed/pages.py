"""What a feed says: RSS 0.9x to 2.0, RSS 1.0, Atom, JSON Feed 1 and 1.1 in, records out. Pure.

feedparser reads the XML kinds, broken ones too; JSON Feed is read here. What is no feed at all is told apart
from an empty one.
"""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any
from urllib.parse import urljoin

import feedparser
from pydantic import Field

from crawler.parsing import strange, weibo_ids
from crawler.parsing.charset import decode
from crawler.parsing.html_tree import find, hollow_out, tree
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import clean_text, html_to_text, plain_text, tree_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.unexpected_pages import instead_of
from crawler.parsing.untrusted_json import Foreign, Listed, Part, Parts, Whole, Word, read_as, read_object

MOST_WAIT = timedelta(days=1)  # a feed that asks to be left alone for longer is asked once a day
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_MARKED_UP = re.compile(
    r"</?(?:p|br|div|span|a|img|b|i|strong|em|ul|ol|li|blockquote)\b[^<>]*>", re.IGNORECASE
)
_GLOBAL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)  # a URL, a tag: or urn: name


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry. `published_at` is None where the feed gives no time; `weibo` holds mid and user number where
    the entry is a Weibo post."""

    id: str
    link: str
    title: str
    text: str
    author: str = ""
    published_at: datetime | None = None
    replies: int | None = None
    point: tuple[float, float] | None = None  # latitude, longitude
    weibo: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`wait` is how long the feed asks to be left alone (ttl, sy:updatePeriod); zero when it does not."""

    items: tuple[Item, ...]
    updated_at: datetime | None = None
    wait: timedelta = timedelta()
    odd: tuple[str, ...] = ()  # entries that cannot be used, each with its reason
    withheld: int = 0  # entries that show a form in place of their words: for invited readers


def read_feed(
    body: bytes, *, declared: str, url: str, now: datetime, zone: tzinfo
) -> Feed | Refusal | Blocked:
    """The feed in `body`. `declared` is the charset of the header, `url` what relative links start from.

    Raises:
        PageError: it is neither a feed nor a page that says why there is none.
    """
    text = decode(body, declared)
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _json_feed(text, url, now, zone)
    # Decoded here, so that a wrong declaration does not reach the parser.
    data = _DECLARATION.sub("", text).lstrip().encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    # sanitize_html would take style attributes away, and with them what says that an element is hidden.
    try:
        parsed: Any = feedparser.parse(data, response_headers=headers, sanitize_html=False)
    except (ValueError, OverflowError):  # a character reference that names none
        raise PageError("订阅源里有读不了的字符。") from None
    if not parsed.get("version") and not parsed.entries:
        return _no_feed(text)
    shown = [each for each in parsed.entries if not _is_locked(each.get("content", ()))]
    items, odd = _items(_entry(each, url, now, zone) for each in shown)
    return Feed(
        withheld=len(parsed.entries) - len(shown),
        items=items,
        updated_at=_time(parsed.feed, ("updated", "published"), now, zone),
        wait=_wait(parsed.feed),
        odd=odd,
    )


def _no_feed(text: str) -> Refusal | Blocked:
    if "<html" in text[:5000].lower() or "<!doctype html" in text[:5000].lower():
        return instead_of(text, "订阅源")
    raise PageError(f"不是订阅源，也不是网页（{len(text)} 字符，开头 {text[:30]!r}）")


def _items(entries: Iterable[Item | str]) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    found: dict[str, Item] = {}
    odd = []
    for entry in entries:
        if isinstance(entry, str):
            odd.append(entry)
        else:
            found.setdefault(entry.id, entry)
    return tuple(found.values()), tuple(odd)


# ── RSS and Atom ──────────────────────────────────────────────────────────────────────────────────────────


# What feedparser calls the elements of an entry that are read, and those that are left.
_KNOWN = strange.names("""
    title title_detail link links id guidislink published published_parsed updated updated_parsed created
    created_parsed summary summary_detail content author author_detail authors slash_comments where comments
    tags wfw_commentrss rights rights_detail source sourceurl publisher publisher_detail contributors language
    enclosures media_content media_thumbnail media_credit media_keywords media_title media_description href
    license credit expired expired_parsed thr_total thr_in-reply-to in-reply-to post-id wp_post-id gd_image
    georss_point geo_lat geo_long feedburner_origlink dc_identifier dc_type dc_format xml_base updated_detail
    yt_videoid yt_channelid media_statistics media_starrating media_player itunes_duration itunes_explicit
    itunes_episode itunes_title itunes_author subtitle subtitle_detail image duration
""")


def _entry(entry: Mapping[str, Any], url: str, now: datetime, zone: tzinfo) -> Item | str:
    strange.note_names("条目", entry, _KNOWN)
    link = urljoin(url, str(entry.get("link") or "")) if entry.get("link") else ""
    bodies = [*entry.get("content", ()), entry.get("summary_detail") or {"value": entry.get("summary", "")}]
    if _COMMENT.search(link):
        texts = [_comment(bodies[0])]  # the excerpt behind it has lost what tells whose words are whose
    else:
        texts = [_text(str(each.get("value") or ""), str(each.get("type") or "")) for each in bodies]
    item = Item(
        id="",
        link=link,
        title=_text(str(entry.get("title") or ""), ""),
        text=max(texts, key=len),
        author=clean_text(str(entry.get("author") or "")),
        published_at=_time(entry, ("published", "created", "updated"), now, zone),
        replies=_count(entry.get("slash_comments")),
        point=_point(entry.get("where")),
    )
    return _named(item, str(entry.get("id") or ""), link)


def _time(values: Mapping[str, Any], keys: tuple[str, ...], now: datetime, zone: tzinfo) -> datetime | None:
    """The first of these times that can be read. Chinese sites write "CST" and mean China Standard Time,
    where the mail standard's readers take America's."""
    for key in keys:
        # Asked for this way because feedparser answers `updated` with `published`, and warns.
        raw = str(values[key] or "").strip() if key in values else ""
        if not raw:
            continue
        if raw.endswith(" CST") and zone.utcoffset(now.replace(tzinfo=None)) == timedelta(hours=8):
            raw = raw.removesuffix("CST") + "+0800"
        try:
            return parse_time(raw, now=now, zone=zone)
        except TimeError:
            if f"{key}_parsed" in values and (parsed := values[f"{key}_parsed"]):
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    return None


def _wait(feed: Mapping[str, object]) -> timedelta:
    minutes = _count(feed.get("ttl"))
    if minutes is not None:
        return min(timedelta(minutes=minutes), MOST_WAIT)
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    times = _count(feed.get("sy_updatefrequency")) or 1
    return min(period / times, MOST_WAIT) if period else timedelta()


def _count(value: object) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _point(where: object) -> tuple[float, float] | None:
    """georss:point, which feedparser hands over as longitude, latitude."""
    if not isinstance(where, Mapping) or where.get("type") != "Point":
        return None
    try:
        lon, lat = (float(part) for part in where["coordinates"][:2])
    except (KeyError, TypeError, ValueError):
        return None
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 and (lat or lon) else None


# ── JSON Feed ─────────────────────────────────────────────────────────────────────────────────────────────


class _Author(Foreign):
    name: Word


class _Comments(Foreign):
    count: Whole


class _JsonItem(Foreign):
    id: Word
    url: Word
    external_url: Word
    title: Word
    content_html: Word
    content_text: Word
    summary: Word
    date_published: Word
    date_modified: Word
    author: Part[_Author]  # of version 1.0
    authors: Parts[_Author]  # of version 1.1
    comments: Annotated[Part[_Comments], Field(validation_alias="_comments")]


class _JsonFeed(Foreign):
    version: Word
    items: Listed[_JsonItem]


def _json_feed(text: str, url: str, now: datetime, zone: tzinfo) -> Feed | Refusal | Blocked:
    said = read_object(text)
    if isinstance(said, Refusal | Blocked):
        return said
    within = "是 JSON，但不是 JSON Feed："
    feed = read_as(_JsonFeed, said, within=within)
    if "jsonfeed.org/version/" not in feed.version:
        raise PageError(f"{within}没有 version")
    items, odd = _items(_json_item(each, url, now, zone) for each in feed.items)
    return Feed(items=items, odd=odd)


def _json_item(said: _JsonItem, url: str, now: datetime, zone: tzinfo) -> Item | str:
    link = said.url or said.external_url
    html = said.content_html
    times = {"published": said.date_published, "updated": said.date_modified}
    author = said.authors[0] if said.authors else said.author
    item = Item(
        id="",
        link=urljoin(url, link) if link else "",
        title=clean_text(said.title),
        text=_text(html, "text/html") if html else clean_text(said.content_text or said.summary),
        author=clean_text(author.name),
        published_at=_time(times, ("published", "updated"), now, zone),
        replies=said.comments.count,
    )
    return _named(item, said.id, item.link)


# ── both ──────────────────────────────────────────────────────────────────────────────────────────────────


# The words below a picture are not the text.
_CAPTION = re.compile(
    r"<figcaption\b.*?</figcaption>|<p class=[\"'][^\"']*wp-caption-text[^>]*>.*?</p>",
    re.DOTALL | re.IGNORECASE,
)


def _text(value: str, kind: str) -> str:
    """Plain text of a body. One that was escaped twice still looks like HTML after the first reading."""
    own = _CAPTION.sub("", value)
    strange.note_markup("正文", own)  # classes differ from one blog's editor to the next
    once = clean_text(own) if kind == "text/plain" and "<" not in own else html_to_text(own)
    read = html_to_text(once) if "<" not in own and _MARKED_UP.search(once) else plain_text(once)
    return clean_text(_ADDED.sub("", read))


# Written by blog software and by RSSHub below or above the words of the author.
_ADDED = re.compile(
    r"^The post .{1,300} (?:first )?appeared (?:first )?on .{1,200}\.?$|^\S{1,40}的微博视频$", re.MULTILINE
)


# ── comments of a WordPress blog ──────────────────────────────────────────────────────────────────────────

_COMMENT = re.compile(r"#comment-\d+$")
# "In reply to NAME.", written by the software in its own language, with the comment that is answered.
_ANSWERED = re.compile(
    r"^\s*(?:<p>)?[^<>]{0,40}<a\b[^>]*#comment-\d+[\"'][^>]*>[^<]{0,200}</a>"
    r"[^<>\n]{0,20}(?:</p>|\n|<br ?/?>|$)"
)


def _comment(body: Mapping[str, object]) -> str:
    """A comment's own words, without the line that names whom it answers and without what it quotes."""
    own = _ANSWERED.sub("", str(body.get("value") or ""))
    words = tree(f"<div>{own}</div>")
    for quoted in find(words, "//blockquote"):
        hollow_out(quoted)
    return tree_to_text(words)


def _is_locked(bodies: Iterable[Mapping[str, object]]) -> bool:
    return any("post-password-form" in str(each.get("value") or "") for each in bodies)


def _named(item: Item, guid: str, link: str) -> Item | str:
    """The entry under its id: a Weibo post's own number, else a hash of what names it everywhere."""
    if not item.title and not item.text:
        return f"条目 {(guid or link)[:60]!r} 没有标题和正文"
    if _COMMENT.search(link):
        item = replace(item, title="")  # the software's: it names who wrote and what was commented
    weibo = weibo_ids.post_at(link) or weibo_ids.post_at(guid)
    if weibo:
        return replace(item, id=weibo[0], weibo=weibo, title=_own_title(item))
    # A bare number is unique in its feed only; with the link it is unique on the site.
    name = (
        guid if _GLOBAL.match(guid) else f"{guid}\0{link}" if guid or link else f"{item.title}\0{item.text}"
    )
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return replace(item, id=f"f{digest}", title=_own_title(item))


def _own_title(item: Item) -> str:
    """A title that only repeats the beginning of the text (RSSHub's) is none."""
    bare = item.title.rstrip(".… ")
    return "" if bare and item.text.replace("\n", " ").startswith(bare) else item.title
