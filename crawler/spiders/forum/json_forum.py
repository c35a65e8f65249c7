"""Forums that answer in JSON: what the engines have in common. Pure.

Each engine's pages become the `ListPage` and `ThreadPage` of the Discuz! reader, so that cursors, deletions
and caps are handled once, for all forums. An engine says what its answers look like (`topics`, `posts`:
classes of the keys it looks at) and what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Generic, TypeVar

from parsel import Selector

from crawler.coverage.tasks import Task
from crawler.parsing import strange
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import html_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import Foreign, JsonObject, read_as, read_object
from crawler.spiders.forum.pages import Entry, ListPage, ThreadPage
from crawler.spiders.forum.posts import Address

_Topics = TypeVar("_Topics", bound=Foreign)
_Posts = TypeVar("_Posts", bound=Foreign)
NO_GUESTS = "要登录才能看"
NO_RIGHT = "没有权限看"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a page was read, and the zone of times that name none."""

    now: datetime
    zone: tzinfo

    def time(self, text: str, what: str) -> datetime:
        """Raises PageError: a post without a time cannot be right."""
        try:
            return parse_time(text, now=self.now, zone=self.zone)
        except TimeError as error:
            raise PageError(f"{what}的时间：{error}") from error


class Denial(Foreign):
    """An engine's own answer about what guests may not see."""

    def why(self) -> str:
        """The reason; "" where this is another answer."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonForum(Generic[_Topics, _Posts]):
    """One engine: addresses (under the site's root) out, pages in."""

    list_path: Callable[[Task], str]
    thread_path: Callable[[Task], str]
    address: Address
    topics: type[_Topics]
    posts: type[_Posts]
    list_page: Callable[[_Topics, Task, Moment], ListPage]
    thread_page: Callable[[_Posts, Task, Moment], ThreadPage]
    denial: type[Denial]

    def denied(self, body: bytes, status: int) -> Refusal | Blocked:
        """What 401 or 403 means: the forum's own word on one board or thread, or a host that wants no more
        of us. A 401 is about an account in any case, and asking for one is all it does."""
        try:
            data = read_object(decode(body, "utf-8"))
        except PageError:
            data = {}
        said = "" if isinstance(data, Refusal | Blocked) else read_as(self.denial, data).why()
        if said or status == 401:
            return Refusal(reason=f"HTTP {status}：{said or NO_GUESTS}")
        return Blocked(reason=f"HTTP {status}")

    def path(self, task: Task) -> str:
        return self.list_path(task) if task.kind == "list" else self.thread_path(task)

    def read_list(self, body: bytes, task: Task, read_at: Moment) -> ListPage | Refusal | Blocked:
        """Raises PageError."""
        data = read_object(decode(body, "utf-8"))
        return data if isinstance(data, Refusal | Blocked) else self.list_of(data, task, read_at)

    def read_thread(self, body: bytes, task: Task, read_at: Moment) -> ThreadPage | Refusal | Blocked:
        """Raises PageError."""
        data = read_object(decode(body, "utf-8"))
        return data if isinstance(data, Refusal | Blocked) else self.thread_of(data, task, read_at)

    def list_of(self, data: JsonObject, task: Task, read_at: Moment) -> ListPage:
        """Raises PageError."""
        return self.list_page(read_as(self.topics, data), task, read_at)

    def thread_of(self, data: JsonObject, task: Task, read_at: Moment) -> ThreadPage:
        """Raises PageError."""
        return self.thread_page(read_as(self.posts, data), task, read_at)


def entry_of(tid: str, *, title: str, pinned: bool, posts: int | None, last: str, read_at: Moment) -> Entry:
    """A line of a list. `posts` counts the opening post, too. Raises PageError."""
    if not tid:
        raise PageError("主题没有编号")
    return Entry(
        tid=tid,
        title=title,
        pin="board" if pinned else "",
        replies=replies_of(posts),
        last_at=read_at.time(last, f"主题 {tid} ") if last else None,
    )


def replies_of(posts: int | None) -> int | None:
    """How many of a thread's posts are replies."""
    return None if posts is None else max(posts - 1, 0)


def own_words(html: str, noise: str, known: Collection[str] | None = None) -> str:
    """Plain text of a post without what `noise` (CSS) selects: quotes, previews, captions. With `known`, the
    classes that this engine puts among the words, what else stands there is told as strange."""
    if "<" not in html:
        return html_to_text(html)
    body = Selector(text=f"<div>{html}</div>").xpath("//div")[:1]
    for found in body.css(noise):
        # A node inside one already dropped has lost its document; dropping it again does no harm.
        found.drop()
    own = body.get() or ""
    if known is not None:
        strange.note_markup("正文", own, known)
    return html_to_text(own)
