"""Kill -9 at any moment, start again: nothing lost, nothing twice, at most one page fetched again."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from crawler.sample.forum import Forum, Served, serve, serve_forum
from crawler.sample.topics import Style
from tests.site import forks
from tests.site.crawl import command, crawl, environment, write_sources
from tests.site.traps import long_forum
from tests.support.coverages import rows

PAGES = 12 + 1  # thread pages of ten, and the list


def forum() -> Forum:
    return long_forum(115, style=Style())


def _kill_after(folder: Path, served: object, requests: int, moments: random.Random, *extra: str) -> None:
    """Starts a crawl and kills it -9 soon after the site has answered this many requests."""
    words = command(folder, "-o", str(folder / "all.jsonl"), *extra)
    process = forks.start(words, cwd=folder, env=environment())
    try:
        deadline = time.monotonic() + 600
        while len(served.forum.requests) < requests and process.is_alive():  # type: ignore[attr-defined]
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.03))
    finally:
        process.kill()
        process.join()


KILLS = 24
STORE = """
import os, sqlite3
from crawler.coverage.store import page_complete, posts_stored


class Store:
    # Counts each delivery, in a file of its own with its own commit: not in step with the coverage file.
    acknowledges_storage = True

    def __init__(self, crawler):
        self.crawler, self.posts = crawler, {}
        self.db = sqlite3.connect("store.sqlite", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS post (id TEXT PRIMARY KEY, text TEXT, times INTEGER)")
        crawler.signals.connect(self.flush, signal=page_complete)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_item(self, item):
        self.posts[item.post_id] = item
        return item

    def flush(self, ids):
        self.db.execute("BEGIN")
        for post in self.posts.values():
            self.db.execute(
                "INSERT INTO post VALUES (?,?,1) ON CONFLICT DO UPDATE SET times = times + 1, text = ?2",
                (post.post_id, post.text))
        self.db.execute("COMMIT")
        sent, self.posts = [post.id for post in self.posts.values()], {}
        self.crawler.signals.send_catch_log(posts_stored, ids=sent)
"""


def _stored(folder: Path) -> dict[str, tuple[str, int]]:
    with sqlite3.connect(folder / "store.sqlite") as database:
        rows = database.execute("SELECT id, text, times FROM post").fetchall()
    database.close()
    return {post_id: (text, times) for post_id, text, times in rows}


def test_runs_killed_at_random_moments_give_what_an_unkilled_one_gives(tmp_path: Path) -> None:
    """One collection, killed over and over wherever it happens to be, and one that nobody disturbed."""
    killed, calm = tmp_path / "killed", tmp_path / "calm"
    settings = {"boards": '["36", "37", "39"]', "delay": "0.05", "days": "90"}
    for folder in (killed, calm):
        folder.mkdir()
        (folder / "own_store.py").write_text(STORE, encoding="utf-8")
    store = ("-s", 'ITEM_PIPELINES={"own_store.Store": 1}')
    moments = random.Random(7)
    now = datetime.now(UTC)
    with serve_forum(now=now) as served:
        write_sources(killed, served.url, settings)
        kills = sum(_kill_soon(killed, store, served, moments) for _ in range(KILLS))
        asked = Counter(path for _, path in served.forum.requests if "viewthread" in path)
        rest = crawl(killed, served, *store, **settings)
        asked += Counter(path for path in rest.paths if "viewthread" in path)
        again = crawl(killed, served, *store, **settings)
    with serve_forum(now=now) as served:
        crawl(calm, served, *store, **settings)
        once = Counter(path for _, path in served.forum.requests if "viewthread" in path)
    got, wanted = _stored(killed), _stored(calm)
    assert kills >= 20
    assert {key: text for key, (text, _) in got.items()} == {key: text for key, (text, _) in wanted.items()}
    assert again.run.totals.posts_new == 0
    # Each kill costs at most the page that was on its way.
    assert sum((asked - once).values()) <= kills
    assert not once - asked


def _kill_soon(folder: Path, store: tuple[str, str], served: Served, moments: random.Random) -> bool:
    """Starts a crawl and kills it -9 a moment after it has begun to ask the site; whether it still ran."""
    before = len(served.forum.requests)
    process = forks.start(command(folder, *store), cwd=folder, env=environment())
    deadline = time.monotonic() + 600
    while len(served.forum.requests) == before and process.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.002)
    time.sleep(moments.uniform(0, 0.12))
    alive = process.is_alive()
    process.kill()
    process.join()
    return alive


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    settings = {"boards": '["36"]', "expect": "1", "delay": "0.02"}
    with serve(forum()) as served:
        write_sources(tmp_path, served.url, settings)
        _kill_after(tmp_path, served, moments.randint(1, PAGES), moments)
        before = [path for _, path in served.forum.requests if "robots" not in path]
        rest = crawl(tmp_path, served, **settings)
        after = [path for path in rest.paths if "robots" not in path]
        again = crawl(tmp_path, served, **settings)
    assert set(before) | set(after) == {
        "/forum.php?mod=forumdisplay&fid=36&page=1",
        *(f"/forum.php?mod=viewthread&tid=9&page={page}" for page in range(1, 13)),
    }
    assert len(set(before) & set(after)) <= 1
    assert again.run.totals.posts_new == 0  # everything is stored, and stored once
    assert _known(tmp_path) == ["t9", *sorted(f"p{5000 + n}" for n in range(1, 116))]


def test_another_machine_goes_on_where_one_was_killed(tmp_path: Path, postgres: str) -> None:
    settings, shared = {"boards": '["36"]', "delay": "0.02"}, ("-s", f"TINGZHEN_COVERAGE={postgres}")
    one, two = tmp_path / "one", tmp_path / "two"
    with serve(forum()) as served:
        for folder in (one, two):
            folder.mkdir()
            write_sources(folder, served.url, settings)
        _kill_after(one, served, 6, random.Random(3), *shared)
        before = [path for _, path in served.forum.requests if "robots" not in path]
        served.forum.requests.clear()
        for _ in range(2):
            done = forks.run(command(two, *shared), cwd=two, env=environment())
            assert done.returncode == 0, done.stderr
        after = Counter(path for _, path in served.forum.requests if "viewthread" in path)
    assert set(after.values()) == {1}
    assert len(set(before) & set(after)) <= 1
    assert len({path for path in before if "viewthread" in path} | set(after)) == PAGES - 1
    assert len(rows(postgres, "SELECT post_id FROM seen")) == 116
    assert not (two / "data" / "coverage.sqlite").exists()


def _known(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "data" / "coverage.sqlite") as database:
        ids = [row[0] for row in database.execute("SELECT post_id FROM seen")]
    database.close()
    return sorted(ids, key=lambda each: (each[0] != "t", each))


def test_a_killed_run_is_recorded_as_failed(tmp_path: Path) -> None:
    settings = {"boards": '["36"]', "expect": "1", "delay": "0.1"}
    with serve(forum()) as served:
        write_sources(tmp_path, served.url, settings)
        _kill_after(tmp_path, served, 5, random.Random(0))
        crawl(tmp_path, served, **settings)
    coverage = Coverage(tmp_path / "data" / "coverage.sqlite")
    runs = coverage.runs()
    coverage.close()
    assert [(run.outcome, run.reason) for run in runs] == [("ok", ""), ("failed", "运行中断，将从断点继续")]


LATE_STORE = '''
from crawler.coverage.store import page_complete, posts_stored


class SlowStore:
    """Stores a page when it is whole, and the last one never."""

    acknowledges_storage = True

    def __init__(self, crawler):
        self.crawler = crawler
        self.pages = 0
        crawler.signals.connect(self.flush, signal=page_complete)

    @classmethod
    def from_crawler(cls, crawler):
        return cls(crawler)

    def process_item(self, item):
        return item

    def flush(self, ids):
        self.pages += 1
        if self.pages <= 3:
            self.crawler.signals.send_catch_log(posts_stored, ids=ids)
'''


def test_cursors_wait_for_the_store(tmp_path: Path) -> None:
    """A pipeline that stores three pages and then loses the rest: the next run fetches just the rest."""
    (tmp_path / "late_store.py").write_text(LATE_STORE, encoding="utf-8")
    settings = {"boards": '["36"]', "expect": "1"}
    with serve(forum()) as served:
        first = crawl(tmp_path, served, "-s", 'ITEM_PIPELINES={"late_store.SlowStore": 1}', **settings)
        second = crawl(tmp_path, served, **settings)
    assert first.run.totals.posts_new == 30
    assert first.run.totals.failed == 9
    assert second.run.totals.posts_new == 86
    assert {path for path in second.paths if "viewthread" in path} == {
        f"/forum.php?mod=viewthread&tid=9&page={page}" for page in range(4, 13)
    }
