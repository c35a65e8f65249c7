"""What a Discuz! page says: HTML in, records out. X2 to X3.5 and 7, plain and rewritten links. Pure.

A page of these sites is one of four things and never an empty list by accident: what was asked for, a
`Refusal` (the forum's message box, mostly with HTTP 200), a `Blocked` page (captcha, firewall), or something
unknown, which raises `PageError`, because a layout that changed must be loud.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, tzinfo
from html import unescape
from itertools import pairwise

from lxml import etree

from crawler.parsing import strange
from crawler.parsing.html_tree import Node, drop, find, first, flat, tree
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import clean_text, tree_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.spiders.discuz import known
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, Pin, SubBoard, ThreadPage

_TID = re.compile(r"(?:\btid[=-]|thread-)(\d+)")
_FID = re.compile(r"(?:\bfid[=-]|forum-)(\d+)")
_PAGE = re.compile(r"[?&;]page=(\d+)")
_REWRITTEN_PAGE = re.compile(r"thread-\d+-(\d+)-\d+|forum-\d+-(\d+)")
_COUNT = re.compile(r"\d+")
_FLOOR_NAMES = {"楼主": 1, "沙发": 2, "板凳": 3, "地板": 4}
_GONE = ("不存在", "已被删除", "正在被审核", "已经被删除")
_CHALLENGES = ("安全验证", "人机验证", "验证码", "访问过于频繁", "captcha", "cf-challenge", "Just a moment")


# ── thread lists ──────────────────────────────────────────────────────────────────────────────────────────


_LIST = "//*[@id='threadlist' or @id='threadlisttableid' or @id='forum_new' or @id='moderate' or {}]".format(
    "contains(concat(' ',normalize-space(@class),' '),' threadlist ')"
)


def read_list(html: str, *, now: datetime, zone: tzinfo) -> ListPage | Refusal | Blocked:
    """A board's page (forumdisplay). Raises PageError."""
    page = tree(html)
    rows = find(page, "//tbody[starts-with(@id,'normalthread_') or starts-with(@id,'stickthread_')]")
    pictures = find(page, "//ul[@id='waterfall']/li")
    if not rows and not pictures and not find(page, _LIST):
        return _other(page, html)
    if strange.wanted():
        strange.note_names("列表", find(page, _ROWS), known.ROWS)
        strange.note_names("列表", find(page, _CELLS), known.CELLS)
    entries = [_entry(row, now=now, zone=zone) for row in rows] + [_picture(item) for item in pictures]
    threads = _own_count(page)
    if not entries and threads:
        raise PageError(f"版块自己说有 {threads} 个主题，这一页上却一个也读不出来")
    return ListPage(
        entries=tuple(entries), next_page=_next_page(page), threads=threads, boards=_sub_boards(page)
    )


_ROWS = "//*[@id='threadlisttableid' or @id='moderate']//tbody/@id"
_CELLS = "//tbody[starts-with(@id,'normalthread_')]/tr/*/@class"


def _own_count(page: Node) -> int | None:
    """How many threads the board says it has ("主题: 57", X only)."""
    return _number(first(page, "//h1//strong[contains(preceding-sibling::text()[1],'主题')]/text()"))


def _sub_boards(page: Node) -> tuple[SubBoard, ...]:
    """The boards of the block "子版块", with the threads each is said to have."""
    found: dict[str, SubBoard] = {}
    for link in find(
        page, "//*[starts-with(@id,'subforum_')]//h2/a | //*[starts-with(@id,'subforum_')]//dt/a"
    ):
        number = _FID.search(link.get("href") or "")
        if number:
            row = first(link, "ancestor::tr[1]//td[contains(@class,'fl_i')]/span[1]")
            found[number[1]] = SubBoard(
                id=number[1], name=flat(link), threads=None if row is None else _number(flat(row))
            )
    return tuple(found.values())


def _picture(item: Node) -> Entry:
    """One thread of a board in picture style, which shows no times."""
    link = first(item, ".//h3//a[@href]")
    number = None if link is None else _TID.search(link.get("href"))
    if link is None or number is None:
        raise PageError("图片版块里有一项没有主题链接")
    return Entry(tid=number[1], title=flat(link), replies=_number(first(item, _PICTURE_REPLIES)))


_PICTURE_REPLIES = ".//cite//a[contains(@title,'回复')]/text()"


