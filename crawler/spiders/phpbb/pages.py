"""phpBB 3, style prosilver and what is made of it: `viewforum.php` and `viewtopic.php`. Pure.

Addresses count rows (`start=25`), and how many rows a page has is the operator's choice: the link to the next
page tells. Times stand in `<time datetime>` since 3.2; before, as the board shows them.
"""

from __future__ import annotations

import re
from datetime import datetime

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.html_tree import Node, find, first, flat, tree
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sources.source import Source
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.page_forum import (
    PageForum,
    count_in,
    notice_of,
    number_in,
    own_text,
    required,
    sub_boards,
)
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, Pin, SubBoard, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

_TOPICS, _POSTS = 25, 10  # rows of a page as phpBB comes; asked for by nobody before a page has told
_THREAD = re.compile(r"[?&]t=(\d+)")
_BOARD = re.compile(r"[?&]f=(\d+)")
_START = re.compile(r"[?&]start=(\d+)")
_CLASS = "contains(concat(' ',normalize-space(@class),' '),' {} ')"
_ROW = "//ul[{}]/li[{}]".format(_CLASS.format("topics"), _CLASS.format("row"))
_LINK = ".//a[contains(@class,'topictitle')]"
_POST = "//div[{}][starts-with(@id,'p')]".format(_CLASS.format("post"))
_LOCKED = "//form[@id='login_forum']//p"
_NOTICE = (
    f"//div[@id='message']//p | //form[@id='login']//*[self::h2 or self::p][1] | {_LOCKED}"
    " | //div[@id='page-body']/div[@class='panel'][not(.//form)]//strong"
)
_BAR = "//*[@id='page-body']//*[{}][not(contains(@class,'actions-jump'))]".format(_CLASS.format("action-bar"))
_SUB = "//ul[{}]//dl[not(contains(@class,'forum_link'))]//a[{} or {}]".format(
    _CLASS.format("forums"), _CLASS.format("forumtitle"), _CLASS.format("subforum")
)
_NOISE = (
    ".//blockquote | .//*[{}]".format(
        " or ".join(_CLASS.format(name) for name in ("attachbox", "notice", "signature", "inline-attachment"))
        + " or self::script or self::style"
    )
    + f" | .//div[{_CLASS.format('codebox')}]/p"
)
# Classes inside of a post's words.
_IN_WORDS = strange.names("""
    content text-strong text-italics codebox postlink postlink-local smilies emoji postimage uncited
    inline-attachment attachbox notice signature quotecontent bbcode-b responsive-hide username
    username-coloured mention
""")


def _list_path(task: Task, rows: int) -> str:
    start = f"&start={(task.page - 1) * (rows or _TOPICS)}" if task.page > 1 else ""
    return f"viewforum.php?f={BoardAt.of(task).board}{start}"


def _thread_path(task: Task, rows: int) -> str:
    start = f"&start={(task.page - 1) * (rows or _POSTS)}" if task.page > 1 else ""
    return f"viewtopic.php?t={ThreadAt.of(task).thread}{start}"


def address(source: Source, thread: str, page: int, post: str) -> str:
    """Where a person finds a post; it holds no user id."""
    return f"{source.url}viewtopic.php?" + (f"p={post}#p{post}" if post else f"t={thread}")


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def read_list(html: str, read_at: Moment) -> ListPage | Refusal | Blocked:
    """A board's page. Raises PageError."""
    page = tree(html)
    rows = find(page, _ROW)
    boards = _boards(page)
    if not rows and not boards and (find(page, _LOCKED) or not find(page, _BAR)):
        return notice_of(page, html, _NOTICE, "版块列表")
    number, step = _pager(page)
    threads = count_in(first(page, f"{_PAGER}/text()"))
    if not rows and threads:
        raise PageError(f"版块自己说有 {threads} 个主题，这一页上却一个也读不出来")
    # Guests may be shown titles without the posts behind them: those lead nowhere.
    open_rows = [row for row in rows if find(row, _LINK)]
    if threads and rows and not open_rows:
        return Refusal(reason="主题只列标题，不给游客看内容")
    return ListPage(
        entries=tuple(_entry(row, read_at) for row in open_rows),
        next_page=number + 1 if step else None,
        threads=threads,
        boards=boards,
        rows=step // number if step else 0,
    )


