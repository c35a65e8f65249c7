"""What a page of Tieba means for a crawl: which threads are due, how far each was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Task
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.sources.source import Source
from crawler.spiders.forum.targets import BoardAt, ThreadAt, thread_scope
from crawler.spiders.tieba.pages import BarEntry, BarPage, BarThread, thread_posts

LIST_SIZE = 50  # threads a list page


def address_of(source: Source, task: Task) -> str:
    if task.kind == "thread":
        return f"{source.url}p/{ThreadAt.of(task).thread}?pn={task.page}"
    asked = {"kw": BoardAt.of(task).board, "ie": "utf-8", "pn": str(LIST_SIZE * (task.page - 1))}
    return f"{source.url}f?{urlencode(asked)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarReader:
    """One source and what is known of it."""

    source: Source
    coverage: Coverage
    secret: bytes

    def of_list(self, task: Task, page: BarPage | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, BarPage):
            return page
        horizon = now - timedelta(days=self.source.days)
        due = [entry for entry in page.entries if self._due(entry, horizon)]
        tasks = [self._visit(task, entry) for entry in due]
        # Newest reply first, pins aside: a page without anything due is the end.
        more = bool(due) and len(page.entries) >= LIST_SIZE // 2
        capped = more and task.page >= self.source.max_pages
        if more and not capped:
            tasks.append(
                replace(task, page=task.page + 1, key=f"list:{BoardAt.of(task).board}:{task.page + 1}")
            )
        return PageResult(
            tasks=tuple(tasks),
            listed=len(page.entries),
            truncated=f"只看了前 {task.page} 页主题列表" if capped else "",
        )

    def _due(self, entry: BarEntry, horizon: datetime) -> bool:
        moment = entry.last_at or entry.created_at
        if moment is not None and moment < horizon:
            return False
        return str(entry.replies) != self._seen(entry.tid)[1]

    def _seen(self, tid: str) -> tuple[int, str]:
        """The last page read, and the replies the list promised then."""
        page, _, replies = self.coverage.cursor(self.source.name, thread_scope(tid)).partition(":")
        return int(page or 1), replies

    def _visit(self, task: Task, entry: BarEntry) -> Task:
        page = self._seen(entry.tid)[0]
        at = ThreadAt(board=BoardAt.of(task).board, thread=entry.tid, replies=entry.replies)
        return replace(task, kind="thread", key=f"thread:{entry.tid}:{page}", page=page, at=at)

    def of_thread(self, task: Task, page: BarThread | Refusal | Blocked, now: datetime) -> Reading:
        if not isinstance(page, BarThread):
            return page
        posts, odd = thread_posts(page, now=now, secret=self.secret)
        at, more = ThreadAt.of(task), task.page < page.pages
        capped = more and task.page >= self.source.max_thread_pages
        return PageResult(
            posts=posts,
            tasks=tuple(self._following(task)) if more and not capped else (),
            cursor=None if more and not capped else (thread_scope(at.thread), f"{task.page}:{at.replies}"),
            truncated=f"只读了前 {task.page} 页楼层" if capped else "",
            odd=odd,
        )

    def _following(self, task: Task) -> Iterator[Task]:
        yield replace(task, page=task.page + 1, key=f"thread:{ThreadAt.of(task).thread}:{task.page + 1}")
