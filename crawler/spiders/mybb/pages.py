"""MyBB 1.8, its default theme: `forumdisplay.php` and `showthread.php`. Pure.

Times are shown as the board's operator likes: month first as MyBB comes, days in words for the last two, with
the date in a `title`. Of two small numbers the first is taken for the month, unless that is none or to come.
"""

from __future__ import annotations

import re
from datetime import datetime

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.html_tree import Node, drop, find, first, flat, tree
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.parsing.times import CLOCK_SLACK
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
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt

_THREAD = re.compile(r"(?:[?&]tid=|thread-)(\d+)")
_BOARD = re.compile(r"(?:[?&]fid=|forum-)(\d+)")
_CLASS = "contains(concat(' ',normalize-space(@class),' '),' {} ')"
_ROW = "//tr[{}][.//span[starts-with(@id,'tid_')]]".format(_CLASS.format("inline_row"))
_POST = "//div[{}][starts-with(@id,'post_')]".format(_CLASS.format("post"))
# The cell of a message, that above the form of a closed board, and that in place of threads nobody may see.
_LOCKED = "//form[.//input[@name='pwverify']]//td[contains(@class,'trow2')]"
_CLOSED = (
    "//td[@colspan][@class='trow1'][preceding::comment()[1][contains(.,'forumdisplay_nopermission')]"
    " or contains(.,'permission') or contains(.,'权限') or contains(.,'權限')]"
)
_NOTICE = (
    f"{_LOCKED} | //table[not(ancestor::*[contains(@style,'display: none')])]"
    "[.//td[contains(@class,'thead')]]//td[contains(@class,'trow1')][not(.//input)]"
)
_SUB = (
    "//tr[.//*[contains(@class,'forum_status')][not(contains(@class,'forum_offlink'))]]"
    "//a[contains(@href,'forumdisplay.php') or contains(@href,'forum-')]"
)
_SORT = "//a[contains(@href,'sortby=') and (contains(@href,'forumdisplay.php') or contains(@href,'forum-'))]"
_REPLIES = ".//a[contains(@href,'whoPosted') or contains(@href,'whoposted')]/text()"
# Above a thread there is a second one, folded up: that of its board.
_PAGER = f"//*[{_CLASS.format('pagination')}][not({_CLASS.format('pagination_breadcrumb')})]"
_NOISE = ".//blockquote | .//*[{}] | .//div[{}]/div[{}]".format(
    " or ".join(_CLASS.format(name) for name in ("signature", "post_edit", "attachment", "mycode_quote"))
    + " or self::script or self::style",
    _CLASS.format("codeblock"),
    _CLASS.format("title"),
)
_FILE = ".//a[contains(@href,'attachment.php?aid=')][normalize-space()]"
_SIZE = re.compile(r"^\s*\([^()]*\)")  # "(Size: 15 bytes / Downloads: 0)" behind the name of a file
_IN_WORDS = strange.names("""
    post_body scaleimages mycode_quote mycode_b mycode_i mycode_u mycode_s mycode_url mycode_email mycode_img
    mycode_color mycode_size mycode_font mycode_align mycode_list mycode_hr codeblock phpcodeblock title body
    smilie smilie_# attachment quick_jump mention clear
""")
_DAY = re.compile(
    r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<late>\d{4}|\d{2})(?!\d)"
    r"|(?:(?P<name>[a-z]{3,9}) (?P<nth>\d{1,2})(?:st|nd|rd|th)?,"
    r"|(?P<first>\d{1,2})(?:st|nd|rd|th)? (?P<then>[a-z]{3,9}),?) (?P<last>\d{4})",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?: ?([AP]M))?", re.IGNORECASE)


def _list_path(task: Task, rows: int) -> str:
    return f"forumdisplay.php?fid={BoardAt.of(task).board}&page={task.page}"


def _thread_path(task: Task, rows: int) -> str:
    return f"showthread.php?tid={ThreadAt.of(task).thread}&page={task.page}"


def address(source: Source, thread: str, page: int, post: str) -> str:
    """Where a person finds a post; it holds no user id."""
    return f"{source.url}showthread.php?tid={thread}" + (f"&pid={post}#pid{post}" if post else "")


def read_list(html: str, read_at: Moment) -> ListPage | Refusal | Blocked:
    """A board's page. Raises PageError."""
    page = tree(html)
    rows = find(page, _ROW)
    own = number_in(_BOARD, find(page, _SORT + "/@href"))
    boards = sub_boards(find(page, _SUB), _BOARD, own)
    closed = None if rows else first(page, _CLOSED)
    if own and closed is not None:
        return Refusal(reason=flat(closed)[:120])
    if not rows and not boards and not own:
        return notice_of(page, html, _NOTICE, "版块列表")
    return ListPage(entries=tuple(_entry(row, read_at) for row in rows), next_page=_next(page), boards=boards)


