"""A replica whose pages are one function, and a crawl of it as users run one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from crawler.sample.forum import SitePage
from tests.site.crawl import Crawled
from tests.site.replica import Asked, Replica, crawl_table, serve_replica

Pages = Callable[[Asked], SitePage | None]
ROBOTS = "User-agent: *\nDisallow: /private/\n"


class Site(Replica):
    """`pages` answers with None for what is not there, and may be changed while the site is up."""

    def __init__(self, pages: Pages, robots: str = ROBOTS) -> None:
        super().__init__()
        self.pages, self.robots = pages, robots

    def answer(self, asked: Asked) -> SitePage:
        if asked.path == "/robots.txt":
            return SitePage(body=self.robots.encode(), headers={"Content-Type": "text/plain"})
        return self.pages(asked) or SitePage(status=404, body=b"<html><title>404</title></html>")


@contextmanager
def serve(pages: Pages, robots: str = ROBOTS) -> Iterator[Site]:
    site = Site(pages, robots)
    with serve_replica(site):
        yield site


def header(asked: Asked, name: str) -> str:
    return next((value for key, value in asked.headers.items() if key.lower() == name.lower()), "")


def crawl(folder: Path, site: Site, engine: str, lines: str, *extra: str) -> Crawled:
    """One whole crawl; `lines` are further lines of the source's table, called "replica"."""
    site.requests.clear()
    toml = f'[replica]\nengine = "{engine}"\nurl = "{site.url}"\nallow_private = true\ndelay = 0.0\n{lines}\n'
    return replace(crawl_table(folder, engine, toml, *extra), paths=tuple(site.paths))
