"""NodeBB forums, by the JSON behind their public pages. A site is a table in sources.toml, not a class."""

from __future__ import annotations

from crawler.spiders.forum.topic_spider import TopicSpider
from crawler.spiders.nodebb.pages import FORUM


class NodeBBSpider(TopicSpider):
    name = "nodebb"
    engine_name = "nodebb"
    forum = FORUM
