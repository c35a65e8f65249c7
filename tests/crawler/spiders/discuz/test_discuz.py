"""The Discuz! spider against the local sample forum: real processes, real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.items import PlaceHint
from crawler.sample.forum import serve, serve_forum
from crawler.sample.topics import Style
from tests.site.crawl import Crawled, crawl
from tests.site.traps import delete, html, long_forum, reply_to, trap_forum


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    with serve_forum() as served:
        return crawl(tmp_path_factory.mktemp("sample"), served)


def test_reads_every_post_a_guest_may_see(sample: Crawled) -> None:
    assert (
        len(sample.posts) == 123
    )  # 129, less 1 thread by level, 2 of a foreign board, 3 withheld or deleted
    assert sample.run.totals.posts_new == 123
    assert sample.run.totals.withheld == 2
    assert sample.run.outcome == "ok"


def test_first_post_of_a_thread(sample: Crawled) -> None:
    post = sample.post("t1001")
    assert post.source == "sample-forum"
    assert post.title == "牙疼三天了，武侯区哪家口腔诊所靠谱？"
    assert post.text == (
        "右下面的大牙疼三天了，昨晚疼得睡不着，吃了布洛芬只能顶四个小时。\n"
        "脸也有点肿，喝凉水就一抽一抽的疼。\n"
        "我在武侯区磨子桥附近上班，想找个近一点、晚上能看的口腔诊所，求推荐！"
    )
    assert post.url.endswith("/forum.php?mod=viewthread&tid=1001")
    assert post.place_hints == (PlaceHint(kind="board", text="四川成都"),)
    assert (post.thread_id, post.floor, post.query, post.replies) == ("1001", 1, "健康求助", 4)
    assert timedelta(minutes=70) < datetime.now(UTC) - post.published_at < timedelta(minutes=80)
    assert len(post.author_key) == 22


def test_replies_have_floors_and_no_title(sample: Crawled) -> None:
    floors = [(p.post_id, p.floor, p.title) for p in sample.posts if p.thread_id == "1001"]
    assert floors == [
        ("t1001", 1, "牙疼三天了，武侯区哪家口腔诊所靠谱？"),
        ("p100102", 2, ""),
        ("p100103", 3, ""),
        ("p100105", 4, ""),  # p100104 was deleted, and the floors were counted anew
        ("p100106", 5, ""),
    ]


def test_board_region_wins_over_the_source(sample: Crawled) -> None:
    assert sample.post("t1103").place_hints == (PlaceHint(kind="board", text="四川成都武侯区"),)


def test_same_author_same_key_and_the_anonymous_has_none(sample: Crawled) -> None:
    assert sample.post("t1001").author_key == sample.post("p100106").author_key
    assert sample.post("t1001").author_key != sample.post("p100102").author_key
    assert sample.post("t1019").author_key == ""


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        ("anti-copy noise", "V, ?0 v-"),
        ("hidden noise", "% K5 t8 n"),
        ("signature", "签名档勿扰"),
        ("quote", "发表于"),
        ("edit note", "本帖最后由"),
        ("attachment tip", "下载次数"),
        ("inline script", "aimgcount"),
        ("rating", "评分理由"),
        ("shielded post", "该帖被管理员或版主屏蔽"),
        ("hidden content", "查看本帖隐藏内容"),
        ("pinned thread of another board", "不构成医疗建议"),
    ],
)
def test_no_trap_leaves_its_words_in_a_text(sample: Crawled, trap: str, words: str) -> None:
    assert [post.post_id for post in sample.posts if words in post.full_text] == [], trap


def test_refusals_with_http_200_are_refused_not_empty(sample: Crawled) -> None:
    assert sample.run.totals.refused == 2
    refused = {gap.scope: gap.reason for gap in sample.gaps if gap.kind == "refused"}
    assert refused == {
        "list:38:1": "抱歉，您尚未登录，没有权限访问该版块",
        "thread:1023:1": "抱歉，本帖要求阅读权限高于 100 才能浏览",
    }


def test_asks_for_nothing_that_robots_or_manners_forbid(sample: Crawled) -> None:
    assert sample.paths[0] == "/robots.txt"
    assert not [
        path for path in sample.paths if "redirect" in path or "lastpost" in path or "member.php" in path
    ]
    assert sample.paths.count("/forum.php?mod=viewthread&tid=1001&page=1") == 2  # 302 to itself, then 200


def test_names_never_leave_the_crawler(sample: Crawled) -> None:
    assert "清溪小满" not in repr(sample.posts)


def test_progress_lines_count_up_to_the_end(sample: Crawled) -> None:
    assert sample.events[0]["event"] == "start"
    assert sample.events[-1] | {"reason": ""} == {
        "event": "done",
        "source": "sample-forum",
        "pages": 52,  # one of them twice: it first redirects to itself
        "posts_total": 123,
        "new": 123,
        "known": 0,
        "changed": 0,
        "refused_total": 2,
        "failed_total": 0,
        "outcome": "ok",
        "reason": "",
    }


@pytest.mark.parametrize(
    ("style", "changes"),
    [
        (Style(encoding="gb18030", declared="gbk"), {}),
        (Style(encoding="gb18030", declared="none"), {}),
        (Style(encoding="gb18030", declared="utf-8"), {}),
        (Style(rewritten=True), {"links": '"rewritten"'}),
        (Style(version="7.2", encoding="gb18030", declared="gbk"), {"links": '"discuz7"'}),
        (Style(thread_size=2, list_size=5), {}),
    ],
    ids=["gbk", "gbk undeclared", "gbk declared utf-8", "rewritten links", "Discuz! 7", "many small pages"],
)
def test_every_kind_of_site_gives_the_same_posts(
    sample: Crawled, tmp_path: Path, style: Style, changes: dict[str, str]
) -> None:
    with serve_forum(style=style) as served:
        crawled = crawl(tmp_path, served, **changes)
    assert {(p.post_id, p.title, p.text, p.floor) for p in crawled.posts} == {
        (p.post_id, p.title, p.text, p.floor) for p in sample.posts
    }


def test_archiver_gives_the_same_words_in_fewer_bytes(sample: Crawled, tmp_path: Path) -> None:
    with serve_forum() as served:
        crawled = crawl(tmp_path, served, route='"archiver"')
    assert sorted(p.full_text for p in crawled.posts) == sorted(p.full_text for p in sample.posts)
    assert all(path.startswith(("/archiver/", "/robots.txt")) for path in crawled.paths)


def test_the_same_reply_by_archiver_and_desktop_is_one_post(tmp_path: Path) -> None:
    with serve(long_forum(5)) as served:
        boards = {"boards": '["36"]', "expect": "1"}
        first = crawl(tmp_path, served, route='"archiver"', **boards)
        reply_to(served.forum, 9)
        second = crawl(tmp_path, served, route='"desktop"', **boards)
    assert len(first.posts) == 6
    assert second.run.totals.posts_known == 6
    assert second.run.totals.posts_new == 1


def test_auto_takes_the_desktop_pages_where_they_are_open(tmp_path: Path) -> None:
    with serve(long_forum(3)) as served:
        settings = {"route": '"auto"', "boards": '["36"]', "expect": "1"}
        crawl(tmp_path, served, **settings)
        reply_to(served.forum, 9)
        second = crawl(tmp_path, served, **settings)
    assert [post.text for post in second.posts if post.text == "新来的一层"] == ["新来的一层"]
    assert all(path.startswith(("/forum.php", "/robots.txt")) for path in second.paths)


def test_auto_takes_the_archiver_where_the_desktop_pages_are_forbidden(tmp_path: Path) -> None:
    with serve(long_forum(3, style=Style(robots="User-agent: *\nDisallow: /forum.php\n"))) as served:
        settings = {"route": '"auto"', "boards": '["36"]', "expect": "1"}
        first = crawl(tmp_path, served, **settings)
        reply_to(served.forum, 9)
        second = crawl(tmp_path, served, **settings)
    assert len(first.posts) == 4
    assert [post.text for post in second.posts if post.text == "新来的一层"] == ["新来的一层"]
    assert all(path.startswith(("/archiver/", "/robots.txt")) for path in second.paths)


def test_a_cold_feed_is_asked_again(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawled = crawl(tmp_path, served, route='"rss"')
    assert crawled.paths.count("/forum.php?mod=rss&fid=36") == 2
    assert crawled.run.totals.listed == 42  # the 20 newest of three boards' 22 + 13 + 9, the fourth is closed
    assert "t1001" in crawled.ids


def test_second_run_asks_only_for_lists(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawl(tmp_path, served)
        again = crawl(tmp_path, served)
    assert again.posts == ()
    assert again.run.outcome == "ok"
    assert len(again.paths) == 5  # robots.txt and the first page of each of four boards
    assert {gap.scope for gap in again.gaps} == {"list:38:1", "thread:1023"}  # what was refused stays known


def test_a_new_reply_costs_one_list_and_the_last_page(tmp_path: Path) -> None:
    with serve(long_forum(34)) as served:
        boards = {"boards": '["36"]', "expect": "1"}
        first = crawl(tmp_path, served, **boards)
        reply_to(served.forum, 9)
        second = crawl(tmp_path, served, **boards)
    assert len(first.posts) == 35
    assert second.paths == (
        "/robots.txt",
        "/forum.php?mod=forumdisplay&fid=36&page=1",
        "/forum.php?mod=viewthread&tid=9&page=4",
    )
    assert (second.run.totals.posts_new, second.run.totals.posts_known) == (1, 5)
    assert second.posts[-1].floor == 36


def test_deletions_that_move_floors_forward_hide_nothing(tmp_path: Path) -> None:
    """21 posts on three pages; twelve go, two come: the new ones are on a page already read."""
    with serve(long_forum(20)) as served:
        boards = {"boards": '["36"]', "expect": "1"}
        crawl(tmp_path, served, **boards)
        delete(served.forum, 9, *range(5001, 5013))
        reply_to(served.forum, 9, text="新一")
        reply_to(served.forum, 9, text="新二")
        second = crawl(tmp_path, served, **boards)
    assert {post.text for post in second.posts} >= {"新一", "新二"}


def test_an_edit_is_counted_as_changed(tmp_path: Path) -> None:
    with serve(long_forum(3)) as served:
        boards = {"boards": '["36"]', "expect": "1"}
        crawl(tmp_path, served, **boards)
        forum = served.forum
        topic = forum.topics[9]
        object.__setattr__(topic.posts[1], "text", "改过的一层")
        reply_to(forum, 9)
        second = crawl(tmp_path, served, **boards)
    assert second.run.totals.posts_changed == 1


def test_a_cap_is_truncated_not_ok(tmp_path: Path) -> None:
    with serve(long_forum(34)) as served:
        crawled = crawl(tmp_path, served, boards='["36"]', expect="1", max_thread_pages="2")
    assert crawled.run.outcome == "truncated"
    assert [gap.reason for gap in crawled.gaps] == ["只读了前 2 页楼层"]
    assert len(crawled.posts) == 20


def test_a_page_of_unknown_shape_is_a_failure_and_tried_again(tmp_path: Path) -> None:
    with serve(trap_forum({"/forum.php?mod=viewthread&tid=1101": html("<p>新版上线</p>")})) as served:
        crawled = crawl(tmp_path, served)
        assert crawled.run.outcome == "failed"
        assert crawled.run.totals.failed == 1
        assert {gap.kind for gap in crawled.gaps} == {"refused", "failed", "unfinished"}
        served.forum.rules.clear()  # type: ignore[attr-defined]  # a TrapForum
        again = crawl(tmp_path, served)
    assert again.ids == ["p110102", "p110103", "p110104", "t1101"]


def test_a_board_that_never_had_threads_is_empty(tmp_path: Path) -> None:
    forum = long_forum(0)
    forum.topics.clear()
    with serve(forum) as served:
        crawled = crawl(tmp_path, served, boards='["36"]', expect="0")
    assert crawled.run.outcome == "empty"


def test_a_source_that_falls_silent_says_so(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawl(tmp_path, served, boards='["36"]')
        served.forum.topics.clear()
        crawled = crawl(tmp_path, served, boards='["36"]')
    assert crawled.run.outcome == "silent"
    assert crawled.run.reason == "列出 0 个主题，预期至少 5 个"


def test_a_post_dated_tomorrow_is_set_aside(tmp_path: Path) -> None:
    with serve(long_forum(3, age=timedelta(days=-1))) as served:
        crawled = crawl(tmp_path, served, boards='["36"]', expect="1")
    assert crawled.posts == ()
    assert len([gap for gap in crawled.gaps if "时间在将来" in gap.reason]) == 4
