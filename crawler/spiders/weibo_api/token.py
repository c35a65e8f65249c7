"""The key of an API call: put on at the very last moment, taken off again as soon as there is an answer."""

from __future__ import annotations

from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.middlewares import HostStopped

HEADER = "Authorization"


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
        spider: Any = self.crawler.spider
        if not hasattr(spider, "token") or request.meta.get("robots_txt"):
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
