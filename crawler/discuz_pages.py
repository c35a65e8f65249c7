"""What a Discuz! page says: HTML in, records out. X2 to X3.5 and 7, plain and rewritten links. Pure.

A page of these sites is one of four things and never an empty list by accident: what was asked for, a
`Refusal` (the forum's message box, mostly with HTTP 200), a `Blocked` page (captcha, firewall), or something
unknown, which raises `PageError`, because a layout that changed must be loud.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import unescape
from typing import Literal

from parsel import Selector

from crawler.answers import Blocked, PageError, Refusal
from crawler.charset import decode as decode
from crawler.text import html_to_text
from crawler.times import TimeError, parse_time

Pin = Literal["", "board", "global"]
ANONYMOUS = "匿名"
_TID = re.compile(r"(?:\btid[=-]|thread-)(\d+)")
_FID = re.compile(r"(?:\bfid[=-]|forum-)(\d+)")
_PAGE = re.compile(r"[?&;]page=(\d+)")
_REWRITTEN_PAGE = re.compile(r"thread-\d+-(\d+)-\d+|forum-\d+-(\d+)")
_COUNT = re.compile(r"\d+")
_FLOOR_NAMES = {"楼主": 1, "沙发": 2, "板凳": 3, "地板": 4}
_GONE = ("不存在", "已被删除", "正在被审核", "已经被删除")
_CHALLENGES = ("安全验证", "人机验证", "验证码", "访问过于频繁", "captcha", "cf-challenge", "Just a moment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a thread list. Times are None where the page has none (archiver) or only a date."""

    tid: str
    title: str
    pin: Pin = ""
    replies: int | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    entries: tuple[Entry, ...]
    next_page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One post of a thread. `pid` is "" in the archiver, which has none; `floor` None where it is not shown.

    `withheld` says why there is no text to read (shielded by a moderator, reply to see).
    """

    pid: str
    floor: int | None
    author: str  # the name shown; hashed before anything is stored
    published_at: datetime
    text: str
    withheld: str = ""
    likes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    title: str
    fid: str  # the board it really belongs to; "" where the page does not say
    floors: tuple[Floor, ...]
    replies: int | None = None
    page: int = 1  # the page shown: a number too high is answered with the last page
    next_page: int | None = None


# ── thread lists ──────────────────────────────────────────────────────────────────────────────────────────


def read_list(html: str, *, now: datetime, zone: tzinfo) -> ListPage | Refusal | Blocked:
    """A board's page (forumdisplay). Raises PageError."""
    page = Selector(text=html)
    rows = page.xpath("//tbody[starts-with(@id,'normalthread_') or starts-with(@id,'stickthread_')]")
    if not rows and not page.css("#threadlist, #threadlisttableid, #forum_new, .threadlist, #moderate"):
        return _other(page, html)
    entries = tuple(_entry(row, now=now, zone=zone) for row in rows)
    return ListPage(entries=entries, next_page=_next_page(page))


def _entry(row: Selector, *, now: datetime, zone: tzinfo) -> Entry:
    kind, _, tid = row.attrib["id"].partition("_")
    links = row.xpath(".//a[contains(@class,'xst')] | .//span[starts-with(@id,'thread_')]/a")
    if not links:
        raise PageError(f"主题 {tid} 没有标题链接")
    return Entry(
        tid=tid,
        title=_flat(links[0]),
        pin=_pin(row) if kind == "stickthread" else "",
        replies=_number(row.css("td.num a::text, td.nums strong::text").get()),
        last_at=_last_at(row, now=now, zone=zone),
    )


def _pin(row: Selector) -> Pin:
    """3 is global, 2 a category: both may belong to other boards; 1 is this board's own."""
    return "board" if row.css(".tpin1, img[src*='pin_1']") else "global"


def _last_at(row: Selector, *, now: datetime, zone: tzinfo) -> datetime | None:
    """Time of the last post: the second `td.by` in X, `td.lastpost` in 7. Minutes only."""
    cell = row.xpath("(.//td[@class='by'])[2]//em | .//td[@class='lastpost']//em")
    return _time(cell[0], now=now, zone=zone) if cell else None


