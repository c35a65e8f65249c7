"""The key of an API call: put on at the very last moment, taken off again as soon as there is an answer."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.coverage.guest import Guest
from crawler.middlewares import HostStopped
from crawler.sources.source import Source

HEADER = "Authorization"


@runtime_checkable
class Holder(Guest, Protocol):
    """A spider with a key and an allowance of calls."""

    def token(self, source: Source) -> str: ...
    def spent(self, source: Source) -> str: ...
    def spend(self, source: Source) -> None: ...


class TokenMiddleware:
    """For spiders with a `token`. A header, not a parameter: no address ever holds the token, so no log, no
    error, no redirect and no stored request does. (Weibo takes `Authorization: OAuth2 TOKEN` as well as
    `access_token=TOKEN`.) It also counts the call, and refuses one over the allowance."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        spider = self.crawler.spider
        if not isinstance(spider, Holder) or request.meta.get("robots_txt"):
            return
        source = spider.sources[request.meta["source"]]
        reason = spider.spent(source)
        if reason:
            if source.host not in spider.stopped:
                spider.ledger.truncated(source.name, source.name, reason)
                spider.stopped[source.host] = reason
            raise HostStopped(reason)
        spider.spend(source)
        request.headers[HEADER] = f"OAuth2 {spider.token(source)}"

    def process_response(self, request: Request, response: Response) -> Response:
        request.headers.pop(HEADER, None)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        request.headers.pop(HEADER, None)
