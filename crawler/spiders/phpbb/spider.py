"""phpBB forums, by their pages. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from crawler.spiders.forum.page_spider import PageSpider
from crawler.spiders.phpbb.pages import FORUM


class PhpBBSpider(PageSpider):
    name = "phpbb"
    engine_name = "phpbb"
    forum = FORUM
