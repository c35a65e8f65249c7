"""phpwind 8 and what is made of it: `thread.php` (a board's list) and `read.php` (a thread). Pure.

The opening post is called "tpc" where replies have a number.
"""

from __future__ import annotations

import re
from datetime import datetime

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.html_tree import Node, drop, find, first, flat, tree
from crawler.parsing.outcomes import Blocked, Refusal
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
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, Pin, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

_THREAD = re.compile(r"(?:[?&]tid=|tid-)(\d+)")
_BOARD = re.compile(r"(?:[?&]fid=|fid-)(\d+)")
_PAGE = re.compile(r"(?:[?&]page=|page-)(\d+)")
_WHEN = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2}(?::\d{2})?)?")
_CLASS = "contains(concat(' ',normalize-space(@class),' '),' {} ')"
_ROW = "//tr[.//a[starts-with(@id,'a_ajax_')]]"
_BODY = "//*[starts-with(@id,'read_')][self::div or self::td]"
_NOTICE = "//*[{} or {} or {} or @id='showmsg']".format(
    _CLASS.format("regMsg"), _CLASS.format("cc_message"), _CLASS.format("regIgnore")
)
_SUB = "//a[starts-with(@id,'fn_')]"
# A moderator's word in place of a post's: the only thing in its cell, as if marked with a pen.
_SHIELDED = "self::*[count(*)=1]/span[contains(@style,'background-color:#ffff66')]"
_NOISE = (
    ".//blockquote | .//*[{}]".format(
        " or ".join(_CLASS.format(name) for name in ("quote", "blockquote", "tips", "readSign", "signature"))
        + " or starts-with(@id,'alert_') or starts-with(@id,'att_') or self::script or self::style"
        + " or contains(translate(@style,' ',''),'display:none')"
    )
    + " | .//div[a[contains(@onclick,'CopyCode')]]"
)
_IN_WORDS = strange.names("""
    f# mb# cc fl fr tal text quote blockquote blockquote# tips readSign signature tpc_content
    s# b gray hidden imgList B_code
""")


def _list_path(task: Task, rows: int) -> str:
    return f"thread.php?fid={BoardAt.of(task).board}&page={task.page}"


def _thread_path(task: Task, rows: int) -> str:
    return f"read.php?tid={ThreadAt.of(task).thread}&page={task.page}"


def address(source: Source, thread: str, page: int, post: str) -> str:
    """Where a person finds a post; it holds no user id."""
    more = f"&page={page}" if page > 1 else ""
    return f"{source.url}read.php?tid={thread}{more}" + (f"#{post}" if post else "")


def read_list(html: str, read_at: Moment) -> ListPage | Refusal | Blocked:
    """A board's page. Raises PageError."""
    page = tree(html)
    rows = find(page, _ROW)
    if not rows and not find(page, "//*[@id='threadlist' or @id='ajaxtable']"):
        return notice_of(page, html, _NOTICE, "版块列表")
    return ListPage(
        entries=tuple(_entry(row, read_at) for row in rows),
        next_page=_next(page),
        boards=sub_boards(find(page, _SUB), _BOARD, ""),
    )


def _entry(row: Node, read_at: Moment) -> Entry:
    link = required(row, ".//a[starts-with(@id,'a_ajax_')]", "主题的标题")
    last = first(row, f"(.//td[{_CLASS.format('author')}])[last()]//p")
    return Entry(
        tid=number_in(_THREAD, (link.get("href") or "",)),
        title=flat(link),
        pin=_pin(row),
        replies=count_in(first(row, f".//td[{_CLASS.format('num')}]//em/text()")),
        last_at=None if last is None else _time(last, read_at),
    )


def _pin(row: Node) -> Pin:
    """headtopic_1 is this board's own, 2 and 3 a category's and the whole site's."""
    level = re.search(r"headtopic_(\d)", " ".join(find(row, ".//img/@src")))
    return "" if level is None else "board" if level[1] == "1" else "global"


def read_thread(html: str, read_at: Moment) -> ThreadPage | Refusal | Blocked:
    """A thread's page. Raises PageError."""
    page = tree(html)
    bodies = find(page, _BODY)
    if not bodies:
        return notice_of(page, html, _NOTICE, "主题页")
    trail = f"//*[@id='breadCrumb' or {_CLASS.format('readNav')}]//a/@href"
    title = required(page, "//h1[@id='subject_tpc'] | //*[@id='subject_tpc']", "主题的标题")
    for button in find(title, ".//a[starts-with(@href,'javascript')]"):
        drop(button)
    return ThreadPage(
        title=flat(title),
        fid=number_in(_BOARD, reversed(find(page, trail))),
        floors=tuple(_floor(body, read_at) for body in bodies),
        page=count_in(first(page, f"//*[{_CLASS.format('pages')}]//b/text()")) or 1,
        next_page=_next(page),
    )


def _floor(body: Node, read_at: Moment) -> Floor:
    number = body.get("id").removeprefix("read_")
    block = required(body, f"ancestor::*[{_CLASS.format('read_t')} or @id='readfloor_{number}'][1]", "楼层")
    name = first(block, f".//*[{_CLASS.format('readName')}]//a")
    shown = required(block, f".//*[{_CLASS.format('tipTop')}]", "帖子的时间")
    strange.note_names("正文", find(body, ".//@class"), _IN_WORDS)
    opening = number == "tpc"
    shielded = first(body, _SHIELDED)
    withheld = flat(body) if shielded is not None and flat(body) == flat(shielded) else ""
    return Floor(
        pid="" if opening else number,
        floor=1 if opening else None,
        author=(flat(name) if name is not None else "") or ANONYMOUS,
        published_at=_time(shown, read_at),
        text="" if withheld else own_text(body, _NOISE),
        withheld=withheld,
    )


def _time(node: Node, read_at: Moment) -> datetime:
    """The date in a `title` beside "10分钟前", else the one that is shown, else the words."""
    shown = " ".join("".join(node.itertext()).split())
    found = next((hit[0] for text in (*find(node, ".//@title"), shown) if (hit := _WHEN.search(text))), shown)
    return read_at.time(found, "帖子")


def _next(page: Node) -> int | None:
    href = first(page, f"//*[{_CLASS.format('pages')}]//b/following-sibling::a[1]/@href")
    found = _PAGE.search(href or "")
    return int(found[1]) if found else None


FORUM = PageForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=address,
    read_list=read_list,
    read_thread=read_thread,
    notice=_NOTICE,
)
