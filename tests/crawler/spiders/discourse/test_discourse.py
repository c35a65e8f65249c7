"""The discourse spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.topic_cases import TopicCases


class TestDiscourse(TopicCases):
    engine = "discourse"
    thread_path = "/t/{thread}.json?page={page}"
    address = "t/11"
