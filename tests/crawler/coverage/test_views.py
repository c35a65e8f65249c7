"""What boards showed, from each side: counted, forgotten after a month, gone with an erased thread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.coverage.estimate import Recaught
from crawler.coverage.ledger import Ledger
from crawler.coverage.page_result import PageResult
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Task
from crawler.coverage.views import KEEP, BoardShown, Sighting, ThreadShown
from crawler.items import Post
from crawler.sources.source import Source
from crawler.spiders.forum.targets import ThreadAt
from tests.support.coverages import rows

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SOURCE = Source(name="bbs", engine="discuz", url="https://bbs.example.org/")


def listed(*threads: Sighting, said: int | None = None) -> BoardShown:
    return BoardShown(board="36", view="list", threads=threads, said=said)


def fed(*threads: Sighting) -> BoardShown:
    return BoardShown(board="36", view="feed", threads=threads)


def test_what_the_feed_showed_is_grouped_by_the_day_threads_began(coverage: Coverage) -> None:
    coverage.views.showed("bbs", listed(Sighting(thread="1"), Sighting(thread="2"), said=57), None, NOW)
    begun = {"1": NOW, "3": NOW, "2": NOW - timedelta(days=2)}
    shown = (Sighting(thread=thread, begun=at) for thread, at in begun.items())
    coverage.views.showed("bbs", fed(*shown), None, NOW)
    (board,) = coverage.views.boards("bbs")
    assert board.said_threads == 57
    assert sorted(board.fed, key=lambda day: day.shown) == [
        Recaught(shown=1, known=1),
        Recaught(shown=2, known=1),
    ]


def test_own_totals_are_of_threads_of_which_every_page_was_read(coverage: Coverage) -> None:
    threads = (Sighting(thread="1", posts=14), Sighting(thread="2", posts=30), Sighting(thread="3", posts=4))
    coverage.views.showed("bbs", listed(*threads), None, NOW)
    for thread, page, floors, last in (("1", 1, 10, False), ("1", 2, 3, True), ("2", 3, 10, True)):
        shown = ThreadShown(thread=thread, page=page, floors=floors, last=last)
        coverage.views.showed("bbs", None, shown, NOW)
    (board,) = coverage.views.boards("bbs")
    assert (board.said_posts, board.read_posts) == (14, 13)


def test_what_was_seen_a_month_ago_counts_no_more(coverage: Coverage) -> None:
    coverage.views.showed("bbs", listed(Sighting(thread="1")), None, NOW - KEEP - timedelta(days=1))
    coverage.views.prune("bbs", NOW)
    assert coverage.views.boards("bbs") == ()


def test_nothing_of_an_erased_thread_stays(coverage: Coverage) -> None:
    coverage.views.showed("bbs", listed(Sighting(thread="71")), None, NOW)
    coverage.views.showed("bbs", None, ThreadShown(thread="71", page=1, floors=3, last=True), NOW)
    coverage.views.again("bbs", "71", 1, Recaught(shown=3, known=3), NOW)
    coverage.erase(["bbs/t71"], [])
    for count in ("count(*) FROM sighting", "count(*) FROM floors", "count(*) FROM reread"):
        assert rows(coverage.place, f"SELECT {count}") == [(0,)]


def test_a_page_read_again_tells_which_posts_were_missed_before(coverage: Coverage) -> None:
    """Posts written since are new, and not missed."""
    page = Task(
        source="bbs", key="visit:71:1", group="board:36", kind="thread", at=ThreadAt(board="36", thread="71")
    )
    old = [
        Post(source="bbs", post_id=f"p{n}", text="疼", published_at=NOW - timedelta(days=3), fetched_at=NOW)
        for n in range(12)
    ]
    first = Ledger(coverage, clock=lambda: NOW, report=lambda event, values: None, visit=lambda *_: page)
    first.open(SOURCE)
    coverage.add_task(page)
    first.page(page, PageResult(posts=tuple(old[:9])))
    first.stored([post.id for post in old[:9]])
    first.close()

    later = NOW + timedelta(days=1)
    again = Ledger(coverage, clock=lambda: later, report=lambda event, values: None)
    again.open(SOURCE, recheck=True)
    (task,) = again.due(SOURCE, checked_before=later, published_after=NOW - timedelta(days=90))
    fresh = replace(old[0], post_id="p99", published_at=later)
    again.rechecked(task, PageResult(posts=(*old, fresh)))
    found = coverage.views.posts("bbs", coverage.held("bbs"))
    assert found is not None
    assert found.share == pytest.approx(9 / 12)
    assert found.low < 0.75 < found.high