_REPLIES = ".//td[{}]//a/text() | .//td[{}]//strong/text()".format(
    "contains(concat(' ',normalize-space(@class),' '),' num ')",
    "contains(concat(' ',normalize-space(@class),' '),' nums ')",
)


def _entry(row: Node, *, now: datetime, zone: tzinfo) -> Entry:
    kind, _, tid = row.get("id").partition("_")
    links = find(row, ".//a[contains(@class,'xst')] | .//span[starts-with(@id,'thread_')]/a")
    if not links:
        raise PageError(f"主题 {tid} 没有标题链接")
    return Entry(
        tid=tid,
        title=flat(links[0]),
        pin=_pin(row) if kind == "stickthread" else "",
        replies=_number(first(row, _REPLIES)),
        last_at=_last_at(row, now=now, zone=zone),
    )


def _pin(row: Node) -> Pin:
    """3 is global, 2 a category: both may belong to other boards; 1 is this board's own."""
    return (
        "board" if find(row, ".//*[contains(@class,'tpin1')] | .//img[contains(@src,'pin_1')]") else "global"
    )


def _last_at(row: Node, *, now: datetime, zone: tzinfo) -> datetime | None:
    """Time of the last post: the second `td.by` in X, `td.lastpost` in 7. Minutes only."""
    cell = first(row, "(.//td[@class='by'])[2]//em | .//td[@class='lastpost']//em")
    return None if cell is None else _time(cell, now=now, zone=zone)


def read_archiver_list(html: str) -> ListPage | Refusal | Blocked:
    """A board's page in the archiver: titles and reply counts, no times, pins unmarked. Raises PageError."""
    page = tree(html)
    links = find(page, "//div[@id='content']//li/a[contains(@href,'tid-')]")
    if not links and not find(page, "//div[@id='content']//ul"):
        return _other(page, html)
    return ListPage(entries=tuple(_archiver_entry(link) for link in links), next_page=_archiver_next(page))


def _archiver_entry(link: Node) -> Entry:
    found = _TID.search(link.get("href"))
    if not found:
        raise PageError(f"存档页链接没有主题号：{link.attrib['href']}")
    return Entry(tid=found[1], title=flat(link), replies=_number(link.tail))


# ── threads ───────────────────────────────────────────────────────────────────────────────────────────────


def read_thread(html: str, *, now: datetime, zone: tzinfo) -> ThreadPage | Refusal | Blocked:
    """A thread's page (viewthread), desktop. Raises PageError."""
    page = tree(html)
    named = _named_nodes(page)
    blocks, times, bodies, labels = (_numbered(named, name) for name in _PARTS)
    if not blocks:
        return _other(page, html)
    if strange.wanted():
        _note_strange(named, bodies)
    floors = []
    for pid, block in blocks.items():
        if pid not in times:
            raise PageError(f"帖子 {pid} 没有发表时间")
        if find(block, _STUCK):
            continue  # a copy at the head of the thread: the reply stands at its own floor, too
        text, withheld = _message(bodies[pid]) if pid in bodies else ("", _locked(block))
        floors.append(
            Floor(
                pid=pid,
                floor=_floor_of(flat(labels[pid])) if pid in labels else None,
                author=_author(block),
                published_at=_time(times[pid], now=now, zone=zone),
                text=text,
                withheld=withheld,
            )
        )
    number = _page_number(page)
    if number == 1 and floors and floors[0].floor is None:
        floors[0] = replace(floors[0], floor=1)  # a thread in reverse order numbers its first post "#"
    return ThreadPage(
        title=_title(page, named.get("thread_subject")),
        fid=_thread_fid(named),
        tid=_canonical(page),
        floors=tuple(floors),
        replies=_reply_count(page),
        page=number,
        next_page=_next_page(page),
        newest_first=_runs_down(floors),
    )


def _note_strange(named: dict[str, Node], bodies: dict[str, Node]) -> None:
    """Ids, classes within the words and blocks beside them that this reader does not know."""
    stems = {name.rstrip("0123456789") for name in named if name[-1:].isdigit()}
    strange.note_names("编号", (each for each in stems if not each.startswith(known.RANDOM_IDS)), known.IDS)
    for body in bodies.values():
        if len(body):
            strange.note_names("正文", find(body, ".//@class"), known.IN_WORDS)
        strange.note_names("楼层", find(body, _BESIDE), known.BESIDE_WORDS)


_BESIDE = "(ancestor::div[@class='pcb'])[1]/*/@class"
_STUCK = ".//em[contains(@class,'replystick')]"


