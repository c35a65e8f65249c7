"""Open pages come back from the coverage file as they were, those of the version before included."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Target, Task
from crawler.spiders.feed.plan import FeedAt
from crawler.spiders.feed.spider import FeedSpider
from crawler.spiders.forum.targets import TARGETS, BoardAt, ThreadAt
from crawler.spiders.health_qa.spider import HealthQaSpider
from crawler.spiders.post_page import PostAt
from crawler.spiders.rendered.plan import CardsAt
from crawler.spiders.rendered.spider import RenderedSpider
from crawler.spiders.weibo.plan import LongTextAt, WordsAt
from crawler.spiders.weibo.spider import WeiboSpider
from crawler.spiders.weibo_api.plan import BelowAt, StatusAt
from crawler.spiders.weibo_api.spider import WeiboApiSpider
from crawler.spiders.weibo_api.windows import Window

FORUM, FEED, HEALTH = TARGETS, FeedSpider.targets, HealthQaSpider.targets
RENDERED, WEIBO, API = RenderedSpider.targets, WeiboSpider.targets, WeiboApiSpider.targets
# What each row means now; the rows were written by the code of before November 2026.
ROWS: list[tuple[Mapping[str, type[Target]], str, str, int, Target]] = [
    (
        FORUM,
        '{"source": "bbs", "key": "list:36:1", "group": "board:36", "kind": "list", "board": "36", '
        '"route": "archiver"}',
        "list",
        1,
        BoardAt(board="36", route="archiver"),
    ),
    (
        FORUM,
        '{"source": "bbs", "key": "thread:9:3", "group": "board:36", "kind": "thread", "board": "36", '
        '"thread": "9", "page": 3, "route": "desktop", "title": "牙疼", "replies": 0, '
        '"last": "2026-11-22T00:00:00+00:00", "back": true}',
        "thread",
        3,
        ThreadAt(
            board="36",
            thread="9",
            route="desktop",
            title="牙疼",
            replies=0,
            last="2026-11-22T00:00:00+00:00",
            back=True,
        ),
    ),
    (
        HEALTH,
        '{"source": "bbs", "key": "question:7", "group": "board:kqk", "kind": "question", "board": "kqk", '
        '"thread": "7", "title": "智齿"}',
        "question",
        1,
        ThreadAt(board="kqk", thread="7", title="智齿"),
    ),
    (
        FEED,
        '{"source": "bbs", "key": "feed:feed.xml", "group": "feed:feed.xml", "kind": "feed", '
        '"board": "feed.xml"}',
        "feed",
        1,
        FeedAt(path="feed.xml"),
    ),
    (
        FEED,
        '{"source": "bbs", "key": "own:bbs/f1", "group": "recheck", "kind": "own", '
        '"board": "https://bbs.example.org/t/1"}',
        "own",
        1,
        PostAt(url="https://bbs.example.org/t/1"),
    ),
    (
        RENDERED,
        '{"source": "bbs", "key": "page:latest?page={page}:2:browser", "group": "page:latest?page={page}", '
        '"kind": "list", "board": "latest?page={page}", "page": 2, "route": "browser"}',
        "list",
        2,
        CardsAt(path="latest?page={page}", route="browser"),
    ),
    (
        WEIBO,
        '{"source": "bbs", "key": "word:牙疼:2", "group": "word:牙疼", "kind": "list", "page": 2, '
        '"title": "牙疼"}',
        "list",
        2,
        WordsAt(words="牙疼"),
    ),
    (
        WEIBO,
        '{"source": "bbs", "key": "extend:5001", "group": "word:牙疼", "kind": "extend", "thread": "5001", '
        '"title": "{\\"post_id\\": \\"5001\\"}"}',
        "extend",
        1,
        LongTextAt(mid="5001", post='{"post_id": "5001"}'),
    ),
    (
        API,
        '{"source": "bbs", "key": "search:牙疼:51-1:1795233600-1795320000:1", "group": "search:牙疼:51-1", '
        '"kind": "search", "board": "51-1", "route": "1795233600-1795320000", "title": "牙疼"}',
        "search",
        1,
        Window(words="牙疼", place="51-1", start=1795233600, end=1795320000),
    ),
    (
        API,
        '{"source": "bbs", "key": "nearby::店:1795233600-1795320000:1", "group": "nearby::店", '
        '"kind": "nearby", "board": "店", "route": "1795233600-1795320000"}',
        "nearby",
        1,
        Window(place="店", start=1795233600, end=1795320000),
    ),
    (
        API,
        '{"source": "bbs", "key": "comments:77:1", "group": "comments:77", "kind": "comments", '
        '"thread": "77"}',
        "comments",
        1,
        BelowAt(mid="77"),
    ),
    (
        API,
        '{"source": "bbs", "key": "comment:c81", "group": "recheck", "kind": "comment", "board": "c81", '
        '"thread": "77"}',
        "comment",
        1,
        BelowAt(mid="77", comment="c81"),
    ),
    (
        API,
        '{"source": "bbs", "key": "show:5002", "group": "recheck", "kind": "show", "thread": "5002"}',
        "show",
        1,
        StatusAt(mid="5002"),
    ),
]


def stored(file: Path, targets: Mapping[str, type[Target]], row: str) -> tuple[Task, ...]:
    """`row` as the version before would have left it in the file, read by this one."""
    Coverage(file).close()
    with sqlite3.connect(file) as database:
        database.execute("INSERT INTO task (source, key, grp, value) VALUES ('bbs', 'k', 'g', ?)", (row,))
        database.execute("INSERT INTO visit VALUES ('bbs', 'p', ?, '2026-11-22T00:00:00+00:00')", (row,))
        database.execute("INSERT INTO kept VALUES ('bbs', 'bbs/1', 'p', '2026-11-22T00:00:00+00:00')")
    database.close()
    coverage = Coverage(file, targets=targets)
    due = coverage.rechecks.due("bbs", datetime(2026, 12, 1, tzinfo=UTC))
    found = coverage.tasks("bbs")
    assert tuple(each.task for each in due) == found
    coverage.close()
    return found


@pytest.mark.parametrize(("targets", "row", "kind", "page", "at"), ROWS)
def test_rows_of_the_version_before_mean_what_they_meant(
    tmp_path: Path, targets: Mapping[str, type[Target]], row: str, kind: str, page: int, at: Target
) -> None:
    values = json.loads(row)
    assert stored(tmp_path / "c.sqlite", targets, row) == (
        Task(source="bbs", key=values["key"], group=values["group"], kind=kind, page=page, at=at),
    )


@pytest.mark.parametrize(("targets", "row", "kind", "page", "at"), ROWS)
def test_a_task_survives_the_file(
    tmp_path: Path, targets: Mapping[str, type[Target]], row: str, kind: str, page: int, at: Target
) -> None:
    task = Task(source="bbs", key="k", group="g", kind=kind, page=page, at=at)
    coverage = Coverage(tmp_path / "c.sqlite", targets=targets)
    coverage.add_task(task)
    coverage.add_task(replace(task, key="l", page=4))
    coverage.close()
    coverage = Coverage(tmp_path / "c.sqlite", targets=targets)
    assert coverage.tasks("bbs") == (task, replace(task, key="l", page=4))
    coverage.close()


def test_a_page_of_the_engine_that_a_source_had_before_is_given_up(tmp_path: Path) -> None:
    row = '{"source": "bbs", "key": "k", "group": "g", "kind": "feed", "board": "feed.xml"}'
    assert stored(tmp_path / "c.sqlite", TARGETS, row) == ()
    coverage = Coverage(tmp_path / "c.sqlite")
    assert coverage.gaps(datetime(2026, 12, 1, tzinfo=UTC)) == ()
    coverage.close()


def test_a_task_of_another_shape_is_told_apart() -> None:
    with pytest.raises(TypeError, match="list k is no ThreadAt"):
        ThreadAt.of(Task(source="bbs", key="k", group="g", kind="list", at=BoardAt(board="36")))
