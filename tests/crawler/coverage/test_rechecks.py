"""Gone at the source, gone here: stored posts are looked for again, and edits and deletions follow."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.coverage.ledger import SUSPICIOUS, Ledger
from crawler.coverage.page_result import PageResult
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Task
from crawler.items import Post
from crawler.sample.forum import Forum, Served, serve, serve_forum
from crawler.sample.topics import Style
from crawler.sources.source import Source
from crawler.spiders.forum.targets import ThreadAt
from tests.site import store
from tests.site.crawl import Crawled, crawl
from tests.site.store import kept
from tests.site.traps import delete, html, long_forum, trap_forum

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SOURCE = Source(name="bbs", engine="discuz", url="https://bbs.example.org/")


def run(folder: Path, served: Served, *extra: str, **changes: str) -> Crawled:
    return crawl(folder, served, *store.keeping(folder), *extra, **changes)


def recheck(folder: Path, served: Served, *extra: str, **changes: str) -> Crawled:
    return run(folder, served, *store.RECHECK, *extra, **changes)


def edit(forum: Forum, tid: int, pid: int, text: str) -> None:
    topic = forum.topics[tid]
    posts = tuple(replace(post, text=text) if post.pid == pid else post for post in topic.posts)
    forum.topics[tid] = replace(topic, posts=posts)


BOARD = {"boards": '["36"]', "expect": "1"}


@pytest.mark.parametrize("route", ["desktop", "archiver"])
def test_what_is_gone_at_the_source_is_gone_here(tmp_path: Path, route: str) -> None:
    with serve_forum() as served:
        run(tmp_path, served, route=f'"{route}"')
        before = kept(tmp_path)
        gone_thread = [f"t{tid}" for tid in (1101,)]
        del served.forum.topics[1101]
        delete(served.forum, 1102, 110203)
        edit(served.forum, 1102, 110201, "改过了：其实已经好了")
        checked = recheck(tmp_path, served, route=f'"{route}"')
        again = recheck(tmp_path, served, route=f'"{route}"')
    after = kept(tmp_path)
    missing = set(before) - set(after)
    assert set(gone_thread) <= missing
    assert len(missing) == 4 + 1  # the thread's four posts, and one floor
    assert set(after) <= set(before)
    assert after["t1102"] == "改过了：其实已经好了"
    assert (checked.run.outcome, checked.run.totals.posts_gone) == ("ok", 5)
    assert checked.run.totals.posts_changed == 1
    assert again.run.totals.posts_gone == 0  # told once
    assert not [path for path in checked.paths if "forumdisplay" in path or "fid-" in path]


def test_a_floor_that_moved_to_an_earlier_page_is_not_gone(tmp_path: Path) -> None:
    with serve(long_forum(25, style=Style())) as served:
        run(tmp_path, served, **BOARD)
        delete(served.forum, 9, 5003)  # floors 11 and 21 move one page forward
        checked = recheck(tmp_path, served, **BOARD)
    assert sorted(kept(tmp_path)) == sorted(["t9", *(f"p{5000 + n}" for n in range(1, 26) if n != 3)])
    assert checked.run.totals.posts_gone == 1


def test_what_nobody_keeps_is_not_visited(tmp_path: Path) -> None:
    with serve(long_forum(25, style=Style())) as served:
        for pid in range(5010, 5020):
            edit(served.forum, 9, pid, "别留")
        run(tmp_path, served, **BOARD)
        checked = recheck(tmp_path, served, **BOARD)
    assert sorted(path[-6:] for path in checked.paths[1:]) == ["page=1", "page=3"]


def test_nothing_is_due_before_its_time(tmp_path: Path) -> None:
    with serve(long_forum(3, style=Style())) as served:
        run(tmp_path, served, **BOARD)
        checked = run(tmp_path, served, "-a", "recheck=1", **BOARD)
    assert checked.paths == ()
    assert (checked.run.outcome, checked.run.reason) == ("ok", "没有到期要复查的帖子")


def test_posts_too_old_to_be_kept_are_not_visited(tmp_path: Path) -> None:
    with serve(long_forum(3, style=Style())) as served:
        run(tmp_path, served, **BOARD)
        checked = recheck(tmp_path, served, "-s", "TINGZHEN_KEEP_DAYS=1", **BOARD)
    assert checked.paths == ()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (html("", status=500), "failed"),
        (html("<h1>全新改版</h1>" + "<p>欢迎</p>" * 2000), "failed"),
        (html("", status=403), "blocked"),
        (html("抱歉，您尚未登录，没有权限访问该版块"), "failed"),
        (html('<div id="messagetext" class="alert_info"><p>抱歉，您尚未登录，没有权限</p></div>'), "refused"),
    ],
    ids=["500", "new layout", "403", "unknown", "login"],
)
def test_a_page_that_cannot_be_read_deletes_nothing(tmp_path: Path, answer: object, outcome: str) -> None:
    forum = trap_forum({})
    with serve(forum) as served:
        run(tmp_path, served, **BOARD)
        before = kept(tmp_path)
        forum.rules = {"/forum.php?mod=viewthread": answer}  # type: ignore[dict-item]  # an Answer
        checked = recheck(tmp_path, served, **BOARD)
    assert kept(tmp_path) == before
    assert checked.run.outcome == outcome


def test_a_site_of_which_everything_is_gone_has_moved(tmp_path: Path) -> None:
    with serve_forum() as served:
        run(tmp_path, served)
        before = kept(tmp_path)
        served.forum.topics.clear()
        checked = recheck(tmp_path, served)
    assert kept(tmp_path) == before
    assert checked.run.outcome == "failed"
    assert "一条也没有删" in checked.run.reason


def test_a_store_that_cannot_delete_is_asked_again(tmp_path: Path) -> None:
    with serve(long_forum(3, style=Style())) as served:
        run(tmp_path, served, **BOARD)
        delete(served.forum, 9, 5003)
        (tmp_path / "store.json").chmod(0o644)
        broken = store.STORE.replace(
            "for each in ids:", "raise OSError('disk full')\n        for each in ids:"
        )
        (tmp_path / "own_store.py").write_text(broken, encoding="utf-8")
        options = ("-s", 'ITEM_PIPELINES={"own_store.Store": 1}', "-a", "recheck=1")
        crawl(tmp_path, served, *options, "-s", "TINGZHEN_RECHECK_HOURS=0", **BOARD)
        assert "p5003" in kept(tmp_path)
        recheck(tmp_path, served, **BOARD)
    assert "p5003" not in kept(tmp_path)


def test_a_recheck_does_not_hide_what_the_crawl_missed(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawled = run(tmp_path, served)
        checked = recheck(tmp_path, served)
    refused = [gap.scope for gap in crawled.gaps if gap.kind == "refused"]
    assert refused
    assert [gap.scope for gap in checked.gaps if gap.kind == "refused"] == refused


# ── the book-keeping ──────────────────────────────────────────────────────────────────────────────────────


def visit(source: Source, task: Task, post: Post) -> Task:
    return replace(task, key=f"visit:{task.at.single()}:{task.page}", group="recheck")


def test_the_longest_waiting_page_comes_first(coverage: Coverage) -> None:
    clock = iter(NOW + timedelta(minutes=n) for n in range(100))
    ledger = Ledger(coverage, clock=lambda: next(clock), report=lambda event, values: None, visit=visit)
    ledger.open(SOURCE)
    for n in (3, 1, 2):
        task = Task(
            source="bbs", key=f"thread:{n}:1", group="board:1", kind="thread", at=ThreadAt(thread=str(n))
        )
        post = Post(source="bbs", post_id=f"t{n}", text="牙疼", published_at=NOW, fetched_at=NOW)
        ledger.page(task, PageResult(posts=(post,)))
        ledger.stored([post.id])
    later = NOW + timedelta(days=1)
    due = ledger.due(SOURCE, checked_before=later, published_after=NOW - timedelta(days=9))
    assert [task.at.single() for task in due] == ["3", "1", "2"]
    assert ledger.due(SOURCE, checked_before=later, published_after=later) == ()
    assert coverage.rechecks.kept("bbs") == 0
    assert coverage.runs()[0].lists == {}


def test_the_alarm_needs_many_pages() -> None:
    assert SUSPICIOUS >= 5


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    coverage = Coverage(tmp_path / "c.sqlite")
    coverage.set_cursor("bbs", "board:1", "far")
    coverage.start_run("bbs", {}, NOW)
    coverage.close()
    with sqlite3.connect(tmp_path / "c.sqlite") as database:
        database.execute("DROP TABLE visit")
        database.execute("DROP TABLE kept")
        database.execute("ALTER TABLE run DROP COLUMN lists")
        database.execute("ALTER TABLE run DROP COLUMN strange")
        for table in ("sighting", "board_size", "floors", "reread"):
            database.execute(f"DROP TABLE {table}")
        database.execute("PRAGMA user_version = 1")
    database.close()
    coverage = Coverage(tmp_path / "c.sqlite")
    assert coverage.cursor("bbs", "board:1") == "far"
    assert coverage.rechecks.kept("bbs") == 0
    coverage.close()