def read_archiver_list(html: str) -> ListPage | Refusal | Blocked:
    """A board's page in the archiver: titles and reply counts, no times, pins unmarked. Raises PageError."""
    page = Selector(text=html)
    links = page.xpath("//div[@id='content']//li/a[contains(@href,'tid-')]")
    if not links and not page.xpath("//div[@id='content']//ul"):
        return _other(page, html)
    return ListPage(entries=tuple(_archiver_entry(link) for link in links), next_page=_archiver_next(page))


def _archiver_entry(link: Selector) -> Entry:
    found = _TID.search(link.attrib["href"])
    if not found:
        raise PageError(f"存档页链接没有主题号：{link.attrib['href']}")
    count = link.xpath("string(following-sibling::text()[1])").get() or ""
    return Entry(tid=found[1], title=_flat(link), replies=_number(count))


# ── threads ───────────────────────────────────────────────────────────────────────────────────────────────


def read_thread(html: str, *, now: datetime, zone: tzinfo) -> ThreadPage | Refusal | Blocked:
    """A thread's page (viewthread), desktop. Raises PageError."""
    page = Selector(text=html)
    parts = _parts(page)
    blocks, times, bodies, labels = (parts[name] for name in _PARTS)
    if not blocks:
        return _other(page, html)
    floors = []
    for pid, block in blocks.items():
        if pid not in times:
            raise PageError(f"帖子 {pid} 没有发表时间")
        text, withheld = _message(bodies[pid]) if pid in bodies else ("", _locked(block))
        floors.append(
            Floor(
                pid=pid,
                floor=_floor_of(_flat(labels[pid])) if pid in labels else None,
                author=_author(block),
                published_at=_time(times[pid], now=now, zone=zone),
                text=text,
                withheld=withheld,
            )
        )
    return ThreadPage(
        title=_title(page),
        fid=_thread_fid(page),
        floors=tuple(floors),
        replies=_reply_count(page),
        page=_page_number(page),
        next_page=_next_page(page),
    )


_PARTS = ("post_", "authorposton", "postmessage_", "postnum")


def _parts(page: Selector) -> dict[str, dict[str, Selector]]:
    """Elements called prefix + post id, by prefix and id. One walk over the page for all floors and parts:
    a walk for each costs twice as much as reading the HTML."""
    found: dict[str, dict[str, Selector]] = {name: {} for name in _PARTS}
    for node in page.xpath("//*[starts-with(@id,'post') or starts-with(@id,'authorposton')]"):
        name = node.attrib["id"].rstrip("0123456789")
        if name in found:
            found[name][node.attrib["id"][len(name) :]] = node
    found["post_"].pop("", None)
    return found


# All that stands in a post's cell and is not what its author says: SOURCES names each. Inline styles are
# compared without blanks, since templates differ.
_CLASS = "contains(concat(' ',normalize-space(@class),' '),' {} ')"
_NOISE = ".//*[{}]".format(
    " or ".join(
        (
            "self::script or self::style or self::noscript or self::ignore_js_op",
            "contains(translate(@style,' ',''),'display:none')",
            *(_CLASS.format(name) for name in ("jammer", "quote", "pstatus", "sign", "signatures", "locked")),
            "contains(@class,'attach') or contains(@class,'aimg_tip') or contains(@class,'tip_4')",
            "contains(@class,'tattl') or contains(@class,'pattl') or contains(@class,'savephotop')",
            "starts-with(@id,'comment_') or starts-with(@id,'post_rate') or starts-with(@id,'ratelog_')",
        )
    )
)


def _message(body: Selector) -> tuple[str, str]:
    """Text of a post's cell, and what is withheld from it. Takes the noise out of the tree it is handed."""
    withheld = _locked(body)
    for noise in body.xpath(_NOISE):
        # A node inside one already dropped has lost its document; dropping it again does no harm.
        noise.drop()
    return html_to_text(body.get()), withheld


def _locked(block: Selector) -> str:
    notes = block.xpath(".//div[contains(concat(' ',normalize-space(@class),' '),' locked ')]")
    return _flat(notes[0]) if notes else ""


