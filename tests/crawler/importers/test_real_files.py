"""Real files of peers' tools, from the folder beside this project; none of them is part of it.

Counts, times, places and short text starts only, never names.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.importers import ImportProblem, Post, Rejected, detect, read
from crawler.parsing.times import BEIJING
from tests.support.paths import SHARED

PEERS = SHARED / "payloads" / "peers"
NOW = datetime.now(UTC)

pytestmark = pytest.mark.skipif(not PEERS.is_dir(), reason="../shared/payloads is not here")


def posts_of(path: Path) -> list[Post]:
    items = list(read(path, now=NOW, secret=b"test"))
    assert not [item for item in items if isinstance(item, Rejected)]
    return [item for item in items if isinstance(item, Post)]


def own(posts: list[Post]) -> list[Post]:
    """Without the originals of reposts that follow them."""
    originals = {post.repost_of for post in posts}
    return [post for post in posts if post.id not in originals]


@pytest.mark.parametrize(
    ("name", "importer", "count"),
    [
        ("hxx_疫情.csv", "weibo-search", 25),
        ("yzs17_小米.csv", "weibo-search", 15),
        ("heyauri_bid.csv", "weibo-crawler", 38),
        ("dataabc_readme_user.json", "weibo-crawler", 2),
        ("nghuyong_readme_tweets.jsonl", "weibospider", 4),
        ("mediacrawler_xhs_search_contents.json", "mediacrawler", 25),
    ],
)
def test_every_post_is_read(name: str, importer: str, count: int) -> None:
    assert detect(PEERS / name) == importer
    assert len(own(posts_of(PEERS / name))) == count


def test_weibo_search_of_17_columns() -> None:
    posts = posts_of(PEERS / "hxx_疫情.csv")
    assert posts[1].published_at.astimezone(BEIJING).isoformat() == "2022-10-09T00:00:00+08:00"
    assert posts[1].text.startswith("2022❄️飘雪带来好运")
    places = [hint for post in posts for hint in post.place_hints]
    assert [(hint.kind, hint.text[:4]) for hint in places] == [("checkin", "呼和浩特")]


def test_a_row_a_comment_is_a_post_a_post() -> None:
    posts = posts_of(PEERS / "yzs17_小米.csv")
    assert len({post.id for post in posts}) == 15
    assert posts[0].published_at.astimezone(BEIJING).isoformat() == "2024-03-02T23:59:00+08:00"
    kinds = Counter(hint.kind for post in posts for hint in post.place_hints)
    assert kinds["checkin"] == 1
    assert kinds["ip"] >= 12


def test_dates_without_a_clock_are_midnight_in_beijing() -> None:
    for post in posts_of(PEERS / "heyauri_bid.csv"):
        assert post.published_at.astimezone(BEIJING).strftime("%H:%M:%S") == "00:00:00"
        assert datetime(2015, 12, 31, tzinfo=UTC) <= post.published_at < datetime(2017, 1, 1, tzinfo=UTC)


def test_the_second_post_carries_its_original() -> None:
    first, second, original = posts_of(PEERS / "dataabc_readme_user.json")
    assert first.published_at.astimezone(BEIJING).date().isoformat() == "2019-12-28"
    assert second.repost_of == original.id == "weibo/4454028484570123"
    assert first.reposts == 1_000_000


def test_geo_is_latitude_first_and_one_writes_from_abroad() -> None:
    posts = posts_of(PEERS / "nghuyong_readme_tweets.jsonl")
    (geo,) = (hint for post in posts for hint in post.place_hints if hint.kind == "geo")
    assert geo.lat == pytest.approx(26.96, abs=0.01)
    assert geo.lon == pytest.approx(100.25, abs=0.01)
    assert [hint.text for hint in posts[0].place_hints] == ["德国"]
    assert posts[3].published_at.astimezone(BEIJING).isoformat() == "2022-10-27T18:47:50+08:00"
    assert len({post.id for post in posts}) == 3, "one post was crawled twice"


def test_notes_with_times_in_milliseconds() -> None:
    posts = posts_of(PEERS / "mediacrawler_xhs_search_contents.json")
    assert posts[0].published_at == datetime(2024, 9, 2, 12, 48, 14, tzinfo=UTC)
    assert {post.source for post in posts} == {"xhs"}
    assert not [post for post in posts if "xsec" in post.url]


def test_four_thousand_posts_are_all_read_once_they_have_a_time(tmp_path: Path) -> None:
    path = SHARED / "data" / "real_posts_sample.jsonl"
    if not path.exists():
        pytest.skip("../shared/data is not here")
    with pytest.raises(ImportProblem, match="找不到时间列"):
        posts_of(path)
    dated = tmp_path / "dated.jsonl"
    with path.open(encoding="utf-8") as lines, dated.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({**json.loads(line), "时间": "2026-11-20"}) + "\n" for line in lines)
    assert len({post.id for post in posts_of(dated)}) == 4_165
