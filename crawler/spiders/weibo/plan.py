"""What a page of Weibo search results means for a crawl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Target, Task
from crawler.items import Post, post_from_dict, post_to_dict
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.sources.source import Source
from crawler.spiders.weibo.options import WeiboOptions
from crawler.spiders.weibo.pages import ResultPage, read_cards, read_long_text, read_search
from crawler.spiders.weibo_status import Status, posts_of

SITE_PAGES = 50  # pages of results Weibo shows at most


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsAt(Target):
    """A page of what a search for these words finds."""

    words: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> WordsAt:
        return cls(words=str(values.get("title", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class LongTextAt(Target):
    """The whole text of a post that was cut; `post` is what is known of it, as JSON."""

    mid: str = ""
    post: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> LongTextAt:
        return cls(mid=str(values.get("thread", "")), post=str(values.get("title", "")))

    def single(self) -> str:
        return self.mid


TARGETS: Mapping[str, type[Target]] = {"list": WordsAt, "extend": LongTextAt}


def address_of(source: Source, task: Task) -> str:
    if task.kind == "extend":
        return f"{source.url}statuses/extend?{urlencode({'id': LongTextAt.of(task).mid})}"
    words = WordsAt.of(task).words
    if WeiboOptions.of(source).pages == "search":
        asked = {"q": words, "typeall": "1", "suball": "1", "page": str(task.page)}
        return f"{source.url}weibo?{urlencode(asked)}"
    # 61: newest first. The words are quoted twice: they are a parameter inside of a parameter.
    container = f"100103type=61&q={quote(words)}&t=0"
    asked = {"containerid": container, "page_type": "searchall", "page": str(task.page)}
    return f"{source.url}api/container/getIndex?{urlencode(asked)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReader:
    """One source and what is known of it."""

    source: Source
    coverage: Coverage
    secret: bytes

    def read(self, task: Task, text: str, now: datetime) -> Reading:
        if task.kind == "extend":
            return self._whole(task, read_long_text(text))
        read = read_search if WeiboOptions.of(self.source).pages == "search" else read_cards
        page = read(text, now=now)
        return self._results(task, page, now) if isinstance(page, ResultPage) else page

    def _results(self, task: Task, page: ResultPage, now: datetime) -> PageResult:
        posts, withheld, odd = posts_of(
            page.statuses, now=now, secret=self.secret, query=WordsAt.of(task).words
        )
        dated = [status for status in page.statuses if not status.pinned]
        # Newest first, pinned posts aside: older than the last run's newest is the end.
        more = page.more and bool(dated) and dated[-1].published_at >= self._floor(task, now)
        capped = more and task.page >= min(self.source.max_pages, SITE_PAGES)
        tasks = list(self._long_texts(task, page.statuses, posts))
        if more and not capped:
            tasks.append(replace(task, page=task.page + 1, key=f"{task.group}:{task.page + 1}"))
        newest = max((status.published_at for status in dated), default=now)
        return PageResult(
            posts=posts,
            tasks=tuple(tasks),
            listed=len(page.statuses),
            withheld=withheld,
            mark=newest.isoformat() if task.page == 1 else "",
            truncated=f"只看了前 {task.page} 页结果" if capped else "",
            odd=page.odd + odd,
        )

    def _floor(self, task: Task, now: datetime) -> datetime:
        horizon = now - timedelta(days=self.source.days)
        since = self.coverage.cursor(self.source.name, Scope(task.group))
        return max(horizon, datetime.fromisoformat(since)) if since else horizon

    def _long_texts(
        self, task: Task, statuses: tuple[Status, ...], posts: tuple[Post, ...]
    ) -> tuple[Task, ...]:
        """A visit for each cut text. The post is passed on as it is, too: should the visit fail, it is not
        lost. The task carries the post (without names, as everywhere) and is gone when the visit is done."""
        if WeiboOptions.of(self.source).pages == "search":
            return ()  # the page itself holds the whole text
        cut = {status.mid for status in statuses if status.cut}
        return tuple(
            Task(
                source=task.source,
                key=f"extend:{post.post_id}",
                group=task.group,
                kind="extend",
                at=LongTextAt(mid=post.post_id, post=json.dumps(post_to_dict(post), ensure_ascii=False)),
            )
            for post in posts
            if post.post_id in cut
        )

    def _whole(self, task: Task, text: str | Refusal | Blocked) -> Reading:
        if not isinstance(text, str):
            return text
        post = post_from_dict(json.loads(LongTextAt.of(task).post))
        return PageResult(posts=(replace(post, text=text),) if text else ())
