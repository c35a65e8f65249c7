"""Flarum 1 and 2: `api/discussions` and `api/posts` (JSON:API), which every visitor may ask for. Pure.

Pages are counted here and `links.next` is only looked at, never followed: Flarum 2 leaves its "/api" out.
Flarum 2 refuses parameters it does not know and writes some booleans as "1".
"""

from __future__ import annotations

from urllib.parse import quote

from crawler.coverage.tasks import Task
from crawler.parsing.outcomes import PageError
from crawler.parsing.text import clean_text
from crawler.parsing.untrusted_json import Table, number, table, tables, truth, words
from crawler.sources.source import Source
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.json_forum import Clock, JsonForum, own_words

PAGE = 20
_NOISE = "blockquote, .PostMention, .PostMention--deleted, .UserMention + br"


def _list_path(task: Task) -> str:
    tag = f"filter%5Btag%5D={quote(BoardAt.of(task).board)}&" if BoardAt.of(task).board else ""
    return f"api/discussions?{tag}sort=-lastPostedAt&{_window(task)}"


def _thread_path(task: Task) -> str:
    thread = ThreadAt.of(task).thread
    return f"api/posts?filter%5Bdiscussion%5D={thread}&sort=number&include=user&{_window(task)}"


def _window(task: Task) -> str:
    return f"page%5Boffset%5D={(task.page - 1) * PAGE}&page%5Blimit%5D={PAGE}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}d/{thread}"


def _list_page(data: Table, task: Task, clock: Clock) -> ListPage:
    rows = _rows(data, "discussions")
    return ListPage(entries=tuple(_entry(row, clock) for row in rows), next_page=_next(data, task, rows))


def _rows(data: Table, kind: str) -> tuple[Table, ...]:
    if not isinstance(data.get("data"), list):
        raise PageError(f"没有 data，应是 {kind} 的列表")
    return tuple(row for row in tables(data, "data") if row.get("type") == kind)


def _next(data: Table, task: Task, rows: tuple[Table, ...]) -> int | None:
    return task.page + 1 if rows and table(data, "links").get("next") else None


def _entry(row: Table, clock: Clock) -> Entry:
    tid, values = words(row, "id"), table(row, "attributes")
    if not tid:
        raise PageError("主题没有 id")
    last = words(values, "lastPostedAt") or words(values, "createdAt")
    comments = number(values, "commentCount")
    return Entry(
        tid=tid,
        title=clean_text(words(values, "title")),
        pin="board" if truth(values, "isSticky") or truth(values, "isStickiest") else "",
        replies=None if comments is None else max(comments - 1, 0),
        last_at=clock.time(last, f"主题 {tid} ") if last else None,
    )


def _thread_page(data: Table, task: Task, clock: Clock) -> ThreadPage:
    rows = _rows(data, "posts")
    names = {
        words(each, "id"): _name(each) for each in tables(data, "included") if each.get("type") == "users"
    }
    # Renamings, tags and locks are posts, too, of other content types.
    said = (row for row in rows if table(row, "attributes").get("contentType", "comment") == "comment")
    return ThreadPage(
        title=ThreadAt.of(task).title,
        fid="",
        floors=tuple(_floor(row, names, clock) for row in said),
        page=task.page,
        next_page=_next(data, task, rows),
    )


def _name(user: Table) -> str:
    return words(table(user, "attributes"), "username") or words(table(user, "attributes"), "displayName")


def _floor(row: Table, names: dict[str, str], clock: Clock) -> Floor:
    pid, values = words(row, "id"), table(row, "attributes")
    hidden = truth(values, "isHidden")
    return Floor(
        pid=pid,
        floor=number(values, "number"),
        author=names.get(words(table(row, "relationships", "user", "data"), "id"), "") or ANONYMOUS,
        published_at=clock.time(words(values, "createdAt"), f"帖子 {pid} "),
        text="" if hidden else own_words(words(values, "contentHtml"), _NOISE),
        withheld="被隐藏" if hidden else "",
        likes=number(values, "likesCount"),
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    list_page=_list_page,
    thread_page=_thread_page,
)