def _boards(page: Node) -> tuple[SubBoard, ...]:
    own = number_in(_BOARD, find(page, f"//h2[{_CLASS.format('forum-title')}]//a/@href"))
    return sub_boards(find(page, _SUB), _BOARD, own)


def _entry(row: Node, read_at: Moment) -> Entry:
    link = required(row, _LINK, "主题的标题")
    shown = first(row, f".//dd[{_CLASS.format('lastpost')}]")
    return Entry(
        tid=number_in(_THREAD, (link.get("href") or "",)),
        title=flat(link),
        pin=_pin(row),
        replies=count_in(first(row, f".//dd[{_CLASS.format('posts')}]/text()")),
        last_at=None if shown is None else _time(shown, read_at),
    )


def _pin(row: Node) -> Pin:
    names = (row.get("class") or "").split()
    return "global" if "global-announce" in names else "board" if {"sticky", "announce"} & {*names} else ""


def _time(node: Node, read_at: Moment) -> datetime:
    """The machine's own time, else the last line that is shown, behind "»"."""
    stamp = first(node, ".//time/@datetime")
    shown = [each.strip() for each in node.itertext() if each.strip()]
    return read_at.time(stamp or (shown[-1].rpartition("»")[2] if shown else ""), "帖子")


# ── threads ───────────────────────────────────────────────────────────────────────────────────────────────


def read_thread(html: str, read_at: Moment) -> ThreadPage | Refusal | Blocked:
    """A thread's page. Raises PageError."""
    page = tree(html)
    posts = find(page, _POST)
    if not posts:
        return notice_of(page, html, _NOTICE, "主题页")
    number, step = _pager(page)
    title = required(page, f"//h2[{_CLASS.format('topic-title')}]//a | //h2[1]/a", "主题的标题")
    total = count_in(first(page, f"{_PAGER}/text()"))
    return ThreadPage(
        title=flat(title),
        fid=number_in(_BOARD, reversed(find(page, "//*[@id='nav-breadcrumbs']//a/@href"))),
        tid=number_in(_THREAD, find(page, "//link[@rel='canonical']/@href")),
        floors=tuple(
            _floor(post, read_at, opening=number == 1 and place == 0) for place, post in enumerate(posts)
        ),
        replies=None if total is None else max(total - 1, 0),
        page=number,
        next_page=number + 1 if step else None,
        rows=step // number if step else 0,
    )


def _floor(post: Node, read_at: Moment, *, opening: bool) -> Floor:
    body = first(post, f".//div[{_CLASS.format('content')}]")
    name = first(post, ".//p[contains(@class,'author')]//*[starts-with(@class,'username')]")
    if body is not None:
        strange.note_names("正文", find(body, ".//@class"), _IN_WORDS)
    return Floor(
        pid=post.get("id")[1:],
        floor=1 if opening else None,
        author=(flat(name) if name is not None else "") or ANONYMOUS,
        published_at=_time(required(post, ".//p[contains(@class,'author')]", "帖子的时间"), read_at),
        text="" if body is None else own_text(body, _NOISE),
        withheld="没有正文" if body is None else "",
    )


_PAGER = f"(//div[{_CLASS.format('pagination')}])[1]"


def _pager(page: Node) -> tuple[int, int]:
    """The number of the page shown, and the row at which the next begins; 0 where there is none."""
    number = count_in(first(page, f"{_PAGER}//li[{_CLASS.format('active')}]//text()[normalize-space()]")) or 1
    href = first(page, f"{_PAGER}//a[@rel='next']/@href | {_PAGER}//li[{_CLASS.format('next')}]//a/@href")
    found = _START.search(href or "")
    return number, int(found[1]) if found else 0


FORUM = PageForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=address,
    read_list=read_list,
    read_thread=read_thread,
    notice=_NOTICE,
)
