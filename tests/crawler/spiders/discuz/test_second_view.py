"""A board's feed beside its list: what the list hid is read, and how much it hid is estimated."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope
from crawler.coverage.views import BoardCoverage
from crawler.sample.forum import Served, SitePage, serve
from crawler.sample.topics import Topic, TopicPost, load_topics
from tests.site.crawl import Crawled, crawl
from tests.site.traps import TrapForum

THREADS = 24


class HidingForum(TrapForum):
    """Its lists leave out every fourth thread; its feed shows all."""

    def answer(self, target: str) -> SitePage:
        page = super().answer(target)
        if "forumdisplay" not in target:
            return page
        hidden = rb'<tbody id="normalthread_%s">.*?</tbody>'
        body = page.body
        for tid in range(0, THREADS, 4):
            body = re.sub(hidden % str(7000 + tid).encode(), b"", body, flags=re.DOTALL)
        return replace(page, body=body)


def hiding() -> HidingForum:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=THREADS)
    topics = tuple(
        Topic(
            tid=7000 + n,
            board="36",
            home="36",
            title=f"第 {n} 个人牙疼",
            posts=(TopicPost(pid=90 + n, author=f"网友{n}", at=start + timedelta(days=n), text="疼了一天"),),
        )
        for n in range(THREADS)
    )
    forum = HidingForum(boards={"36": "健康求助"}, topics=topics)
    forum.rules = {}
    return forum


def crawled(folder: Path, served: Served) -> Crawled:
    return crawl(folder, served, boards='[{ id = "36", name = "健康求助" }]', days="3650")


def a_day_later(folder: Path) -> None:
    with closing(Coverage(folder / "data" / "coverage.sqlite")) as coverage:
        yesterday = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
        coverage.set_cursor("sample-forum", Scope("view:36"), yesterday)


def board(folder: Path) -> BoardCoverage:
    with closing(Coverage(folder / "data" / "coverage.sqlite")) as coverage:
        (found,) = coverage.views.boards("sample-forum")
    return found


def test_the_feed_is_asked_once_a_day_and_tells_what_the_list_hides(tmp_path: Path) -> None:
    with serve(hiding()) as served:
        first = crawled(tmp_path, served)
        again = crawled(tmp_path, served)
        a_day_later(tmp_path)
        second = crawled(tmp_path, served)
    assert not [path for path in (*first.paths, *again.paths) if "rss" in path]
    assert [path for path in second.paths if "rss" in path][-1] == "/forum.php?mod=rss&fid=36"
    assert second.run.outcome == "ok"
    assert "t7004" not in first.ids
    assert "t7004" in second.ids  # in the feed, and now read
    found = board(tmp_path).threads
    assert found is not None
    assert found.low <= 1.0
    # The feed shows the 20 newest, of which every fourth was hidden: three quarters are seen by the list.
    assert found.held == 18 + 5
    assert 0.9 < found.share <= 1.0


def test_the_sites_own_totals_stand_beside_ours(tmp_path: Path) -> None:
    with serve(hiding()) as served:
        crawled(tmp_path, served)
    found = board(tmp_path)
    assert (found.listed, found.said_posts, found.read_posts) == (18, 18, 18)


def test_a_feed_that_is_refused_costs_nothing_and_is_asked_another_day(tmp_path: Path) -> None:
    forum = hiding()
    with serve(forum) as served:
        crawled(tmp_path, served)
        a_day_later(tmp_path)
        forum.rules = {"/forum.php?mod=rss": SitePage(status=404, body=b"<html>no feeds</html>")}
        refused = crawled(tmp_path, served)
        after = crawled(tmp_path, served)
    assert refused.run.outcome == "ok"
    assert refused.run.totals.refused == refused.run.totals.failed == 0
    assert [gap for gap in refused.gaps if gap.kind in ("refused", "failed", "unfinished")] == []
    assert not [path for path in after.paths if "rss" in path]


def test_the_first_lists_of_a_forum_have_no_second_view_yet(tmp_path: Path) -> None:
    boards, topics = load_topics(datetime.now(UTC))
    forum = TrapForum(boards=boards, topics=topics)
    forum.rules = {}
    with serve(forum) as served:
        crawl(tmp_path, served, boards='["36"]')
    with closing(Coverage(tmp_path / "data" / "coverage.sqlite")) as coverage:
        (found,) = coverage.views.boards("sample-forum")
    assert found.threads is None
    assert found.listed > 10
