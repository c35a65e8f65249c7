"""Tieba's held HTML: list in a comment, adverts, floors, sub-replies; and crawls with consent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.items import PlaceHint, Post
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sample.forum import SitePage
from crawler.spiders.tieba.pages import BarPage, BarThread, list_posts, read_list, read_thread, thread_posts
from tests.site.crawl import Crawled
from tests.site.replica import Asked, Replica, crawl_table, serve_replica, table
from tests.support.paths import PAGES

HERE = PAGES / "tieba"
NOW = datetime(2024, 8, 8, 4, 0, tzinfo=UTC)
SECRET = b"a secret of this test only"


def saved(name: str) -> str:
    return decode((HERE / name).read_bytes(), "")


def listed() -> BarPage:
    page = read_list(saved("list.html"), now=NOW)
    assert isinstance(page, BarPage)
    return page


def thread(name: str = "thread.html") -> BarThread:
    page = read_thread(saved(name), now=NOW)
    assert isinstance(page, BarThread)
    return page


def posts(name: str = "thread.html") -> tuple[Post, ...]:
    return thread_posts(thread(name), now=NOW, secret=SECRET)[0]


# ── a board's list ────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_inside_the_comment_without_its_advert() -> None:
    assert listed().forum == "成都吧"
    assert [(entry.tid, entry.replies, entry.top) for entry in listed().entries] == [
        ("8800000001", 3, True),
        ("8800000002", 18, False),
        ("8800000003", 0, False),
    ]


@pytest.mark.parametrize(
    ("line", "created", "last"),
    [
        (0, datetime(2020, 4, 30, 16, 0, tzinfo=UTC), datetime(2024, 8, 8, 3, 24, tzinfo=UTC)),  # a month
        (1, datetime(2024, 7, 5, 16, 0, tzinfo=UTC), datetime(2024, 8, 8, 3, 20, tzinfo=UTC)),  # 7-6
        (2, datetime(2024, 8, 7, 18, 38, tzinfo=UTC), datetime(2024, 8, 6, 16, 0, tzinfo=UTC)),  # a clock
    ],
)
def test_times_of_a_list(line: int, created: datetime, last: datetime) -> None:
    entry = listed().entries[line]
    assert (entry.created_at, entry.last_at) == (created, last)


def test_a_list_a_browser_saved_is_read_too() -> None:
    opened = saved("list.html").replace("<!--\n", "").replace("\n-->", "").replace("code", "div")
    page = read_list(opened, now=NOW)
    assert isinstance(page, BarPage)
    assert page.entries == listed().entries


# ── a thread ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_opening_post_goes_by_its_thread() -> None:
    post = posts()[0]
    assert post == Post(
        source="tieba",
        post_id="8800000002",
        url="https://tieba.baidu.com/p/8800000002",
        title="牙疼求推荐诊所",
        text="武侯区附近的，晚上能看\n右边大牙疼",
        author_key=post.author_key,
        author_kind="person",
        published_at=datetime(2024, 7, 6, 14, 9, tzinfo=UTC),
        fetched_at=NOW,
        place_hints=(PlaceHint(kind="board", text="成都吧"), PlaceHint(kind="ip", text="四川")),
        thread_id="8800000002",
        floor=1,
        query="成都吧",
        replies=18,
    )


def test_floors_skip_and_sub_replies_have_their_own_number() -> None:
    assert [(post.post_id, post.floor, post.text) for post in posts()] == [
        ("8800000002", 1, "武侯区附近的，晚上能看\n右边大牙疼"),
        ("150000000003", 3, "磨子桥那边有一家"),
        ("150000000009", None, "叫什么名字"),
    ]
    assert posts()[2].published_at == datetime(2024, 7, 6, 14, 55, tzinfo=UTC)
    assert {post.thread_id for post in posts()} == {"8800000002"}


def test_adverts_and_pages_are_counted() -> None:
    assert (thread().adverts, thread().pages, thread().replies) == (1, 2, 18)


def test_gbk_says_the_same() -> None:
    assert posts("thread_gbk.html") == posts()


def test_list_and_thread_name_the_opening_post_alike() -> None:
    by_list = list_posts(listed(), now=NOW, secret=SECRET)[1]
    by_thread = posts()[0]
    assert (by_list.id, by_list.url, by_list.author_key) == (
        by_thread.id,
        by_thread.url,
        by_thread.author_key,
    )


def test_no_name_gets_through() -> None:
    assert "虚构昵称" not in repr(posts())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("gone.html", Refusal(reason="贴吧：该贴已被删除", gone=True)),
        ("verify.html", Blocked(reason="贴吧要求验证（百度安全验证）")),
    ],
)
def test_gone_and_blocked_are_told_apart(name: str, wanted: object) -> None:
    assert read_thread(saved(name), now=NOW) == wanted
    assert read_list(saved(name), now=NOW) == wanted


@pytest.mark.parametrize("html", ["<p>新版</p>", "", '<div class="l_post" data-field="{}"></div>'])
def test_an_unknown_page_is_loud(html: str) -> None:
    with pytest.raises(PageError):
        read_thread(html, now=NOW)


# ── crawls ────────────────────────────────────────────────────────────────────────────────────────────────


class Bar(Replica):
    def __init__(self, robots: str = "") -> None:
        super().__init__()
        self.robots = robots

    def answer(self, asked: Asked) -> SitePage:
        parts = urlsplit(asked.path)
        headers = {"Content-Type": "text/html"}
        if parts.path == "/robots.txt":
            return SitePage(body=self.robots.encode())
        if parts.path == "/f":
            assert parse_qs(parts.query)["kw"] == ["成都"]
            return SitePage(body=(HERE / "list.html").read_bytes(), headers=headers)
        if parts.path == "/p/8800000002":
            return SitePage(body=(HERE / "thread_gbk.html").read_bytes(), headers=headers)
        return SitePage(body=(HERE / "gone.html").read_bytes(), headers=headers)


CONSENT = '{ ground = "consent", who = "站方", when = 2020-01-01, until = 2999-01-01, note = "书面" }'


def crawl(folder: Path, site: Replica, permission: str = CONSENT) -> Crawled:
    site.requests.clear()
    lines = {"boards": '["成都"]', "days": "36500", "permission": permission}
    return crawl_table(folder, "tieba", table("bar", "tieba", site, **lines))


def test_with_consent_a_board_is_read_and_the_next_run_asks_only_for_the_list(tmp_path: Path) -> None:
    with serve_replica(Bar()) as site:
        found = crawl(tmp_path, site)
        assert {post.post_id for post in found.posts} == {"8800000002", "150000000003", "150000000009"}
        assert found.run.outcome == "ok"
        assert found.run.totals.gone == 2
        assert "/p/8800000002?pn=2" in site.paths
        crawl(tmp_path, site)
        assert "/p/8800000002?pn=1" not in site.paths


def test_without_consent_or_against_robots_nothing_is_read(tmp_path: Path) -> None:
    with serve_replica(Bar("User-agent: *\nDisallow: /\n")) as site:
        assert crawl(tmp_path, site, '{ ground = "robots" }').run.outcome == "refused"
        assert site.paths == []
        assert crawl(tmp_path, site).run.outcome == "refused"
        assert site.paths == ["/robots.txt"]
