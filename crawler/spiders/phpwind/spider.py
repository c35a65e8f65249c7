"""phpwind forums, by their pages. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from crawler.spiders.forum.page_spider import PageSpider
from crawler.spiders.phpwind.pages import FORUM


class PhpwindSpider(PageSpider):
    name = "phpwind"
    engine_name = "phpwind"
    forum = FORUM
