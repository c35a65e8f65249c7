"""The flarum spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.topic_cases import TopicCases


class TestFlarum(TopicCases):
    engine = "flarum"
    thread_path = (
        "/api/posts?filter%5Bdiscussion%5D={thread}&sort=number&include=user"
        "&page%5Boffset%5D={offset}&page%5Blimit%5D=20"
    )
    address = "d/11"
