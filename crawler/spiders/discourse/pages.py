"""Discourse: `latest.json` and `t/ID.json`, which every visitor may ask for. Pure.

Shapes: `topic_list.topics[]` with `more_topics_url`; `post_stream.posts[]`, 20 a page, and `stream`, the ids
of all posts. `bumped_at` is what lists are ordered by.
"""

from __future__ import annotations

from crawler.coverage.tasks import Task
from crawler.parsing.outcomes import PageError
from crawler.parsing.text import clean_text
from crawler.parsing.untrusted_json import Table, number, table, tables, truth, words
from crawler.sources.source import Source
from crawler.spiders.forum.pages import ANONYMOUS, Entry, Floor, ListPage, ThreadPage
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.json_forum import Clock, JsonForum, own_words

PAGE = 20  # posts of one t/ID.json
_WORDS_OF_PEOPLE = 1  # post_type: 2 and 3 are notices ("closed this topic"), 4 whispers of the staff
_NOISE = "aside.quote, aside.onebox, .lightbox .meta, .post-edit-reason, details.elided"


def _list_path(task: Task) -> str:
    board = BoardAt.of(task).board
    return f"latest.json?{f'category={board}&' if board else ''}page={task.page - 1}"


def _thread_path(task: Task) -> str:
    return f"t/{ThreadAt.of(task).thread}.json?page={task.page}"


def _address(source: Source, thread: str, page: int, post: str) -> str:
    return f"{source.url}p/{post}" if post else f"{source.url}t/{thread}"


def _list_page(data: Table, task: Task, clock: Clock) -> ListPage:
    topics = table(data, "topic_list")
    if not isinstance(topics.get("topics"), list):
        raise PageError("没有 topic_list.topics")
    entries = tuple(_entry(topic, task, clock) for topic in tables(topics, "topics"))
    more = bool(words(topics, "more_topics_url")) and bool(entries)
    return ListPage(entries=entries, next_page=task.page + 1 if more else None)


def _entry(topic: Table, task: Task, clock: Clock) -> Entry:
    tid, last = words(topic, "id"), words(topic, "bumped_at") or words(topic, "last_posted_at")
    if not tid:
        raise PageError("主题没有 id")
    posts = number(topic, "posts_count")
    return Entry(
        tid=tid,
        title=clean_text(words(topic, "title")),
        pin="board" if truth(topic, "pinned") or truth(topic, "pinned_globally") else "",
        replies=None if posts is None else max(posts - 1, 0),
        last_at=clock.time(last, f"主题 {tid} ") if last else None,
    )


def _thread_page(data: Table, task: Task, clock: Clock) -> ThreadPage:
    stream = table(data, "post_stream")
    if not isinstance(stream.get("posts"), list):
        raise PageError("没有 post_stream.posts")
    posts = number(data, "posts_count")
    ids = stream.get("stream")
    total = len(ids) if isinstance(ids, list) else (posts or 0)
    return ThreadPage(
        title=clean_text(words(data, "title")) or ThreadAt.of(task).title,
        fid="",
        floors=tuple(
            _floor(post, clock)
            for post in tables(stream, "posts")
            if number(post, "post_type") in (_WORDS_OF_PEOPLE, None)
        ),
        replies=None if posts is None else max(posts - 1, 0),
        page=task.page,
        next_page=task.page + 1 if task.page * PAGE < total else None,
    )


def _floor(post: Table, clock: Clock) -> Floor:
    pid = words(post, "id")
    gone = truth(post, "hidden") or truth(post, "user_deleted") or bool(post.get("deleted_at"))
    likes = next((each for each in tables(post, "actions_summary") if each.get("id") == 2), {})
    return Floor(
        pid=pid,
        floor=number(post, "post_number"),
        author=words(post, "username") or ANONYMOUS,
        published_at=clock.time(words(post, "created_at"), f"帖子 {pid} "),
        text="" if gone else own_words(words(post, "cooked"), _NOISE),
        withheld="被隐藏或删除" if gone else "",
        likes=number(likes, "count"),
    )


FORUM = JsonForum(
    list_path=_list_path,
    thread_path=_thread_path,
    address=_address,
    list_page=_list_page,
    thread_page=_thread_page,
)