def _author(block: Selector) -> str:
    names = block.xpath(
        "(.//div[contains(@class,'authi')])[1]/a[contains(@class,'xw1')]"
        " | .//td[contains(@class,'postauthor')]/div[contains(@class,'postinfo')]/a"
        " | .//td[contains(@class,'postauthor')]/cite/a"
    )
    return _flat(names[0]) if names else ANONYMOUS


def _floor_of(label: str) -> int | None:
    return _FLOOR_NAMES.get(label) or _number(label)


def _title(page: Selector) -> str:
    titles = page.xpath("//span[@id='thread_subject']") or page.css("#threadtitle h1, div.view_tit")
    if not titles:
        raise PageError("主题页没有标题")
    return _flat(titles[0])


def _thread_fid(page: Selector) -> str:
    """The last board in the breadcrumb is the thread's own."""
    links = page.xpath(
        "//div[@id='pt']//a/@href | //div[@id='nav']//a/@href | //div[@id='foruminfo']//a/@href"
    )
    fids = [found[1] for href in links.getall() if (found := _FID.search(href))]
    return fids[-1] if fids else ""


def _reply_count(page: Selector) -> int | None:
    return _number(page.xpath("//span[contains(.,'回复:')]/following-sibling::span[1]/text()").get())


def read_mobile_thread(html: str, *, now: datetime, zone: tzinfo) -> ThreadPage | Refusal | Blocked:
    """A thread's mobile=2 page. Its times are relative only, so they are as coarse as "3 小时前"."""
    page = Selector(text=html)
    blocks = page.xpath("//div[contains(@class,'plc') and starts-with(@id,'pid')]")
    if not blocks:
        return _other(page, html)
    floors = tuple(_mobile_floor(block, now=now, zone=zone) for block in blocks)
    return ThreadPage(title=_title(page), fid="", floors=floors, next_page=_next_page(page))


def _mobile_floor(block: Selector, *, now: datetime, zone: tzinfo) -> Floor:
    pid = block.attrib["id"][3:]
    shown = block.xpath("string(.//li[@class='mtime']/text()[last()])").get() or ""
    body = block.css("div.message")
    text, withheld = _message(body[0]) if body else ("", _locked(block))
    labels, names = block.css("li.mtit span.y"), block.css("li.mtit span.z a")
    return Floor(
        pid=pid,
        floor=_floor_of(_flat(labels[0])) if labels else None,
        author=_flat(names[0]) if names else ANONYMOUS,
        published_at=_parse(shown, now=now, zone=zone),
        text=text,
        withheld=withheld,
    )


def read_archiver_thread(html: str, *, now: datetime, zone: tzinfo) -> ThreadPage | Refusal | Blocked:
    """A thread's page in the archiver: one flat run of authors, headings and texts. Raises PageError.

    Quotes have no markup there ("某人 发表于 2026-1-2 03:04" and the words quoted, up to a blank line); they
    are cut by that shape. Post ids and floors are not shown: the first post of page 1 is floor 1.
    """
    page = Selector(text=html)
    heads = page.xpath("//div[@id='content']/p[@class='author']")
    if not heads:
        return _other(page, html)
    number = _number(page.xpath("//div[@id='content']/div[@class='page']/strong/text()").get()) or 1
    pieces = re.split(r'<p class="author">', page.xpath("//div[@id='content']").get() or "")[1:]
    floors = [
        _archiver_floor(head, piece, now=now, zone=zone) for head, piece in zip(heads, pieces, strict=True)
    ]
    title = _flat(page.xpath("//div[@id='content']/h3")[0]) if number == 1 else _archiver_title(page)
    if number == 1:
        first = floors[0]
        floors[0] = Floor(
            pid="", floor=1, author=first.author, published_at=first.published_at, text=first.text
        )
    return ThreadPage(
        title=title,
        fid=_thread_fid(page),
        floors=tuple(floors),
        page=number,
        next_page=_archiver_next(page),
    )


_ARCHIVER_QUOTE = re.compile(r"^.{1,30} 发表于 \d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}\n(?:.+\n?)*?(?:\n|\Z)")


