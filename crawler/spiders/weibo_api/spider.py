"""Weibo's official API: searches, what is written near a clinic, comments below its own posts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from typing import ClassVar
from urllib.parse import urlencode

from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.rechecks import GROUP
from crawler.coverage.tasks import Task
from crawler.items import Post
from crawler.sources.permission import Verdict
from crawler.sources.source import Source
from crawler.spiders.base import SourceSpider
from crawler.spiders.weibo_api.options import WeiboApiOptions
from crawler.spiders.weibo_api.pages import error_code
from crawler.spiders.weibo_api.plan import TARGETS, ApiReader, BelowAt, comment_task, query_of, show_task


class WeiboApiSpider(SourceSpider):
    name = "weibo_api"
    engine_name = "weibo_api"
    targets = TARGETS
    rechecks: ClassVar[bool] = True
    # Errors come with a status and a code; the code says more.
    handle_httpstatus_list: ClassVar[list[int]] = [400, 401, 403, 404, 429, 500, 503]

    def verdict(self, source: Source, today: date) -> Verdict:
        if not self.token(source):
            name = WeiboApiOptions.of(source).token_env
            return Verdict(allowed=False, reason=f"没有令牌：请设置环境变量 {name}")
        return super().verdict(source, today)

    def visit(self, source: Source, task: Task, post: Post) -> Task | None:
        """Each post and each comment can be asked for by its number."""
        if task.kind in ("comments", "comment"):
            return comment_task(source, post.post_id, BelowAt.of(task).mid, GROUP)
        return show_task(source, post.post_id, GROUP)

    def token(self, source: Source) -> str:
        """From the environment each time; it is kept nowhere."""
        return os.environ.get(WeiboApiOptions.of(source).token_env, "").strip()

    def seeds(self, source: Source) -> Iterator[Task]:
        return self._reader(source).seeds(self.clock())

    def address(self, source: Source, task: Task) -> str:
        path = WeiboApiOptions.of(source).endpoints[task.kind]
        return f"{source.url}{path}?{urlencode(query_of(source, task))}"

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        return self._reader(source).read(task, response.body.decode("utf-8", "replace"), self.clock())

    def explains(self, response: Response) -> bool:
        return error_code(response.body.decode("utf-8", "replace")) is not None

    def _reader(self, source: Source) -> ApiReader:
        return ApiReader(source=source, coverage=self.ledger.coverage, secret=self.secret)

    # the allowance ────────────────────────────────────────────────────────────────────────────────────────

    def spent(self, source: Source) -> str:
        options, (scope, hour, day) = WeiboApiOptions.of(source), self._periods(source)
        if self.ledger.coverage.calls(scope, hour) >= options.calls_per_hour:
            return f"这个小时的 {options.calls_per_hour} 次调用用完了，下个小时继续"
        if self.ledger.coverage.calls(scope, day) >= options.calls_per_day:
            return f"今天的 {options.calls_per_day} 次调用用完了，明天继续"
        return ""

    def spend(self, source: Source) -> None:
        """Counts a call before it is made: one that fails on the way counts at their end, too."""
        scope, hour, day = self._periods(source)
        with self.ledger.coverage.transaction():
            self.ledger.coverage.count_call(scope, hour)
            self.ledger.coverage.count_call(scope, day)

    def _periods(self, source: Source) -> tuple[str, str, str]:
        """Whose allowance, which hour, which day. It belongs to a key, so tables that share one share it."""
        now = self.clock().astimezone(source.zone)
        scope = f"{WeiboApiOptions.of(source).token_env}@{source.host}"
        return scope, f"hour:{now:%Y-%m-%dT%H}", f"day:{now:%Y-%m-%d}"