def _runs_down(floors: list[Floor]) -> bool:
    """Whether floor numbers fall from top to bottom; the first post stands at the top of page 1 anyway."""
    shown = [floor.floor for floor in floors if floor.floor is not None and floor.floor > 1]
    return len(shown) > 1 and all(left > right for left, right in pairwise(shown))


_PARTS = ("post_", "authorposton", "postmessage_", "postnum")


def is_desktop(html: str) -> bool:
    """Whether a page is a desktop one, to which the archiver leads for what was moved or deleted."""
    return any(mark in html for mark in ('id="postlist"', 'id="threadlist', 'id="post_', 'id="moderate"'))


def _named_nodes(page: Node) -> dict[str, Node]:
    """The first element of each id, in the page's order. One walk for all floors and parts: a walk for each
    costs twice as much as reading the HTML."""
    nodes: dict[str, Node] = {}
    for node in find(page, "/descendant::*[@id]"):
        nodes.setdefault(node.get("id"), node)
    return nodes


def _numbered(named: dict[str, Node], prefix: str) -> dict[str, Node]:
    """The elements called prefix + post id, by that id."""
    cut = len(prefix)
    return {name[cut:]: node for name, node in named.items() if name[:cut] == prefix and name[cut:].isdigit()}


# All that stands in a post's cell and is not what its author says: SOURCES names each. Inline styles are
# compared without blanks, since templates differ.
_CLASS = "contains(concat(' ',normalize-space(@class),' '),' {} ')"
_NOISE = ".//*[{}]".format(
    " or ".join(
        (
            "self::script or self::style or self::noscript or self::ignore_js_op",
            "contains(translate(@style,' ',''),'display:none')",
            *(_CLASS.format(name) for name in ("jammer", "pstatus", "sign", "signatures", "locked")),
            "self::em and parent::*[contains(@class,'blockcode')]",
            "contains(@class,'attach') or contains(@class,'aimg_tip') or contains(@class,'tip_4')",
            "contains(@class,'tattl') or contains(@class,'pattl') or contains(@class,'savephotop')",
            "starts-with(@id,'comment_') or starts-with(@id,'post_rate') or starts-with(@id,'ratelog_')",
        )
    )
)


def _message(body: Node) -> tuple[str, str]:
    """Text of a post's cell, and what is withheld from it. Takes the noise out of the tree it is handed."""
    withheld = _locked(body)
    for noise in find(body, _NOISE):
        # A node inside one already dropped is dropped from that one, which does no harm.
        drop(noise)
    for quote in find(body, _QUOTE):
        # [free] looks like a quotation and is the author's own; but a quotation comes before what is said
        # of it.
        if find(quote, _SOURCE_LINK) or not _says_before(quote, body):
            tail = quote.tail
            quote.clear()
            quote.tag, quote.tail = "br", tail  # the words around it stay apart
    return tree_to_text(body), withheld


_QUOTE = ".//*[{}]".format(_CLASS.format("quote"))
_SOURCE_LINK = ".//a[contains(@href,'findpost')] | .//font[contains(.,' 发表于 ')]"


def _says_before(node: Node, body: Node) -> bool:
    """Whether there are words in `body` before `node`."""
    while node is not body:
        before = node.getprevious()
        while before is not None:
            if "".join(before.itertext()).strip() or (before.tail or "").strip():
                return True
            before = before.getprevious()
        node = node.getparent()
        if (node.text or "").strip():
            return True
    return False


def _locked(block: Node) -> str:
    note = first(block, ".//div[contains(concat(' ',normalize-space(@class),' '),' locked ')]")
    return "" if note is None else flat(note)


def _author(block: Node) -> str:
    name = first(block, "(.//div[@class='authi'])[1]/a[contains(@class,'xw1')]")
    if name is None:
        name = first(block, _AUTHOR_SEVEN)
    return ANONYMOUS if name is None else flat(name)


_AUTHOR_SEVEN = ".//td[contains(@class,'postauthor')]/*[self::cite or contains(@class,'postinfo')]/a"


def _floor_of(label: str) -> int | None:
    return _FLOOR_NAMES.get(label) or _number(label)


def _title(page: Node, subject: Node | None) -> str:
    if subject is None:
        subject = first(page, "//*[@id='threadtitle']//h1 | //div[contains(@class,'view_tit')]")
    if subject is None:
        raise PageError("主题页没有标题")
    return flat(subject)