def _entry(row: Node, read_at: Moment) -> Entry:
    link = required(row, ".//span[starts-with(@id,'tid_')]/a", "主题的标题")
    last = first(row, f".//*[{_CLASS.format('lastpost')}]")
    return Entry(
        tid=number_in(_THREAD, (link.get("href") or "",)),
        title=flat(link),
        pin="board" if find(row, ".//td[contains(@class,'forumdisplay_sticky')]") else "",
        replies=count_in(first(row, _REPLIES)),
        last_at=None if last is None else _time(last, read_at),
    )


def read_thread(html: str, read_at: Moment) -> ThreadPage | Refusal | Blocked:
    """A thread's page. Raises PageError."""
    page = tree(html)
    posts = find(page, _POST)
    if not posts:
        return notice_of(page, html, _NOTICE, "主题页")
    return ThreadPage(
        title=flat(required(page, f"//*[{_CLASS.format('navigation')}]//*[@class='active']", "主题的标题")),
        fid=number_in(_BOARD, reversed(find(page, f"//*[{_CLASS.format('navigation')}]//a/@href"))),
        tid=number_in(_THREAD, find(page, "//link[@rel='canonical']/@href")),
        floors=tuple(_floor(post, read_at) for post in posts),
        page=count_in(first(page, f"{_PAGER}//*[{_CLASS.format('pagination_current')}]/text()")) or 1,
        next_page=_next(page),
    )


def _floor(post: Node, read_at: Moment) -> Floor:
    body = first(post, f".//div[{_CLASS.format('post_body')}]")
    name = first(post, ".//*[contains(@class,'author_information')]//a[contains(@href,'member.php')]")
    if body is not None:
        strange.note_names("正文", find(body, ".//@class"), _IN_WORDS)
        _without_files(body)
    return Floor(
        pid=post.get("id").removeprefix("post_"),
        floor=count_in(first(post, ".//*[contains(@class,'post_head')]//a[starts-with(.,'#')]/text()")),
        author=(flat(name) if name is not None else "") or ANONYMOUS,
        published_at=_time(required(post, f".//*[{_CLASS.format('post_date')}]", "帖子的时间"), read_at),
        text="" if body is None else own_text(body, _NOISE),
        withheld="没有正文" if body is None else "",
    )


def _without_files(body: Node) -> None:
    """A file among the words: its name, and its size in brackets behind it."""
    for link in find(body, _FILE):
        link.tail = _SIZE.sub("", link.tail or "")
        drop(link)


def _next(page: Node) -> int | None:
    href = first(page, f"{_PAGER}//a[{_CLASS.format('pagination_next')}]/@href")
    found = re.search(r"(?:[?&]page=|-page-)(\d+)", href or "")
    return int(found[1]) if found else None


def _time(node: Node, read_at: Moment) -> datetime:
    """ "11-20-2026, 08:00 AM" or another of the forms an operator can choose; or words ("2 hours ago",
    "Today, 08:00 AM") with the date in a `title`."""
    given = first(node, ".//span[@title]/@title") or ""
    shown = " ".join("".join(first(node, "self::*").itertext()).split())
    day = _DAY.search(given) or _DAY.search(shown)
    if day is None:
        return read_at.time(given or shown, "帖子")
    clock = _CLOCK.search(day.string[day.end() :]) or _CLOCK.search(shown)
    hour = _hour(*clock.groups()) if clock else _hour()
    times = [read_at.time(f"{date} {hour}", "帖子") for date in _dates(day)]
    return next((time for time in times if time <= read_at.now + CLOCK_SLACK), times[0])


def _dates(day: re.Match[str]) -> list[str]:
    """What the day can be: month first where two numbers leave it open, unless that is none."""
    if day["year"]:
        return [_iso(day["year"], day["month"], day["day"])]
    if day["last"]:
        month = (day["name"] or day["then"]).lower()[:3]
        number = _MONTHS.index(month) + 1 if month in _MONTHS else 0
        return [_iso(day["last"], str(number), day["nth"] or day["first"])]
    year = day["late"] if len(day["late"]) == 4 else f"20{day['late']}"
    orders = ((day["one"], day["two"]), (day["two"], day["one"]))
    possible = [(month, number) for month, number in orders if int(month) <= 12]
    return [_iso(year, month, number) for month, number in possible or orders]


def _iso(year: str, month: str, day: str) -> str:
    return f"{year}-{int(month):02}-{int(day):02}"


def _hour(hour: str = "0", minute: str = "00", half: str | None = None) -> str:
    number = int(hour) if half is None else int(hour) % 12 + 12 * (half.upper() == "PM")
    return f"{number:02}:{minute}"


FORUM = PageForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=address,
    read_list=read_list,
    read_thread=read_thread,
    notice=_NOTICE,
)