def _archiver_floor(head: Selector, piece: str, *, now: datetime, zone: tzinfo) -> Floor:
    _, _, rest = piece.partition("</h3>")
    words = rest.split('<div class="page">')[0]
    text, withheld = _message(Selector(text=f"<div>{words}</div>").xpath("//div")[0])
    names = head.xpath("./strong")
    return Floor(
        pid="",
        floor=None,
        author=(_flat(names[0]) if names else "") or ANONYMOUS,
        published_at=_time(head, now=now, zone=zone),
        text=_ARCHIVER_QUOTE.sub("", text).strip(),
        withheld=withheld,
    )


def _archiver_title(page: Selector) -> str:
    return _flat(page.xpath("//div[@id='end']//strong")[0])


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────────────


_RSS_ITEM = re.compile(r"<item>(.*?)</item>", re.DOTALL)
_RSS_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_RSS_LINK = re.compile(r"<link>(.*?)</link>", re.DOTALL)


def read_rss(xml: str) -> ListPage | Refusal | Blocked:
    """A board's RSS: its newest threads. No entries is normal on a cold cache: ask again later.

    Not read as XML, because it often is none: Discuz! leaves `<` and `&` in titles as they are, and a strict
    parser would stop at the first such title.
    """
    if "<rss" not in xml[:1000] or "<channel>" not in xml:
        return _other(Selector(text=xml), xml)
    entries = (_rss_entry(item[1]) for item in _RSS_ITEM.finditer(xml))
    return ListPage(entries=tuple(entry for entry in entries if entry))


def _rss_entry(item: str) -> Entry | None:
    link, title = _RSS_LINK.search(item), _RSS_TITLE.search(item)
    found = _TID.search(unescape(link[1])) if link else None
    return Entry(tid=found[1], title=unescape(title[1]).strip() if title else "") if found else None


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────


def _other(page: Selector, html: str) -> Refusal | Blocked:
    """What a page without the wanted parts is: refusal, block, or unknown."""
    box = page.css("#messagetext > p, .jump_c > p, #content > p") or page.css("#messagetext, .alert_error")
    reason = _flat(box[0]) if box else ""
    if reason and not _challenge(reason):
        return Refusal(reason=reason, gone=any(word in reason for word in _GONE))
    found = _challenge(html)
    if found:
        return Blocked(reason=f"页面要求验证（{found}）")
    raise PageError(f"认不出的页面（{len(html)} 字符，标题 {page.css('title::text').get('')[:40]!r}）")


def _challenge(text: str) -> str:
    return next((word for word in _CHALLENGES if word.lower() in text.lower()), "")


def _time(cell: Selector, *, now: datetime, zone: tzinfo) -> datetime:
    """The `title` has the exact time where the page shows "12 分钟前"; otherwise the shown text is exact."""
    shown = (cell.xpath("string(.)").get() or "").rpartition("发表于")[2]
    return _parse(cell.xpath(".//span/@title").get() or shown, now=now, zone=zone)


def _parse(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    try:
        return parse_time(text, now=now, zone=zone)
    except TimeError as error:
        raise PageError(str(error)) from error


def _flat(node: Selector) -> str:
    return " ".join((node.xpath("string(.)").get() or "").split())


def _number(text: str | None) -> int | None:
    found = _COUNT.search(text or "")
    return int(found[0]) if found else None


def _next_page(page: Selector) -> int | None:
    href = page.css("a.nxt::attr(href), .pages a.next::attr(href)").get()
    if not href:
        return None
    found = _PAGE.search(href) or _REWRITTEN_PAGE.search(href)
    return int(next(group for group in found.groups() if group)) if found else None


def _page_number(page: Selector) -> int:
    """Short threads have no pager: their page is the first."""
    return _number(page.css(".pg > strong::text, .pages > strong::text").get()) or 1


def _archiver_next(page: Selector) -> int | None:
    """The link right behind the bold number."""
    href = page.xpath("//div[@class='page']/strong[1]/following-sibling::a[1]/@href").get()
    found = _PAGE.search(href or "")
    return int(found[1]) if found else None
