"""Any public page by selectors from its table, in a browser where only scripts fill it (`render = true`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, ClassVar, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler import own_pages
from crawler.answers import Blocked, Reading, Refusal
from crawler.base import SourceSpider
from crawler.charset import decode
from crawler.coverage import Task
from crawler.engine_options import RenderOptions
from crawler.items import Post
from crawler.middlewares import RobotsMiddleware, asks_for_login
from crawler.rendered_reading import BROWSER, CardReader
from crawler.sources import Source


class RenderedSpider(SourceSpider):
    name = "rendered"
    engine_name = "rendered"
    rechecks: ClassVar[bool] = True

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        sources = [source for source in spider.sources.values() if _options(source).render]
        if sources:
            spider._open_browser(crawler, sources)
        return spider

    def _open_browser(self, crawler: Crawler, sources: list[Source]) -> None:
        # Only here, so that crawls without a browser need neither the package nor the program.
        from crawler.rendering import BrowserMissing, Gate, browser_settings

        home = frozenset(host for source in sources for host in (source.host, f"www.{source.host}"))
        code = frozenset(host for source in sources for host in _options(source).hosts)
        try:
            settings = browser_settings(home | code, Gate(home, code, self._allows))
        except BrowserMissing as error:
            sys.stderr.write(f"错误：{error}\n")
            raise SystemExit(2) from error
        for key, value in settings.items():
            crawler.settings.set(key, value, priority="spider")

    def _allows(self, url: str) -> bool:
        """Whether a page's script may fetch `url` from the source's own site: robots.txt holds there, too."""
        robots: Any = self.crawler.get_downloader_middleware(RobotsMiddleware)
        asked = [source for source in self.sources.values() if self.asks_robots(source)]
        return urlsplit(url).hostname not in {source.host for source in asked} or robots.known_verdict(url)

    def seeds(self, source: Source) -> Iterator[Task]:
        route = self._reader(source).route(self.clock())
        for path in _options(source).pages:
            group = f"page:{path}"
            yield Task(
                source=source.name, key=f"{group}:1", group=group, kind="list", board=path, route=route
            )

    def address(self, source: Source, task: Task) -> str:
        return urljoin(source.url, task.board.replace("{page}", str(task.page)))

    def visit(self, source: Source, task: Task, post: Post) -> Task | None:
        return own_pages.visit(source, post, shown_on=self.address(source, task))

    def prepare(self, source: Source, task: Task, request: Request) -> Request:
        options = _options(source)
        if task.route == BROWSER and options.render:
            from crawler.rendering import browser_meta

            agent = self.settings.get("USER_AGENT")
            request.meta.update(browser_meta(agent, options.select.post, options.wait))
        return request

    def read(self, source: Source, task: Task, response: Response) -> Reading:
        # A browser follows redirects by itself, past the middleware that watches them.
        if asks_for_login(response.url):
            return Blocked(reason="转到登录或验证页面")
        if urlsplit(response.url).hostname not in (source.host, f"www.{source.host}"):
            return Refusal(reason="转到了别的网站")
        html = decode(response.body, str(getattr(response, "encoding", "") or ""))
        if task.kind == own_pages.KIND:
            return own_pages.read(task, status=response.status, url=response.url, html=html)
        return self._reader(source).of_page(task, html, response.url, self.clock())

    def _reader(self, source: Source) -> CardReader:
        return CardReader(
            source=source, options=_options(source), coverage=self.ledger.coverage, secret=self.secret
        )


def _options(source: Source) -> RenderOptions:
    assert isinstance(source.options, RenderOptions)  # noqa: S101  # sources.py made it so
    return source.options
