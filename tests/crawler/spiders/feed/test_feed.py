"""The feed spider against a local site: real processes, real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from crawler.author_secret import load_secret
from crawler.items import PlaceHint, Post
from crawler.parsing.authors import author_key
from crawler.sample.forum import SitePage
from crawler.sources.source import Source
from crawler.spiders import post_page
from tests.site.pages import crawl, header, serve
from tests.site.replica import Asked
from tests.site.store import RECHECK, keeping, kept
from tests.support.paths import PAGES

HERE = PAGES / "feed"
XML = {"Content-Type": "application/rss+xml"}
LINES = 'feeds = [{ path = "feed.xml", name = "城南", region = "四川成都" }]\ndays = 3650'


def rss(*numbers: int, ttl: int = 0, dated: bool = True) -> bytes:
    now = datetime.now(UTC)
    items = "".join(
        f"<item><title>第 {n} 条</title><link>/t/{n}</link><description>牙疼第 {n} 天</description>"
        + (f"<pubDate>{format_datetime(now - timedelta(hours=200 - n))}</pubDate>" if dated else "")
        + "</item>"
        for n in numbers
    )
    wait = f"<ttl>{ttl}</ttl>" if ttl else ""
    return f"<rss version='2.0'><channel><title>x</title>{wait}{items}</channel></rss>".encode()


def answers(*bodies: bytes, **headers: str) -> Callable[[Asked], SitePage]:
    """One body after the other; the last one stays."""
    waiting = list(bodies)

    def page(asked: Asked) -> SitePage:
        body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return SitePage(body=body, headers={**XML, **named})

    return page


def saved(name: str, kind: str = "application/xml") -> Callable[[Asked], SitePage]:
    return lambda asked: SitePage(body=(HERE / name).read_bytes(), headers={"Content-Type": kind})


def test_reads_a_feed_into_posts(tmp_path: Path) -> None:
    with serve(saved("rss2.xml")) as site:
        crawled = crawl(tmp_path, site, "feed", LINES)
        link = f"{site.url}t/101.html"
    assert crawled.run.outcome == "ok"
    assert (len(crawled.posts), crawled.run.totals.listed) == (5, 5)
    post = next(post for post in crawled.posts if post.title == "孩子半夜咳嗽 & 喘")
    assert (post.source, post.url, post.query, post.replies) == ("replica", link, "城南", 4)
    assert post.place_hints == (
        PlaceHint(kind="geo", lat=30.5744, lon=103.9232),
        PlaceHint(kind="board", text="四川成都"),
    )
    assert post.author_key == author_key(load_secret(tmp_path / "data"), "replica", "竹影")
    assert "竹影" not in repr(crawled.posts)
    assert [gap.reason for gap in crawled.gaps] == [
        f"条目 '{site.url}t/106.html' 没有标题和正文".replace(site.url, "https://feed.example.org/")
    ]


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("rss2_gbk.xml", "text/xml", 1),
        ("rss1.xml", "application/rdf+xml", 1),
        ("atom.xml", "application/atom+xml", 2),
        ("feed.json", "application/feed+json", 2),
        ("feed.json", "text/plain", 2),
        ("atom.xml", "text/html", 2),  # a server that calls everything HTML
    ],
)
def test_every_kind_over_http(tmp_path: Path, name: str, kind: str, count: int) -> None:
    with serve(saved(name, kind)) as site:
        crawled = crawl(tmp_path, site, "feed", LINES)
    assert (crawled.run.outcome, len(crawled.posts)) == ("ok", count)


def test_a_weibo_post_of_rsshub_is_the_post_the_api_knows(tmp_path: Path) -> None:
    with serve(saved("rsshub_weibo.xml")) as site:
        crawled = crawl(tmp_path, site, "feed", LINES)
        again = crawl(tmp_path, site, "feed", LINES)
    (post,) = crawled.posts
    assert post.id == "weibo/3501756485200075"
    assert post.url == "https://m.weibo.cn/detail/3501756485200075"
    assert post.author_key == author_key(load_secret(tmp_path / "data"), "weibo", "1234500001")
    assert "1234500001" not in repr(crawled.posts)
    assert again.paths == ()  # ttl 5: not even robots.txt
    assert again.run.outcome == "ok"


def test_asks_with_conditions_and_takes_304(tmp_path: Path) -> None:
    def page(asked: Asked) -> SitePage:
        if header(asked, "if-none-match") == 'W/"v1"':
            return SitePage(status=304)
        return SitePage(
            body=rss(1, 2),
            headers={**XML, "ETag": 'W/"v1"', "Last-Modified": "Sun, 22 Nov 2026 06:00:00 GMT"},
        )

    with serve(page) as site:
        first = crawl(tmp_path, site, "feed", LINES)
        assert not header(site.requests[-1], "if-none-match")
        second = crawl(tmp_path, site, "feed", f"{LINES}\nexpect = 2")
        assert header(site.requests[-1], "if-modified-since") == "Sun, 22 Nov 2026 06:00:00 GMT"
    assert len(first.posts) == 2
    assert (second.run.outcome, second.run.totals.listed, second.posts) == ("ok", 2, ())


@pytest.mark.parametrize(
    ("body", "headers"),
    [(rss(1, ttl=60), {}), (rss(1), {"Cache_Control": "public, max-age=600"})],
    ids=["ttl", "max-age"],
)
def test_a_feed_is_not_asked_before_its_time(tmp_path: Path, body: bytes, headers: dict[str, str]) -> None:
    with serve(answers(body, **headers)) as site:
        crawl(tmp_path, site, "feed", LINES)
        second = crawl(tmp_path, site, "feed", f"{LINES}\nexpect = 3")
    assert second.paths == ()
    assert second.run.outcome == "ok"
    assert second.run.reason.startswith("订阅源请人等到 ")
    assert second.run.totals.not_due == 1


def test_a_cold_feed_is_asked_once_more_and_then_is_empty(tmp_path: Path) -> None:
    with serve(answers(rss(), rss(1))) as site:
        warm = crawl(tmp_path, site, "feed", LINES)
    assert warm.paths.count("/feed.xml") == 2
    assert len(warm.posts) == 1


def test_an_empty_feed_is_empty_and_one_that_falls_silent_says_so(tmp_path: Path) -> None:
    with serve(answers(rss())) as site:
        empty = crawl(tmp_path, site, "feed", LINES)
        again = crawl(tmp_path, site, "feed", LINES)
        site.pages = answers(rss(1))
        crawl(tmp_path, site, "feed", LINES)
        site.pages = answers(rss())
        silent = crawl(tmp_path, site, "feed", LINES)
    assert (empty.run.outcome, again.run.outcome) == ("empty", "empty")
    assert again.paths.count("/feed.xml") == 1  # known to be empty: not asked twice
    assert silent.run.outcome == "silent"


def test_entries_that_may_have_slipped_through_are_admitted(tmp_path: Path) -> None:
    with serve(answers(rss(1, 2, 3))) as site:
        crawl(tmp_path, site, "feed", LINES)
        site.pages = answers(rss(3, 4, 5))
        joined = crawl(tmp_path, site, "feed", LINES)
        site.pages = answers(rss(9, 10, 11))
        torn = crawl(tmp_path, site, "feed", LINES)
    assert joined.run.outcome == "ok"
    assert (torn.run.outcome, torn.run.reason) == ("truncated", "订阅源的条目全是新的，两次之间可能有漏掉的")


def test_an_entry_without_a_time_does_not_grow_younger(tmp_path: Path) -> None:
    with serve(answers(rss(1, dated=False))) as site:
        first = crawl(tmp_path, site, "feed", LINES)
        time.sleep(1.1)  # times are kept to the second
        second = crawl(tmp_path, site, "feed", LINES)
        time.sleep(1.1)  # as above
        site.pages = answers(rss(1, 2, dated=False))
        third = crawl(tmp_path, site, "feed", LINES)
    assert [post.title for post in first.posts] == ["第 1 条"]
    assert second.posts == ()
    assert [post.title for post in third.posts] == ["第 2 条"]
    # It was not there at the last visit, so it is younger than that: the earliest it can be.
    assert first.posts[0].published_at < third.posts[0].published_at < third.posts[0].fetched_at


@pytest.mark.parametrize(
    ("answer", "outcome", "reason"),
    [
        (SitePage(body="<html><title>请登录</title></html>".encode()), "refused", "要求登录（请登录）"),
        (
            SitePage(body="<html><title>社区首页</title></html>".encode()),
            "failed",
            "给出的是网页，不是订阅源",
        ),
        (
            SitePage(body="<html><title>安全验证</title></html>".encode()),
            "blocked",
            "页面要求验证（安全验证）",
        ),
        (SitePage(status=404, body=b"<html><title>404</title></html>"), "refused", "HTTP 404"),
        (SitePage(status=503, body=b"busy"), "failed", "HTTP 503"),
        (SitePage(status=429), "blocked", "HTTP 429"),
        (SitePage(status=302, headers={"Location": "/login?next=feed"}), "blocked", "转到登录或验证页面"),
    ],
)
def test_what_is_no_feed_is_told_apart(tmp_path: Path, answer: SitePage, outcome: str, reason: str) -> None:
    with serve(lambda asked: answer) as site:
        crawled = crawl(tmp_path, site, "feed", LINES)
    assert crawled.run.outcome == outcome
    assert reason in crawled.run.reason


def test_robots_decide_feed_by_feed(tmp_path: Path) -> None:
    lines = 'feeds = ["private/feed.xml", "feed.xml"]\ndays = 3650'
    with serve(answers(rss(1))) as site:
        crawled = crawl(tmp_path, site, "feed", lines)
    assert crawled.paths == ("/robots.txt", "/feed.xml")
    assert [(gap.scope, gap.reason) for gap in crawled.gaps if gap.kind == "refused"] == [
        ("feed:private/feed.xml", "robots.txt 不允许")
    ]


def test_entries_older_than_the_window_and_of_tomorrow_stay_out(tmp_path: Path) -> None:
    with serve(answers(rss(1, 199, 300))) as site:
        crawled = crawl(tmp_path, site, "feed", 'feeds = ["feed.xml"]\ndays = 5')
    assert [post.title for post in crawled.posts] == ["第 199 条"]
    assert crawled.run.totals.listed == 3
    assert ["时间在将来" in gap.reason for gap in crawled.gaps] == [True]


# ── looked for again ──────────────────────────────────────────────────────────────────────────────────────


def test_what_left_the_feed_is_asked_for_on_its_own_page(tmp_path: Path) -> None:
    """Four entries: one page is gone (404), one says so, one leads to the front page, one stands."""
    feed = [rss(1, 2, 3, 4), rss(4)]
    own = {"/t/4": "帖子已被删除", "/t/2": "牙疼，" * 400, "/": "首页"}

    def site_of(asked: Asked) -> SitePage | None:
        if asked.path == "/feed.xml":
            return SitePage(body=feed[0], headers=XML)
        if asked.path == "/t/3":
            return SitePage(status=302, headers={"Location": "/"})
        words = own.get(asked.path)
        return SitePage(body=f"<title>社区</title><p>{words}</p>".encode()) if words else None

    with serve(site_of) as site:
        crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path))
        assert len(kept(tmp_path)) == 4
        feed.pop(0)
        crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path))
        assert len(kept(tmp_path)) == 4  # out of the feed is not gone
        checked = crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path), *RECHECK)
        fresh = crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path), "-a", "recheck=1")
    assert sorted(checked.paths[1:]) == ["/", "/t/1", "/t/2", "/t/3", "/t/4"]
    assert set(kept(tmp_path).values()) == {"牙疼第 2 天", "牙疼第 3 天"}
    assert (checked.run.totals.posts_gone, checked.run.totals.refused) == (2, 1)
    assert [gap.reason for gap in checked.gaps] == ["转到了首页，看不出帖子还在不在"]
    assert "/t/2" not in fresh.paths  # seen just now


def test_an_entry_edited_in_the_feed_changes_here(tmp_path: Path) -> None:
    feed = [rss(1)]
    with serve(lambda asked: SitePage(body=feed[0], headers=XML)) as site:
        crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path))
        feed[0] = feed[0].replace("牙疼第 1 天".encode(), "其实是头疼".encode())
        second = crawl(tmp_path, site, "feed", LINES, *keeping(tmp_path))
    assert list(kept(tmp_path).values()) == ["其实是头疼"]
    assert second.run.totals.posts_changed == 1


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://bbs.example.org/t/1", True),
        ("https://www.bbs.example.org/t/1#p2", True),
        ("https://elsewhere.example/t/1", False),  # another site: its own rules were never asked for
        ("https://bbs.example.org:444/t/1", False),
        ("https://bbs.example.org/feed.xml#1", False),  # the feed itself
        ("https://bbs.example.org/", False),
        ("ftp://bbs.example.org/t/1", False),
        ("", False),
    ],
)
def test_only_a_page_of_its_own_can_be_asked(url: str, asked: bool) -> None:
    post = Post(
        source="s",
        post_id="f1",
        url=url,
        text="x",
        published_at=datetime.now(UTC),
        fetched_at=datetime.now(UTC),
    )
    source = Source(name="s", engine="feed", url="https://bbs.example.org/")
    task = post_page.visit(source, post, shown_on="https://bbs.example.org/feed.xml")
    assert (task is not None) is asked
