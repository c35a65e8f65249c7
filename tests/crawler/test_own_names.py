"""By every route the writer's own name, which stands beside the text, is not left in the text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.coverage.tasks import Task
from crawler.importers import Post, read
from crawler.sources.source import Source
from crawler.spiders.forum.pages import Floor, ThreadPage
from crawler.spiders.forum.posts import posts_of as floor_posts
from crawler.spiders.forum.targets import ThreadAt
from crawler.spiders.tieba import pages as tieba
from crawler.spiders.weibo_api.pages import CommentPage, read_comments
from crawler.spiders.weibo_status import posts_of, read_statuses

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NICK = "橙子味汽水"
TEXT = f"拔完智齿第三天#{NICK}的日常#"
TIME = "2026-11-20 08:15:00"
API_TIME = "Fri Nov 20 08:15:00 +0800 2026"
USER = {"id": 1234567890, "screen_name": NICK}


def of_file(folder: Path, record: dict[str, object]) -> Sequence[Post]:
    path = folder / "来件.jsonl"
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    return [each for each in read(path, now=NOW, secret=b"k") if isinstance(each, Post)]


def of_forum(_: Path) -> Sequence[Post]:
    floor = Floor(pid="7", floor=1, author=NICK, published_at=NOW, text=TEXT)
    task = Task(source="forum", key="t", group="2", kind="thread", at=ThreadAt(board="2", thread="9"))
    source = Source(name="forum", engine="discuz", url="https://forum.example/")
    page = ThreadPage(title=TEXT, fid="2", floors=(floor,))
    return floor_posts(
        source, task, page, now=NOW, secret=b"k", address=lambda *at: "https://forum.example/9"
    )[0]


def of_tieba(_: Path) -> Sequence[Post]:
    floor = tieba.BarFloor(post_id="8", floor=1, text=TEXT, published_at=NOW, author="tb.1.9", nick=NICK)
    page = tieba.BarThread(tid="9", title=TEXT, forum="成都吧", floors=(floor,))
    entry = tieba.BarEntry(tid="9", title=TEXT, abstract=TEXT, author="tb.1.9", nick=NICK, created_at=NOW)
    listed = tieba.list_posts(tieba.BarPage(forum="成都吧", entries=(entry,)), now=NOW, secret=b"k")
    return [*tieba.thread_posts(page, now=NOW, secret=b"k")[0], *listed]


def of_weibo(_: Path) -> Sequence[Post]:
    status = {"id": "5000000000000002", "created_at": API_TIME, "text": TEXT, "user": USER}
    repost = {**status, "id": "5000000000000003", "text": "转", "user": {"id": 2}, "retweeted_status": status}
    return posts_of(read_statuses([status, repost], now=NOW)[0], now=NOW, secret=b"k")[0]


def of_comments(_: Path) -> Sequence[Post]:
    comment = {"id": 5000000000000009, "created_at": API_TIME, "text": TEXT, "user": USER}
    page = read_comments(json.dumps({"comments": [comment]}), "5000000000000002", now=NOW, secret=b"k")
    assert isinstance(page, CommentPage)
    return page.posts


ROUTES: dict[str, Callable[[Path], Sequence[Post]]] = {
    "forum": of_forum,
    "tieba": of_tieba,
    "weibo": of_weibo,
    "comments": of_comments,
    "weibo-search": lambda folder: of_file(
        folder,
        {"id": "5000000000000002", "bid": "", "user_id": "1234567890", "用户昵称": NICK, "微博正文": TEXT,
         "发布时间": TIME},
    ),
    "weibospider": lambda folder: of_file(
        folder,
        {"_id": "5000000000000002", "mblogid": "", "content": TEXT, "created_at": TIME,
         "user": {"_id": "1234567890", "nick_name": NICK}},
    ),
    "mediacrawler": lambda folder: of_file(
        folder,
        {"note_id": "abc123", "title": TEXT, "desc": TEXT, "time": 1795132800000, "user_id": "u1",
         "nickname": NICK, "note_url": "https://www.xiaohongshu.com/explore/abc123"},
    ),
    "table": lambda folder: of_file(folder, {"内容": TEXT, "时间": TIME, "作者": NICK}),
}  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
def test_the_writers_own_name_is_not_in_the_text(route: str, tmp_path: Path) -> None:
    posts = ROUTES[route](tmp_path)
    said = [text for post in posts for text in (post.title, post.text)]
    assert any("#@某人的日常#" in text for text in said)
    assert not any(NICK in text for text in said)
