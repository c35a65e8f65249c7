"""Discourse forums, by the JSON behind their public pages. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from crawler.spiders.discourse.pages import FORUM
from crawler.spiders.forum.topic_spider import TopicSpider


class DiscourseSpider(TopicSpider):
    name = "discourse"
    engine_name = "discourse"
    forum = FORUM
