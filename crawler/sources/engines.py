"""The engines by name, one line each: the folder of `crawler.spiders` and what its tables may say.

An engine's own keys are a class in its own folder, which stands above this one. So it is named, not imported,
and looked up when a table of that engine is read: an engine stays one folder and one line.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Engine:
    """`options` names the class of the keys that only this engine knows (`EngineOptions` says what it is)."""

    options: str = "crawler.sources.source:EngineOptions"  # none, and nothing to check
    off_by_default: bool = False  # runs only where the table says `enabled = true`
    needs: str = ""  # what a table has to say, as it is written there


ENGINES = {
    "discuz": Engine(
        "crawler.spiders.discuz.options:DiscuzOptions", needs='boards = [{ id = "36", name = "健康求助" }]'
    ),
    "weibo_api": Engine("crawler.spiders.weibo_api.options:WeiboApiOptions"),
    "weibo": Engine("crawler.spiders.weibo.options:WeiboOptions", needs='words = ["牙疼 成都"]'),
    "tieba": Engine(needs='boards = [{ id = "成都" }]（吧名，不带“吧”字）'),
    "feed": Engine(
        "crawler.spiders.feed.options:FeedOptions", needs='feeds = ["feed.xml"]（相对 url 的路径）'
    ),
    "discourse": Engine(),
    "flarum": Engine(),
    "nodebb": Engine(),
    "phpbb": Engine(needs='boards = ["2"]'),
    "mybb": Engine(needs='boards = ["2"]'),
    "phpwind": Engine(needs='boards = ["2"]'),
    "health_qa": Engine("crawler.spiders.health_qa.options:HealthQaOptions", off_by_default=True),
    "rendered": Engine("crawler.spiders.rendered.options:RenderedOptions"),
}
