"""MyBB forums, by their pages. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from crawler.spiders.forum.page_spider import PageSpider
from crawler.spiders.mybb.pages import FORUM


class MyBBSpider(PageSpider):
    name = "mybb"
    engine_name = "mybb"
    forum = FORUM
