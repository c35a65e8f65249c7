"""The nodebb spider against a local forum: real processes, real HTTP."""

from __future__ import annotations

from tests.site.topic_cases import TopicCases


class TestNodeBB(TopicCases):
    engine = "nodebb"
    thread_path = "/api/topic/{thread}?page={page}"
    address = "topic/11"
