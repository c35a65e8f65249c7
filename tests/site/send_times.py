"""When a crawl sent its requests, by the crawl's own clock: what a pace is judged by.

The site's clock says when a request arrived, and on a busy machine one may arrive late and the next on time.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler

FILE = Path("send_times.json")
RECORDING = ("-s", 'ITEM_PIPELINES={"tests.site.send_times.SendTimes": 1}')  # arguments of a crawl


class SendTimes:
    """A pipeline that lets posts pass; it stands in the crawl's process and notes what goes out."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.downloads: list[float] = []
        self.scripts: list[float] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        made = cls(crawler)
        crawler.signals.connect(made.open, signal=signals.spider_opened)
        crawler.signals.connect(made.download, signal=signals.request_reached_downloader)
        crawler.signals.connect(made.write, signal=signals.spider_closed)
        return made

    def open(self, spider: Any) -> None:
        turns = getattr(spider, "turns", None)
        if turns is None:
            return
        wait = turns.wait

        async def noted(host: str, pause: float) -> None:
            await wait(host, pause)
            self.scripts.append(turns.last[host])

        turns.wait = noted

    def download(self, request: Request) -> None:
        engine: Any = self.crawler.engine
        self.downloads.append(engine.downloader.slots[request.meta["download_slot"]].lastseen)

    def write(self) -> None:
        FILE.write_text(json.dumps({"downloads": self.downloads, "scripts": self.scripts}))

    def process_item(self, item: Any) -> Any:
        return item


def pauses(folder: Path, kind: str = "downloads") -> list[float]:
    """Seconds between one request and the next of a crawl in `folder`: Scrapy's downloads, or the `scripts`
    of a page in the browser, the page itself included."""
    return [later - earlier for earlier, later in pairwise(json.loads((folder / FILE).read_text())[kind])]
