"""Baidu Tieba's server-made HTML, as it was until spring 2026 and as people hold it → records → `Post`. Pure.

The list of a board sits inside an HTML comment, which a browser's script unpacks. A block without data is an
advert. A sub-reply hangs below a floor and has a number of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from parsel import Selector

from crawler.items import Post
from crawler.parsing import strange
from crawler.parsing.authors import author_key, author_kind, without_addressee, without_own_name
from crawler.parsing.css import attribute
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.place_hints import board_hint, count, ip_hint
from crawler.parsing.text import clean_text, html_to_text
from crawler.parsing.times import CLOCK_SLACK, TimeError, parse_time
from crawler.parsing.untrusted_json import Foreign, Part, Tally, Truth, Word, object_of, read_as, read_json

SITE = "tieba"
_LIST = re.compile(
    r"<code[^>]*id=[\"']pagelet_html_frs-list/pagelet/thread_list[\"'][^>]*>\s*<!--(.*?)-->\s*</code>",
    re.DOTALL,
)
_FLOOR = re.compile(r"(\d+)\s*楼")
_FORUM = re.compile(r"【?([^【】_\-\s]{1,40}吧)(?:】?_|\s*-\s*)百度贴吧")
_MOMENT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}\s+\d{1,2}:\d{2}")
_SUB_ID = re.compile(r"'spid'\s*:\s*'?(\d+)|\"spid\"\s*:\s*\"?(\d+)")
_SUB_PORTRAIT = re.compile(r"['\"]portrait['\"]\s*:\s*['\"]([^'\"]+)")
_TID = re.compile(r"/p/(\d+)|\"?thread_id\"?\s*:\s*\"?(\d+)")
_BLOCKS = ("百度安全验证", "wappass.baidu.com", "安全验证", "captcha", "请输入验证码")
_GONE = ("贴子已被删除", "帖子已被删除", "该贴已被删除", "贴子可能已被删除", "贴子不存在", "已被隐藏")
_CLOSED = ("尚未建立", "本吧暂不开放", "根据相关法律法规")


# Classes inside of a floor's text.
_IN_WORDS = strange.names("""
    d_post_content j_d_post_content clearfix BDE_Image BDE_Smiley BDE_Meme BDE_Flash j_lbs_link at
    j-no-opener-url replace_div replace_tip j_media_box video_src_wrapper tb_long_text post_bubble_top
    post_bubble_middle post_bubble_bottom post_bubble_middle_inner edit_font_normal edit_font_color
    ps_cb_thread_link apc_src_wrapper
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarEntry:
    """One line of a board's list. `created_at` is as coarse as the page: a clock, a day, or a month."""

    tid: str
    title: str
    abstract: str = ""
    author: str = ""  # portrait id; hashed before anything is stored
    nick: str = ""
    replies: int | None = None
    created_at: datetime | None = None
    last_at: datetime | None = None
    top: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BarPage:
    forum: str
    entries: tuple[BarEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFloor:
    """A floor, or a sub-reply (`floor` None)."""

    post_id: str
    floor: int | None
    text: str
    published_at: datetime
    author: str = ""
    nick: str = ""
    ip: str = ""
    below: str = ""  # the number of the floor that a sub-reply hangs below


@dataclass(frozen=True, slots=True, kw_only=True)
class BarThread:
    tid: str
    title: str
    forum: str
    floors: tuple[BarFloor, ...]
    replies: int | None = None
    pages: int = 1
    adverts: int = 0


# ── what the pages' data-field attributes hold ────────────────────────────────────────────────────────────


class _EntryData(Foreign):
    id: Word
    author_portrait: Word
    author_nickname: Word
    author_name: Word
    reply_num: Tally
    is_top: Truth


class _Author(Foreign):
    portrait: Word
    user_id: Word
    user_nickname: Word
    user_name: Word


class _Content(Foreign):
    post_id: Word
    thread_id: Word
    post_no: Tally
    date: Word


class _FloorData(Foreign):
    author: Part[_Author]
    content: Part[_Content]


_Data = TypeVar("_Data", bound=Foreign)


def _data(node: Selector, form: type[_Data]) -> _Data:
    """What a node's attribute holds; nothing where it is no JSON, as in adverts."""
    try:
        said = read_json(attribute(node, "data-field"))
    except PageError:
        said = None
    return read_as(form, object_of(said))


# ── a board's list ────────────────────────────────────────────────────────────────────────────────────────


def read_list(html: str, *, now: datetime) -> BarPage | Refusal | Blocked:
    """A board's page (`f?kw=`), as served or as a browser saved it. Raises PageError."""
    found = _LIST.search(html)
    page = Selector(text=html)
    rows = (Selector(text=found[1]) if found else page).css("li.j_thread_list")
    if not rows and not found:
        return _other(page, html)
    entries = tuple(entry for row in rows if (entry := _entry(row, now)) is not None)
    return BarPage(forum=_forum(page), entries=entries)


def _entry(row: Selector, now: datetime) -> BarEntry | None:
    """None for an advert, which has no data."""
    data = _data(row, _EntryData)
    tid = data.id
    if not tid.isdigit():
        return None
    title = row.css("a.j_th_tit")
    if not title:
        raise PageError(f"贴子 {tid} 没有标题")
    return BarEntry(
        tid=tid,
        title=clean_text(attribute(title[0], "title") or _flat(title[0])),
        abstract=html_to_text("".join(row.css("div.threadlist_abs").getall()[:1])),
        author=_portrait(data.author_portrait),
        nick=data.author_nickname or data.author_name,
        replies=data.reply_num,
        created_at=_maybe(row.css(".is_show_create_time::text").get(), now),
        last_at=_maybe(row.css(".j_reply_data::text, .threadlist_reply_date::text").get(), now),
        top=data.is_top,
    )


def _maybe(text: str | None, now: datetime) -> datetime | None:
    try:
        return parse_time(text, now=now) if text and text.strip() else None
    except TimeError as error:
        raise PageError(str(error)) from error


# ── a thread ──────────────────────────────────────────────────────────────────────────────────────────────


def read_thread(html: str, *, now: datetime) -> BarThread | Refusal | Blocked:
    """A thread's page (`p/<tid>`). Raises PageError."""
    page = Selector(text=html)
    blocks = page.css("div.l_post")
    if not blocks:
        return _other(page, html)
    floors: list[BarFloor] = []
    tid, adverts = "", 0
    for block in blocks:
        data = _data(block, _FloorData)
        if data.content.post_id in ("", "0"):
            adverts += 1
            continue
        tid = tid or data.content.thread_id
        floors += _floors(block, data, now)
    if not floors:
        raise PageError("贴子页里只有广告")
    return BarThread(
        tid=tid or _tid(html),
        title=_title(page),
        forum=_forum(page),
        floors=tuple(floors),
        replies=count(page.css(".l_reply_num span.red::text").get()),
        pages=_pages(page),
        adverts=adverts,
    )


def _floors(block: Selector, data: _FloorData, now: datetime) -> Iterator[BarFloor]:
    content, author = data.content, data.author
    number = content.post_id
    bodies = block.css(".d_post_content")
    if not bodies:
        raise PageError(f"楼层 {number} 没有正文")
    strange.note_names("正文", bodies[0].xpath(".//@class").getall(), _IN_WORDS)
    tail = " ".join(_flat(node) for node in block.css(".post-tail-wrap > span, ul.p_tail > li"))
    label = _FLOOR.search(tail)
    place = re.search(r"IP属地[:：]\s*(\S+)", tail)
    yield BarFloor(
        post_id=number,
        floor=content.post_no or (int(label[1]) if label else None),
        text=html_to_text(bodies[0].get()),
        published_at=_moment(content.date, tail, number, now),
        author=_portrait(author.portrait) or author.user_id,
        nick=author.user_nickname or author.user_name,
        ip=place[1] if place else "",
    )
    yield from (_sub_reply(node, number, now) for node in block.css("li.lzl_single_post"))


def _sub_reply(node: Selector, below: str, now: datetime) -> BarFloor:
    data = attribute(node, "data-field")
    found, portrait = _SUB_ID.search(data), _SUB_PORTRAIT.search(data)
    if not found:
        raise PageError("楼中楼没有编号")
    number = found[1] or found[2]
    body, times = node.css(".lzl_content_main"), node.css(".lzl_time")
    text = html_to_text("".join(body.xpath("./node()").getall())) if body else ""
    place = re.search(r"IP属地[:：]\s*(\S+)", _flat(node))
    return BarFloor(
        post_id=number,
        floor=None,
        text=without_addressee(text),
        published_at=_moment("", _flat(times[0]) if times else "", number, now),
        author=_portrait(portrait[1]) if portrait else "",
        nick=node.css(".lzl_cnt > a::text").get("").strip(),
        ip=place[1] if place else "",
        below=below,
    )


def _moment(given: str, shown: str, number: str, now: datetime) -> datetime:
    found = _MOMENT.search(shown)
    try:
        return parse_time(given or (found[0] if found else shown), now=now)
    except TimeError as error:
        raise PageError(f"楼层 {number} 的时间读不出来：{error}") from error


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────


def _other(page: Selector, html: str) -> Refusal | Blocked:
    words = " ".join(page.xpath("//body//text()[not(parent::script)]").getall())[:5000]
    gone = next((word for word in _GONE if word in words), "")
    if gone:
        return Refusal(reason=f"贴吧：{gone}", gone=True)
    closed = next((word for word in _CLOSED if word in words), "")
    if closed:
        return Refusal(reason=f"贴吧：{closed}")
    found = next((word for word in _BLOCKS if word in html), "")
    if found:
        return Blocked(reason=f"贴吧要求验证（{found}）")
    raise PageError(f"认不出的页面（{len(html)} 字符，标题 {page.css('title::text').get('')[:40]!r}）")


def _portrait(address: str) -> str:
    """The id in a portrait's address ("tb.1.x?t=1" → "tb.1.x"): what other tools call the author, too."""
    return address.partition("?")[0]


def _title(page: Selector) -> str:
    titles = page.css(".core_title_txt")
    if not titles:
        raise PageError("贴子页没有标题")
    return clean_text(attribute(titles[0], "title") or _flat(titles[0]))


def _forum(page: Selector) -> str:
    """The board's name with its 吧, as other tools write it; in a list's title where its head is unpacked by
    a script only."""
    names = page.css(".card_title_fname")
    if names:
        return clean_text(_flat(names[0]))
    found = _FORUM.search(page.css("title::text").get(""))
    return clean_text(found[1]) if found else ""


def _tid(html: str) -> str:
    found = _TID.search(html)
    if not found:
        raise PageError("贴子页没有贴子编号")
    return found[1] or found[2]


def _pages(page: Selector) -> int:
    numbers = page.css(".l_reply_num span.red::text").getall()
    return (count(numbers[1]) or 1) if len(numbers) > 1 else 1


def _flat(node: Selector) -> str:
    return " ".join((node.xpath("string(.)").get() or "").split())


# ── records → Post ────────────────────────────────────────────────────────────────────────────────────────


def thread_posts(
    page: BarThread, *, now: datetime, secret: bytes
) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """The posts of a thread's page, and a sentence for each one dated in the future. Empty replies (a
    picture, a smiley) are left out; the opening post has its title."""
    posts, odd = [], []
    for floor in page.floors:
        if floor.published_at > now + CLOCK_SLACK:
            odd.append(f"楼层 {floor.post_id} 的时间在将来：{floor.published_at:%Y-%m-%d %H:%M} UTC")
        elif floor.text or floor.floor == 1:
            posts.append(_post(page, floor, now=now, secret=secret))
    return tuple(posts), tuple(odd)


def _post(page: BarThread, floor: BarFloor, *, now: datetime, secret: bytes) -> Post:
    opening = floor.floor == 1
    kind = author_kind(nick=floor.nick, known=bool(floor.author))
    hints = (board_hint(page.forum), ip_hint(floor.ip))
    return Post(
        source=SITE,
        # The opening post goes by its thread, as in other tools' files, which do not have its own number.
        post_id=page.tid if opening else floor.post_id,
        url=_url(page.tid, "" if opening else floor.post_id),
        title=without_own_name(page.title, floor.nick, kind) if opening else "",
        text=without_own_name(floor.text, floor.nick, kind),
        author_key=author_key(secret, SITE, floor.author),
        author_kind=kind,
        published_at=min(floor.published_at, now),
        fetched_at=now,
        place_hints=tuple(hint for hint in hints if hint is not None),
        thread_id=page.tid,
        floor=floor.floor,
        query=page.forum,
        repost_of=_below(page, floor),
        replies=page.replies if opening else None,
    )


def _below(page: BarThread, floor: BarFloor) -> str:
    """The id of the floor that a sub-reply hangs below; the opening post goes by its thread."""
    if not floor.below:
        return ""
    opening = next((each.post_id for each in page.floors if each.floor == 1), "")
    return f"{SITE}/{page.tid if floor.below == opening else floor.below}"


def _url(tid: str, post_id: str) -> str:
    return f"https://tieba.baidu.com/p/{tid}" + (f"?pid={post_id}#{post_id}" if post_id else "")


def list_posts(page: BarPage, *, now: datetime, secret: bytes) -> tuple[Post, ...]:
    """The opening posts as far as a list shows them: title, beginning of the text, day. For held lists."""
    entries = (_listed(entry, page.forum, now=now, secret=secret) for entry in page.entries)
    return tuple(post for post in entries if post is not None)


def _listed(entry: BarEntry, forum: str, *, now: datetime, secret: bytes) -> Post | None:
    if entry.created_at is None:
        return None
    kind = author_kind(nick=entry.nick, known=bool(entry.author))
    return Post(
        source=SITE,
        post_id=entry.tid,
        url=_url(entry.tid, ""),
        title=without_own_name(entry.title, entry.nick, kind),
        text=without_own_name(entry.abstract, entry.nick, kind),
        author_key=author_key(secret, SITE, entry.author),
        author_kind=kind,
        published_at=entry.created_at,
        fetched_at=now,
        place_hints=tuple(hint for hint in (board_hint(forum),) if hint is not None),
        thread_id=entry.tid,
        floor=1,
        query=forum,
        replies=entry.replies,
    )
