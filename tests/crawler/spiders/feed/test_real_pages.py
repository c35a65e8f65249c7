"""A board's RSS as a real Discuz! X3.5 served it: kept beside the project."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.spiders.feed.pages import Feed, read_feed
from tests.support.paths import PAYLOADS

DISCUZ = PAYLOADS / "discuz"
pytestmark = pytest.mark.skipif(not DISCUZ.is_dir(), reason="../shared/payloads is not here")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(("name", "count"), [("rss36_cold_empty.xml", 0), ("rss36_warm.xml", 20)])
def test_a_board_of_discuz(name: str, count: int) -> None:
    feed = read_feed(
        (DISCUZ / name).read_bytes(),
        declared="",
        url="https://bbs.example.org/",
        now=NOW,
        zone=ZoneInfo("Asia/Shanghai"),
    )
    assert isinstance(feed, Feed)
    assert len(feed.items) == count
    assert feed.wait.total_seconds() == 3600
    assert len({item.id for item in feed.items}) == count
    assert all(item.published_at and item.title and "viewthread" in item.link for item in feed.items)
    assert sum(not item.text for item in feed.items) == (2 if count else 0)  # withheld by the forum
