"""The coverage file: cursors that wait, outcomes that differ, gaps that are admitted."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crawler.coverage.days import missing_days
from crawler.coverage.ledger import ATTEMPTS, Ledger
from crawler.coverage.page_result import PageResult
from crawler.coverage.runs import History, Totals, judge
from crawler.coverage.store import Coverage, CoverageError
from crawler.coverage.tasks import Task
from crawler.items import Post
from crawler.sources.source import Source
from crawler.spiders.forum.targets import BoardAt
from tests.support.coverages import rows

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SOURCE = Source(name="bbs", engine="discuz", url="https://bbs.example.org/")


def task(key: str = "list:36:1") -> Task:
    return Task(source="bbs", key=key, group="board:36", kind="list", at=BoardAt(board="36"))


def post(post_id: str, text: str = "牙疼") -> Post:
    return Post(source="bbs", post_id=post_id, text=text, published_at=NOW, fetched_at=NOW)


@pytest.fixture
def ledger(coverage: Coverage) -> Ledger:
    made = Ledger(coverage, clock=lambda: NOW, report=lambda event, values: None)
    made.open(SOURCE)
    return made


def test_a_cursor_moves_only_when_every_post_is_stored(coverage: Coverage, ledger: Ledger) -> None:
    page = task()
    coverage.add_task(page)
    ledger.page(page, PageResult(posts=(post("1"), post("2")), cursor=("thread:1", "far"), mark="new"))
    ledger.stored(["bbs/1"])
    assert coverage.cursor("bbs", "thread:1") == ""
    assert coverage.tasks("bbs") == (page,)
    ledger.stored(["bbs/2"])
    assert coverage.cursor("bbs", "thread:1") == "far"
    assert coverage.cursor("bbs", "board:36") == "new"
    assert coverage.tasks("bbs") == ()


def test_a_group_cursor_waits_for_the_last_page(coverage: Coverage, ledger: Ledger) -> None:
    first, second = task(), task("thread:1:1")
    coverage.add_task(first)
    assert ledger.page(first, PageResult(tasks=(second,), mark="new", listed=1)) == (second,)
    assert coverage.cursor("bbs", "board:36") == ""
    ledger.page(second, PageResult())
    assert coverage.cursor("bbs", "board:36") == "new"


def test_a_page_is_queued_once(coverage: Coverage) -> None:
    assert coverage.add_task(task())
    assert not coverage.add_task(task())


def test_posts_nobody_acknowledged_are_fetched_again(coverage: Coverage, ledger: Ledger) -> None:
    page = task()
    coverage.add_task(page)
    ledger.page(page, PageResult(posts=(post("1"),)))
    ledger.close()
    assert coverage.tasks("bbs") == (page,)
    assert coverage.runs()[0].totals.failed == 1
    assert [gap.reason for gap in coverage.gaps(NOW)] == ["1 条帖子没有存成", "还有 1 页待抓，下次继续"]


def test_one_post_on_two_pages_settles_both(coverage: Coverage, ledger: Ledger) -> None:
    pages = task("thread:1:1"), task("thread:1:2")
    for page in pages:
        coverage.add_task(page)
        ledger.page(page, PageResult(posts=(post("1"),)))
    ledger.stored(["bbs/1"])
    assert coverage.tasks("bbs") == ()


def test_new_known_and_changed_are_told_apart(coverage: Coverage, ledger: Ledger) -> None:
    for text in ("牙疼", "牙疼", "牙不疼了"):
        page = task()
        coverage.add_task(page)
        ledger.page(page, PageResult(posts=(post("1", text),)))
        ledger.stored(["bbs/1"])
    ledger.close()
    totals = coverage.runs()[0].totals
    assert (totals.posts_new, totals.posts_known, totals.posts_changed) == (1, 1, 1)


def test_a_failing_page_is_given_up_after_some_runs(coverage: Coverage, ledger: Ledger) -> None:
    coverage.add_task(task())
    for _ in range(ATTEMPTS - 1):
        ledger.failed(task(), "HTTP 500")
        assert coverage.tasks("bbs")
    ledger.failed(task(), "HTTP 500")
    assert not coverage.tasks("bbs")


LISTED = Totals(listed=5, posts_new=3)


@pytest.mark.parametrize(
    ("totals", "history", "outcome"),
    [
        (LISTED, History(), "ok"),
        (Totals(listed=5), History(), "ok"),  # nothing new, and the list says so
        (Totals(), History(), "empty"),
        (Totals(), History(listed_before=True), "silent"),
        (Totals(listed=2), History(expect=5), "silent"),
        (Totals(posts_known=9), History(listing=False, expect=5), "ok"),  # only finished a killed run
        (Totals(listed=5, truncated=1), History(), "truncated"),
        (Totals(refused=1), History(), "refused"),
        (Totals(refused=1, listed=5), History(), "ok"),  # one board of many; its gap is listed
        (Totals(refused=1), History(empty=1), "empty"),  # one refused, one read and empty
        (Totals(refused=1), History(empty=1, listed_before=True), "silent"),
        (Totals(listed=5, posts_new=3, blocked=1), History(), "blocked"),
        (Totals(failed=1), History(), "failed"),
        (Totals(listed=5, posts_new=3, failed=1), History(), "failed"),
    ],
)
def test_outcomes(totals: Totals, history: History, outcome: str) -> None:
    assert judge(totals, history)[0] == outcome


def test_a_day_without_posts_between_busy_days() -> None:
    first = date(2026, 11, 1)
    counts = {first + timedelta(days=n): 9 for n in range(15) if n != 7}
    assert missing_days(counts, today=date(2026, 11, 16)) == (date(2026, 11, 8),)
    assert missing_days({first: 9, date(2026, 11, 9): 1}, today=date(2026, 11, 16)) == ()
    assert missing_days({}, today=first) == ()


def test_a_day_without_posts_is_listed_as_a_gap(coverage: Coverage) -> None:
    for days in range(1, 10):
        if days == 5:
            continue
        at = NOW - timedelta(days=days)
        posts = {f"{days}-{n}": replace(post(f"{days}-{n}"), published_at=at) for n in range(4)}
        coverage.remember({key: (each, b"x") for key, each in posts.items()}, source="bbs")
    assert [(gap.kind, gap.scope) for gap in coverage.gaps(NOW)] == [("missing_day", "2026-11-17")]


def test_a_post_seen_again_does_not_count_for_its_day_again(coverage: Coverage) -> None:
    coverage.remember({"1": (post("1"), b"x")}, source="bbs")
    coverage.remember({"1": (post("1"), b"y"), "2": (post("2"), b"z")}, source="bbs", known={"1"})
    assert rows(coverage.place, "SELECT source, day, posts FROM day") == [("bbs", "2026-11-22", 2)]
    assert coverage.digests("bbs", ["1", "2", "3"]) == {"1": b"y", "2": b"z"}


def test_a_newer_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(CoverageError, match="版本 99"):
        Coverage(path)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(CoverageError, match=r"c\.sqlite"):
        Coverage(path)


def test_a_reader_may_look_while_a_run_writes(coverage: Coverage) -> None:
    coverage.start_run("bbs", {"boards": ["36"]}, NOW)
    reader = Coverage(coverage.place)
    assert reader.runs()[0].outcome == "running"
    assert reader.runs()[0].asked == {"boards": ["36"]}
    reader.close()


def test_a_rule_that_says_when_it_opens_again_is_waited_for_and_no_longer(coverage: Coverage) -> None:
    made = coverage.pause("api.example.org", "次数到了上限", NOW, at_least=timedelta(minutes=7), exact=True)
    assert (made.until, made.strikes) == (NOW + timedelta(minutes=7), 0)
    assert coverage.pause("api.example.org", "要验证", NOW).until == NOW + timedelta(hours=1)