def _thread_fid(named: dict[str, Node]) -> str:
    """The last board in the breadcrumb is the thread's own."""
    trails = (node for name, node in named.items() if name in ("pt", "nav", "foruminfo"))
    links = (href for trail in trails for href in find(trail, ".//a/@href"))
    fids = [found[1] for href in links if (found := _FID.search(href))]
    return fids[-1] if fids else ""


def _canonical(page: Node) -> str:
    """The number of the thread a page is of, as it says itself: a moved one leaves a stub leading there."""
    found = _TID.search(first(page, "//link[@rel='canonical']/@href") or "")
    return found[1] if found else ""


def _reply_count(page: Node) -> int | None:
    return _number(first(page, "//span[contains(.,'回复:')]/following-sibling::span[1]/text()"))


def read_archiver_thread(html: str, *, now: datetime, zone: tzinfo) -> ThreadPage | Refusal | Blocked:
    """A thread's page in the archiver: one flat run of authors, headings and texts. Raises PageError.

    Quotes have no markup there ("某人 发表于 2026-1-2 03:04" and the words quoted, up to a blank line); they
    are cut by that shape. Post ids and floors are not shown: the first post of page 1 is floor 1.
    """
    page = tree(html)
    heads = find(page, "//div[@id='content']/p[@class='author']")
    if not heads:
        return _other(page, html)
    strange.note_names("存档", find(page, "//div[@id='content']//@class"), known.ARCHIVED)
    number = _number(first(page, "//div[@id='content']/div[@class='page']/strong/text()")) or 1
    pieces = re.split(r'<p class="author">', _source(first(page, "//div[@id='content']")))[1:]
    if len(heads) != len(pieces):
        raise PageError("存档页的楼层数不清。")
    floors = [
        _archiver_floor(head, piece, now=now, zone=zone) for head, piece in zip(heads, pieces, strict=True)
    ]
    title = _named(page, "//div[@id='content']/h3" if number == 1 else "//div[@id='end']//strong")
    if number == 1:
        floors[0] = replace(floors[0], floor=1)
    return ThreadPage(
        title=title,
        fid=_thread_fid(_named_nodes(page)),
        tid=_canonical(page),
        floors=tuple(floors),
        page=number,
        next_page=_archiver_next(page),
    )


# What the archiver writes into the text and its author did not: it strips the markup that would tell.
_ARCHIVER_HIDDEN = re.compile(r"\*{4} Hidden Message \*{5}")
_ARCHIVER_MARKS = re.compile(
    r"^\s*本帖最后由 .{1,30} 于 \d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2} 编辑\s*$"  # who edited it, and when
    r"|^\[\*\](?=\S)"  # a list's bullet
    r"|^https?://\S+\.(?:png|jpe?g|gif|webp|bmp)$\n?",  # a picture
    re.MULTILINE | re.IGNORECASE,
)
# The codes of Discuz!'s own smileys, which are pictures on the desktop pages.
_ARCHIVER_SMILEYS = re.compile(
    r"[ ]?(?:\{:\d+_\d+:\}|:'\(|:[()@$]|(?::(?:loveliness:|funk:|curse:|dizzy:|shutup:|sleepy:|hug:|victory:"
    r"|time:|kiss:|call:|handshake|lol|[oDPLQ])|;P)(?![A-Za-z0-9]))"
)
_ARCHIVER_QUOTE = re.compile(r"^.{1,30} 发表于 \d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2}\n(?:.+\n?)*?(?:\n|\Z)")


def _archiver_floor(head: Node, piece: str, *, now: datetime, zone: tzinfo) -> Floor:
    _, _, rest = piece.partition("</h3>")
    words = rest.split('<div class="page">')[0]
    text, withheld = _message(find(tree(f"<div>{words}</div>"), "//div")[0])
    text, hidden = _ARCHIVER_HIDDEN.subn("", _ARCHIVER_QUOTE.sub("", text))
    names = find(head, "./strong")
    return Floor(
        pid="",
        floor=None,
        author=(flat(names[0]) if names else "") or ANONYMOUS,
        published_at=_time(head, now=now, zone=zone),
        text=clean_text(_ARCHIVER_SMILEYS.sub("", _ARCHIVER_MARKS.sub("", text))),
        withheld=withheld or ("隐藏内容" if hidden else ""),
    )


