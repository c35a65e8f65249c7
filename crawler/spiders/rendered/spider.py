"""Any public page by selectors from its table, in a browser where only scripts fill it (`render = true`)."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.coverage.page_result import Reading
from crawler.coverage.tasks import Target, Task
from crawler.items import Post
from crawler.middlewares import GuardedResolver, RobotsMiddleware, asks_for_login, same_site, strange
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.sources.permission import is_private_address
from crawler.sources.source import Source
from crawler.spiders import post_page
from crawler.spiders.base import SourceSpider
from crawler.spiders.rendered.options import RenderedOptions
from crawler.spiders.rendered.plan import BROWSER, CardReader, CardsAt
from crawler.spiders.rendered.turns import Turns


class RenderedSpider(SourceSpider):
    name = "rendered"
    engine_name = "rendered"
    targets: ClassVar[Mapping[str, type[Target]]] = {"list": CardsAt, post_page.KIND: post_page.PostAt}
    rechecks: ClassVar[bool] = True

    turns: Turns  # of what pages in the browser ask for

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.turns = Turns()
        sources = [source for source in spider.sources.values() if RenderedOptions.of(source).render]
        if sources:
            spider._open_browser(crawler, sources)
        return spider

    def _open_browser(self, crawler: Crawler, sources: list[Source]) -> None:
        # Only here, so that crawls without a browser need neither the package nor the program.
        from crawler.browser import BrowserMissing, Gate, browser_settings

        home = frozenset(host for source in sources for host in (source.host, f"www.{source.host}"))
        code = frozenset(host for source in sources for host in RenderedOptions.of(source).hosts)
        try:
            settings = browser_settings(home | code, Gate(home, code, self._allows, self._admit))
        except BrowserMissing as error:
            sys.stderr.write(f"错误：{error}\n")
            raise SystemExit(2) from error
        for key, value in settings.items():
            crawler.settings.set(key, value, priority="spider")

    def _allows(self, url: str) -> bool:
        """Whether a page's script may fetch `url` from the source's own site: robots.txt holds there, too,
        and another port is another site."""
        if all(strange(url, source) for source in self.sources.values()):
            return False
        robots: Any = self.crawler.get_downloader_middleware(RobotsMiddleware)
        asked = [source for source in self.sources.values() if self.asks_robots(source)]
        return urlsplit(url).hostname not in {source.host for source in asked} or robots.known_verdict(url)

    async def _admit(self, host: str, *, code: bool) -> bool:
        """Manners for all that a page asks for: no private address, one request after the other at the
        host's pace (scripts and styles come with their page), each of them counted."""
        source = next((each for each in self.sources.values() if same_site(host, each.host)), None)
        if host in self.stopped or not await self._is_public(host):
            return False
        if source is None:
            return True  # a host that the table names for its scripts
        if not code:
            await self.turns.wait(source.host, self.floors.get(source.host, 1.0))
        if source.host in self.stopped:
            return False
        self.count_page(source)
        return True

    async def _is_public(self, host: str) -> bool:
        """Whether the name leads to the public internet, for all the browser could do with it: it resolves
        names by itself, past `GuardedResolver`."""
        if host in GuardedResolver.allowed:
            return True
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
        except OSError:
            return False
        return not any(is_private_address(str(address[0])) for *_, address in found)

    def seeds(self, source: Source) -> Iterator[Task]:
        route = self._reader(source).route(self.clock())
        for path in RenderedOptions.of(source).pages:
            group = f"page:{path}"
            at = CardsAt(path=path, route=route)
            yield Task(source=source.name, key=f"{group}:1", group=group, kind="list", at=at)

    def address(self, source: Source, task: Task) -> str:
        if isinstance(task.at, post_page.PostAt):
            return task.at.url
        return urljoin(source.url, CardsAt.of(task).path.replace("{page}", str(task.page)))

    def visit(self, source: Source, task: Task, post: Post) -> Task | None:
        return post_page.visit(source, post, shown_on=self.address(source, task))

    def prepare(self, source: Source, task: Task, request: Request) -> Request:
        options = RenderedOptions.of(source)
        if isinstance(task.at, CardsAt) and task.at.route == BROWSER and options.render:
            from crawler.browser import browser_meta

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
        if task.kind == post_page.KIND:
            return post_page.read(task, status=response.status, url=response.url, html=html)
        return self._reader(source).of_page(task, html, response.url, self.clock())

    def _reader(self, source: Source) -> CardReader:
        return CardReader(
            source=source,
            options=RenderedOptions.of(source),
            coverage=self.ledger.coverage,
            secret=self.secret,
        )
