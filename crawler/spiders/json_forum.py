"""Forums that answer in JSON: what the engines have in common. Pure.

Each engine's pages become the `ListPage` and `ThreadPage` of the Discuz! reader, so that cursors, deletions
and caps are handled once, for all forums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from parsel import Selector

from crawler.coverage.tasks import Task
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import html_to_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import Table, read_object
from crawler.spiders.forum.pages import ListPage, ThreadPage
from crawler.spiders.forum.posts import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When a page was read, and the zone of times that name none."""

    now: datetime
    zone: tzinfo

    def time(self, text: str, what: str) -> datetime:
        """Raises PageError: a post without a time cannot be right."""
        try:
            return parse_time(text, now=self.now, zone=self.zone)
        except TimeError as error:
            raise PageError(f"{what}的时间：{error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonForum:
    """One engine: addresses (under the site's root) out, pages in."""

    list_path: Callable[[Task], str]
    thread_path: Callable[[Task], str]
    address: Address
    list_page: Callable[[Table, Task, Clock], ListPage]
    thread_page: Callable[[Table, Task, Clock], ThreadPage]

    def path(self, task: Task) -> str:
        return self.list_path(task) if task.kind == "list" else self.thread_path(task)

    def read_list(self, body: bytes, task: Task, clock: Clock) -> ListPage | Refusal | Blocked:
        """Raises PageError."""
        data = read_object(decode(body, "utf-8"))
        return data if isinstance(data, Refusal | Blocked) else self.list_page(data, task, clock)

    def read_thread(self, body: bytes, task: Task, clock: Clock) -> ThreadPage | Refusal | Blocked:
        """Raises PageError."""
        data = read_object(decode(body, "utf-8"))
        return data if isinstance(data, Refusal | Blocked) else self.thread_page(data, task, clock)


def own_words(html: str, noise: str) -> str:
    """Plain text of a post without what `noise` (CSS) selects: quotes, previews, captions."""
    if "<" not in html:
        return html_to_text(html)
    body = Selector(text=f"<div>{html}</div>").xpath("//div")[:1]
    for found in body.css(noise):
        # A node inside one already dropped has lost its document; dropping it again does no harm.
        found.drop()
    return html_to_text(body.get() or "")