def _named(page: Node, path: str) -> str:
    title = first(page, path)
    if title is None:
        raise PageError("存档页没有标题")
    return flat(title)


def _source(node: Node) -> str:
    return str(etree.tostring(node, encoding="unicode", method="html", with_tail=False))


# ── feeds ─────────────────────────────────────────────────────────────────────────────────────────────────


_RSS_ITEM = re.compile(r"<item>(.*?)</item>", re.DOTALL)
_RSS_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_RSS_BEGUN = re.compile(r"<pubDate>(.*?)</pubDate>", re.DOTALL)
_RSS_LINK = re.compile(r"<link>(.*?)</link>", re.DOTALL)


def read_rss(xml: str, *, now: datetime) -> ListPage | Refusal | Blocked:
    """A board's RSS: its newest threads. No entries is normal on a cold cache: ask again later.

    Not read as XML, because it often is none: Discuz! leaves `<` and `&` in titles as they are, and a strict
    parser would stop at the first such title.
    """
    if "<rss" not in xml[:1000] or "<channel>" not in xml:
        return _other(tree(xml), xml)
    entries = (_rss_entry(item[1], now) for item in _RSS_ITEM.finditer(xml))
    return ListPage(entries=tuple(entry for entry in entries if entry))


def _rss_entry(item: str, now: datetime) -> Entry | None:
    link, title, begun = (each.search(item) for each in (_RSS_LINK, _RSS_TITLE, _RSS_BEGUN))
    found = _TID.search(unescape(link[1])) if link else None
    if not found:
        return None
    return Entry(tid=found[1], title=unescape(title[1]).strip() if title else "", begun_at=_begun(begun, now))


def _begun(found: re.Match[str] | None, now: datetime) -> datetime | None:
    """When a feed says that a thread began; None where it does not say."""
    try:
        return parse_time(found[1], now=now) if found else None
    except TimeError:
        return None


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────


_BOX = (
    "//*[@id='messagetext' or @id='content' or contains(@class,'jump_c')]/p | //*[contains(@class,'f_c')]/h3"
)


def _other(page: Node, html: str) -> Refusal | Blocked:
    """What a page without the wanted parts is: refusal, block, or unknown."""
    box = find(page, _BOX) or find(page, "//*[@id='messagetext' or contains(@class,'alert_error')]")
    reason = flat(box[0]) if box else ""
    if reason and not _challenge(reason):
        return Refusal(reason=reason, gone=any(word in reason for word in _GONE))
    found = _challenge(html)
    if found:
        return Blocked(reason=f"页面要求验证（{found}）")
    raise PageError(f"认不出的页面（{len(html)} 字符，标题 {(first(page, '//title/text()') or '')[:40]!r}）")


def _challenge(text: str) -> str:
    return next((word for word in _CHALLENGES if word.lower() in text.lower()), "")


def _time(cell: Node, *, now: datetime, zone: tzinfo) -> datetime:
    """The `title` has the exact time where the page shows "12 分钟前"; otherwise the shown text is exact."""
    shown = "".join(cell.itertext()).rpartition("发表于")[2]
    try:
        return parse_time(first(cell, ".//span/@title") or shown, now=now, zone=zone)
    except TimeError as error:
        raise PageError(str(error)) from error


def _number(text: str | None) -> int | None:
    found = _COUNT.search(text or "")
    return int(found[0]) if found else None


# The first comparison is quick and finds few; what it finds too much is sorted out behind it.
_NEXT = (
    "/descendant::a[starts-with(@class,'n')]"
    "[@class='nxt' or @class='next' and ancestor::*[contains(@class,'pages')]]/@href"
)


def _next_page(page: Node) -> int | None:
    href = first(page, _NEXT)
    if not href:
        return None
    found = _PAGE.search(href) or _REWRITTEN_PAGE.search(href)
    return int(next(group for group in found.groups() if group)) if found else None


_PAGER = (
    "/descendant::strong[parent::*[contains(concat(' ',@class,' '),' pg ')"
    " or contains(concat(' ',@class,' '),' pages ')]]/text()"
)


def _page_number(page: Node) -> int:
    """Short threads have no pager: their page is the first."""
    return _number(first(page, _PAGER)) or 1


def _archiver_next(page: Node) -> int | None:
    """The link right behind the bold number."""
    href = first(page, "//div[@class='page']/strong[1]/following-sibling::a[1]/@href")
    found = _PAGE.search(href or "")
    return int(found[1]) if found else None
