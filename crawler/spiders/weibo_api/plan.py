"""What an answer of the API means for a crawl: which posts, which further pages, where a window is split.

A task names its window. So a window survives a restart like any page, and the group's cursor (how far the
words were read) moves when the last of its windows is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Target, Task
from crawler.parsing.outcomes import Refusal
from crawler.sources.source import Source
from crawler.spiders.weibo_api.options import WeiboApiOptions
from crawler.spiders.weibo_api.pages import CommentPage, StatusPage, read_comments, read_page
from crawler.spiders.weibo_api.windows import Window, by_place, halves
from crawler.spiders.weibo_status import posts_of

# Read again before the cursor: a post is found by the search only some time after it was written.
OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAt(Target):
    """One post, by its number."""

    mid: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> StatusAt:
        return cls(mid=str(values.get("thread", "")))

    def single(self) -> str:
        return self.mid


@dataclass(frozen=True, slots=True, kw_only=True)
class BelowAt(Target):
    """What is said below the post `mid`: all comments, or one of them by the id it is stored under."""

    mid: str = ""
    comment: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> BelowAt:
        return cls(mid=str(values.get("thread", "")), comment=str(values.get("board", "")))

    def single(self) -> str:
        return self.mid


TARGETS: Mapping[str, type[Target]] = {
    "search": Window,
    "nearby": Window,
    "show": StatusAt,
    "comments": BelowAt,
    "comment": BelowAt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiReader:
    """One source and what is known of it."""

    source: Source
    coverage: Coverage
    secret: bytes

    # what to begin with ───────────────────────────────────────────────────────────────────────────────────

    def seeds(self, now: datetime) -> Iterator[Task]:
        options = WeiboApiOptions.of(self.source)
        for word in self.source.words or (("",) if options.places else ()):
            for place in options.places or ("",):
                yield self._seed("search", word, place, now)
        for near in options.near:
            yield self._seed("nearby", "", near.name, now)
        for mid in options.own_posts:
            key, group = f"comments:{mid}:1", f"comments:{mid}"
            yield Task(source=self.source.name, key=key, group=group, kind="comments", at=BelowAt(mid=mid))

    def _seed(self, kind: str, word: str, place: str, now: datetime) -> Task:
        group = f"{kind}:{word}:{place}"
        horizon = int((now - timedelta(days=self.source.days)).timestamp())
        since = self.coverage.cursor(self.source.name, Scope(group))
        start = max(horizon, int(since) - int(OVERLAP.total_seconds())) if since else horizon
        window = Window(words=word, place=place, start=start, end=int(now.timestamp()))
        return _with_window(Task(source=self.source.name, key="", group=group, kind=kind, at=window), window)

    # what an answer means ─────────────────────────────────────────────────────────────────────────────────

    def read(self, task: Task, text: str, now: datetime) -> Reading:
        if task.kind in ("comments", "comment"):
            comments = read_comments(text, BelowAt.of(task).mid, now=now, secret=self.secret)
            if not isinstance(comments, CommentPage):
                return comments
            return self._comment(task, comments) if task.kind == "comment" else self._comments(task, comments)
        page = read_page(text, now=now, system=WeiboApiOptions.of(self.source).system)
        if not isinstance(page, StatusPage):
            return page
        return self._show(task, page, now) if task.kind == "show" else self._list(task, page, now)

    def _show(self, task: Task, page: StatusPage, now: datetime) -> Reading:
        own = [status for status in page.statuses if status.mid == StatusAt.of(task).mid]
        if not own or own[0].notice:
            return Refusal(reason="微博已被删除或不再公开", gone=True)
        posts, withheld, odd = posts_of(own, now=now, secret=self.secret)
        return PageResult(posts=posts, withheld=withheld, odd=odd)

    def _comment(self, task: Task, page: CommentPage) -> Reading:
        own = tuple(post for post in page.posts if post.post_id == BelowAt.of(task).comment)
        return PageResult(posts=own) if own else Refusal(reason="评论已被删除", gone=True)

    def _list(self, task: Task, page: StatusPage, now: datetime) -> PageResult:
        window = Window.of(task)
        posts, withheld, odd = posts_of(
            page.statuses, now=now, secret=self.secret, query=window.words or window.place
        )
        tasks, truncated = self._further(task, page)
        return PageResult(
            posts=posts,
            tasks=tasks,
            listed=page.found,
            withheld=withheld,
            # A group keeps its first mark until it is done: that of the window the run began with.
            mark=str(window.end) if task.page == 1 else "",
            truncated=truncated,
            odd=page.odd + odd,
        )

    def _further(self, task: Task, page: StatusPage) -> tuple[tuple[Task, ...], str]:
        """The next page, or the parts of a window that holds more than the pages we may see."""
        size, cap = WeiboApiOptions.of(self.source).count, self.source.max_pages
        seen, total = task.page * size, page.total
        if total is None:
            more, full = page.found >= size, page.found >= size and task.page >= cap
        else:
            # An empty page before the promised end is the API's own cap.
            ended_early = not page.found and task.page > 1 and seen - size < total
            more, full = seen < total and page.found > 0, total > cap * size or ended_early
        if full:
            return self._split(task)
        if not more:
            return (), "" if page.found or not total or task.page > 1 else f"接口说有 {total} 条，却没有给出"
        return (replace(task, page=task.page + 1, key=_key(task, task.page + 1)),), ""

    def _split(self, task: Task) -> tuple[tuple[Task, ...], str]:
        options = WeiboApiOptions.of(self.source)
        window = Window.of(task)
        parts = halves(window, options.smallest)
        if parts:
            return tuple(_with_window(task, part) for part in parts), ""
        parts = by_place(window, options.split_places) if task.kind == "search" else ()
        told = f"{window.end - window.start} 秒里的结果多于 {self.source.max_pages} 页"
        if not parts:
            return (), f"{told}，不能再拆；多出的没有读到"
        # What lies outside of the named places is not seen, and neither is who names no place.
        return tuple(_with_window(task, part) for part in parts), f"{told}，只按 {len(parts)} 个地区拆开读了"

    def _comments(self, task: Task, page: CommentPage) -> PageResult:
        """Newest first: the end is where the last run began."""
        known = int(self.coverage.cursor(self.source.name, Scope(task.group)) or 0)
        size = WeiboApiOptions.of(self.source).count
        more = len(page.ids) >= size and min(page.ids) > known
        capped = more and task.page >= self.source.max_thread_pages
        following = replace(task, page=task.page + 1, key=f"{task.group}:{task.page + 1}")
        return PageResult(
            posts=page.posts,
            tasks=(following,) if more and not capped else (),
            listed=len(page.ids),
            mark=str(max(page.ids, default=known)) if task.page == 1 else "",
            truncated=f"只读了前 {task.page} 页评论" if capped else "",
            odd=page.odd,
        )


def show_task(source: Source, mid: str, group: str) -> Task:
    """The page on which one post can be looked at again."""
    return Task(source=source.name, key=f"show:{mid}", group=group, kind="show", at=StatusAt(mid=mid))


def comment_task(source: Source, post_id: str, mid: str, group: str) -> Task:
    """The page on which one comment below the post `mid` can be looked at again."""
    return Task(
        source=source.name,
        key=f"comment:{post_id}",
        group=group,
        kind="comment",
        at=BelowAt(mid=mid, comment=post_id),
    )


def _with_window(task: Task, window: Window) -> Task:
    made = replace(task, at=window, page=1)
    return replace(made, key=_key(made, 1))


def _key(task: Task, page: int) -> str:
    window = Window.of(task)
    return f"{task.kind}:{window.words}:{window.place}:{window.start}-{window.end}:{page}"


def query_of(source: Source, task: Task) -> dict[str, str]:
    """The parameters of the call for `task`; the token travels in a header."""
    options = WeiboApiOptions.of(source)
    if task.kind == "show":
        return {"ids" if "batch" in options.endpoints["show"] else "id": StatusAt.of(task).mid}
    if task.kind == "comment":
        return {"cids": BelowAt.of(task).comment.removeprefix("c")}
    paging = {"page": str(task.page), "count": str(options.count)}
    if task.kind == "comments":
        return {"id": BelowAt.of(task).mid, **paging}
    window = Window.of(task)
    within = {"starttime": str(window.start), "endtime": str(window.end), **paging}
    if task.kind == "nearby":
        return _circle(source, window.place) | within
    province, _, city = window.place.partition("-")
    asked = {"q": window.words, "province": province, "city": city, "sort": "time"}
    return {name: value for name, value in asked.items() if value} | within


def _circle(source: Source, name: str) -> dict[str, str]:
    options = WeiboApiOptions.of(source)
    near = next(near for near in options.near if near.name == name)
    centre = near.degrees(options.offset)
    return {
        "lat": f"{centre.lat:.6f}",
        "long": f"{centre.lon:.6f}",
        "range": str(near.range),
        "sort": "0",
        "offset": str(options.offset),
    }
