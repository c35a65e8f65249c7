"""NodeBB: `api/category/ID`, `api/recent` and `api/topic/ID`, the data behind its public pages. Pure."""

from __future__ import annotations

import re

from crawler.coverage.tasks import Task
from crawler.parsing.outcomes import PageError
from crawler.parsing.text import clean_text
from crawler.parsing.untrusted_json import Table, number, table, tables, truth, words
from crawler.sources.source import Source
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.json_forum import Clock, JsonForum, own_words

_NOISE = "blockquote, .plugin-mentions-quote"
_GUEST = "0"
# What NodeBB's own reply button writes before a quotation; the quotation itself is a blockquote.
_SAID = re.compile(r"^@\S{1,40} (?:said in .{1,200}|在 .{1,200} 中说|said|说)\s*[:：]\s*$\n?", re.MULTILINE)


def _list_path(task: Task) -> str:
    board = BoardAt.of(task).board
    return f"api/{f'category/{board}' if board else 'recent'}?page={task.page}"


def _thread_path(task: Task) -> str:
    return f"api/topic/{ThreadAt.of(task).thread}?page={task.page}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}post/{post}" if post else f"{source.url}topic/{thread}"


def _list_page(data: Table, task: Task, clock: Clock) -> ListPage:
    if not isinstance(data.get("topics"), list):
        raise PageError("没有 topics")
    shown = (topic for topic in tables(data, "topics") if not truth(topic, "deleted"))
    return ListPage(entries=tuple(_entry(topic, clock) for topic in shown), next_page=_next(data, task))


def _next(data: Table, task: Task) -> int | None:
    pages = table(data, "pagination")
    more = truth(table(pages, "next"), "active") or task.page < (number(pages, "pageCount") or 1)
    return task.page + 1 if more else None


def _entry(topic: Table, clock: Clock) -> Entry:
    tid = words(topic, "tid")
    if not tid:
        raise PageError("主题没有 tid")
    last = words(topic, "lastposttimeISO") or words(topic, "lastposttime") or words(topic, "timestampISO")
    posts = number(topic, "postcount")
    return Entry(
        tid=tid,
        title=own_words(words(topic, "title"), "i"),
        pin="board" if truth(topic, "pinned") else "",
        replies=None if posts is None else max(posts - 1, 0),
        last_at=clock.time(last, f"主题 {tid} ") if last else None,
    )


def _thread_page(data: Table, task: Task, clock: Clock) -> ThreadPage:
    if not isinstance(data.get("posts"), list):
        raise PageError("没有 posts")
    posts = number(data, "postcount")
    return ThreadPage(
        title=own_words(words(data, "title"), "i") or ThreadAt.of(task).title,
        fid="",
        floors=tuple(_floor(post, clock) for post in tables(data, "posts")),
        replies=None if posts is None else max(posts - 1, 0),
        page=number(table(data, "pagination"), "currentPage") or task.page,
        next_page=_next(data, task),
    )


def _floor(post: Table, clock: Clock) -> Floor:
    pid, place = words(post, "pid"), number(post, "index")
    user = table(post, "user")
    known = words(user, "uid") not in ("", _GUEST)
    gone = truth(post, "deleted")
    return Floor(
        pid=pid,
        floor=None if place is None else place + 1,
        author=(clean_text(words(user, "username")) if known else "") or ANONYMOUS,
        published_at=clock.time(words(post, "timestampISO") or words(post, "timestamp"), f"帖子 {pid} "),
        text="" if gone else clean_text(_SAID.sub("", own_words(words(post, "content"), _NOISE))),
        withheld="已删除" if gone else "",
        likes=number(post, "votes"),
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    list_page=_list_page,
    thread_page=_thread_page,
)
