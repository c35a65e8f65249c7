"""What sites really answer: every fault costs its own page, is counted and told, and the rest goes on."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from crawler.sample.forum import Served, SitePage, serve, serve_forum
from crawler.sample.topics import Topic, TopicPost, load_topics
from tests.site.crawl import Crawled, crawl
from tests.site.traps import TrapForum, html, long_forum, reply_to, trap_forum

HTML = {"Content-Type": "text/html; charset=utf-8"}
NESTED = (
    '<div id="post_1"><em id="authorposton1">发表于 2026-1-1 10:00:00</em><table><tr><td id="postmessage_1">'
)


def drip() -> Iterator[bytes]:
    """A byte now and then, for ever."""
    yield b"<html><body>"
    while True:
        time.sleep(0.2)
        yield b" "


def flood() -> Iterator[bytes]:
    """200 MB."""
    for _ in range(200):
        yield b"x" * 1_000_000


def thread(tid: int) -> str:
    return f"/forum.php?mod=viewthread&tid={tid}&"


# Threads of the sample forum's first board, each spoilt in a way of its own: answer, and what is told of it.
FAULTS: dict[int, tuple[SitePage, str]] = {
    1101: (SitePage(body=b"\x1f\x8b\x08\0cut", headers={**HTML, "Content-Encoding": "gzip"}), ""),
    1102: (html("", status=302, Location=thread(1103) + "page=1"), "redirections"),
    1103: (html("", status=302, Location=thread(1102) + "page=1"), "redirections"),
    1104: (html("", status=302, Location=thread(1104) + "page=1"), "页面一直转回自己"),
    1105: (SitePage(headers=HTML, chunks=flood), "页面太大"),
    1106: (SitePage(headers=HTML, chunks=drip), "太久没有答完"),
    1107: (SitePage(body=(NESTED + "<b>" * 1_000_000).encode(), headers=HTML), "没有标题"),
    1108: (html("<div>" * 300_000), "认不出的页面"),
    1109: (SitePage(body=b"\xff\xfe\0\0" * 50, headers=HTML), "认不出的页面"),
    1110: (html("", status=302, Location="http://169.254.169.254/latest/meta-data/"), "地址不属于这个来源"),
    1111: (html("", status=302, Location="http://localhost:1/"), "地址不属于这个来源"),
    1112: (html("", status=302, Location="file:///etc/passwd"), "地址不属于这个来源：file://"),
    1113: (html("", status=500), "HTTP 500"),
    1201: (SitePage(body=b"%PDF", headers={"Content-Type": "application/pdf"}), "认不出的页面"),
    1202: (SitePage(body=b"\0" * 1000, headers=HTML), "认不出的页面"),
}


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    folder = tmp_path_factory.mktemp("spoilt")
    with serve(trap_forum({thread(tid): answer for tid, (answer, _) in FAULTS.items()})) as served:
        return crawl(folder, served, "-s", "DOWNLOAD_TIMEOUT=2")


@pytest.mark.parametrize("tid", FAULTS)
def test_a_fault_is_told_once_with_its_reason(spoilt: Crawled, tid: int) -> None:
    told = [gap.reason for gap in spoilt.gaps if gap.scope == f"thread:{tid}:1"]
    assert len(told) == 1
    assert FAULTS[tid][1] in told[0]


def test_the_other_threads_are_all_read(spoilt: Crawled) -> None:
    _, topics = load_topics(datetime.now(UTC))
    own = [topic for topic in topics if not topic.level and topic.home in ("36", "37", "39")]
    assert {f"t{topic.tid}" for topic in own if topic.tid not in FAULTS} <= set(spoilt.ids)
    assert not {f"t{tid}" for tid in FAULTS} & set(spoilt.ids)
    assert spoilt.run.outcome == "failed"
    assert spoilt.run.totals.failed + spoilt.run.totals.refused >= len(FAULTS)


# ── pages without end ─────────────────────────────────────────────────────────────────────────────────────


class EndlessForum(TrapForum):
    """Every page of a list or thread has a next one; every list shows threads nobody has seen before."""

    made = 0

    def special(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        page = int(query.get("page", "1"))
        following = f"{path.rpartition('=')[0]}={page + 1}"
        more = f'<div class="pg"><strong>{page}</strong><a class="nxt" href="{following}">下一页</a></div>'
        if "forumdisplay" in path:
            self.made += 1
            tid = 70_000 + self.made
            row = f'<tbody id="normalthread_{tid}"><tr><th><a class="s xst">日历 {tid}</a></th></tr></tbody>'
            return html(f'<table id="threadlisttableid">{row}</table>{more}')
        if "viewthread" in path:
            pid = int(query["tid"]) * 1000 + page
            return html(
                f'<span id="thread_subject">日历</span><div id="post_{pid}"><em id="authorposton{pid}">'
                f'发表于 2026-1-1 10:00:00</em><a id="postnum{pid}"><em>{page}</em></a>'
                f'<table><tr><td class="t_f" id="postmessage_{pid}">第 {page} 天</td></tr></table></div>'
                f"{more}"
            )
        return None


def endless(folder: Path, *extra: str, **changes: str) -> Crawled:
    boards, topics = load_topics(datetime.now(UTC))
    forum = EndlessForum(boards=boards, topics=topics)
    with serve(forum) as served:
        return crawl(folder, served, *extra, boards='["36"]', days="3650", expect="1", **changes)


def test_a_calendar_trap_ends_at_the_caps_and_says_so(tmp_path: Path) -> None:
    crawled = endless(tmp_path, max_pages="3", max_thread_pages="4")
    assert len(crawled.paths) == 1 + 3 + 3 * 4
    assert (crawled.run.outcome, crawled.run.totals.truncated) == ("truncated", 4)
    assert {gap.kind for gap in crawled.gaps} == {"truncated"}


def test_a_run_ends_at_the_wall(tmp_path: Path) -> None:
    crawled = endless(
        tmp_path, "-s", "CLOSESPIDER_TIMEOUT=2", max_pages="100000", max_thread_pages="100000", delay="0.05"
    )
    assert crawled.run.outcome == "truncated"
    assert crawled.run.reason == "到了一次运行的时间上限，下次继续"
    assert any(gap.kind == "unfinished" for gap in crawled.gaps)


class HollowForum(TrapForum):
    """Lists without end and without threads."""

    def special(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        if "forumdisplay" not in path:
            return None
        page = int(query.get("page", "1"))
        following = f"{path.rpartition('=')[0]}={page + 1}"
        more = f'<div class="pg"><strong>{page}</strong><a class="nxt" href="{following}">下一页</a></div>'
        return html(f'<table id="threadlisttableid"></table>{more}')


def test_a_run_that_finds_nothing_for_long_ends(tmp_path: Path) -> None:
    boards, topics = load_topics(datetime.now(UTC))
    with serve(HollowForum(boards=boards, topics=topics)) as served:
        idle = ("-s", "CLOSESPIDER_TIMEOUT_NO_ITEM=1")
        crawled = crawl(tmp_path, served, *idle, boards='["36"]', max_pages="100000", delay="0.05")
    assert (crawled.run.outcome, crawled.posts) == ("truncated", ())
    assert crawled.run.reason == "很久没有读到帖子，先停下，下次继续"


# ── posts and boards that cannot be ───────────────────────────────────────────────────────────────────────


def test_a_post_dated_tomorrow_is_left_out_and_told(tmp_path: Path) -> None:
    forum = long_forum(3)
    topic = forum.topics[9]
    late = TopicPost(pid=6000, author="未来的人", at=datetime.now(UTC) + timedelta(days=1), text="明天牙疼")
    forum.topics[9] = replace(topic, posts=(*topic.posts[:3], late))
    with serve(forum) as served:
        crawled = crawl(tmp_path, served, boards='["36"]', expect="1")
    assert crawled.ids == ["p5001", "p5002", "t9"]
    assert [gap.reason[:18] for gap in crawled.gaps] == ["帖子 6000 的时间在将来：202"[:18]]


class VanishingForum(TrapForum):
    """A board is closed for good while its threads are being read."""

    def special(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        if sum("viewthread" in asked for _, asked in self.requests) > 5:
            self.topics = {tid: topic for tid, topic in self.topics.items() if topic.board != "37"}
            self.boards.pop("37", None)
        return None


def test_a_board_that_vanishes_in_mid_run(tmp_path: Path) -> None:
    boards, topics = load_topics(datetime.now(UTC))
    with serve(VanishingForum(boards=boards, topics=topics)) as served:
        crawled = crawl(tmp_path, served, delay="0.02")
        again = crawl(tmp_path, served)
    assert crawled.run.totals.gone >= 1  # threads that were listed and then were no more
    assert {f"t{topic.tid}" for topic in topics if topic.home == "39" and not topic.level} <= set(crawled.ids)
    assert "list:37:1" in {gap.scope for gap in again.gaps if gap.kind == "refused"}


def test_one_future_topic_costs_nothing_else(tmp_path: Path) -> None:
    boards, topics = load_topics(datetime.now(UTC))
    start = datetime.now(UTC) + timedelta(days=1)
    opening = TopicPost(pid=9901, author="未来的人", at=start, text="明天才发的")
    future = Topic(tid=99, board="36", home="36", title="明天", posts=(opening,))
    with serve(TrapForumOf(boards, (*topics, future))) as served:
        crawled = crawl(tmp_path, served)
    assert len(crawled.posts) == 123
    assert "t99" not in crawled.ids


def TrapForumOf(boards: Mapping[str, str], topics: tuple[Topic, ...]) -> TrapForum:  # noqa: N802  # reads as one
    forum = TrapForum(boards=boards, topics=topics)
    forum.rules = {}
    return forum


# ── the layout changes ────────────────────────────────────────────────────────────────────────────────────


def test_full_pages_in_which_nothing_is_found_are_a_changed_layout(tmp_path: Path) -> None:
    forum = trap_forum({})
    with serve(forum) as served:
        crawl(tmp_path, served)
        new = "".join(f'<li class="t" id="row{n}"><a href="thread-{n}">主题 {n}</a></li>' for n in range(150))
        forum.rules = {"/forum.php?mod=forumdisplay": html(f'<div id="threadlist"><ul>{new}</ul></div>')}
        crawled = crawl(tmp_path, served, boards='["36"]')
        forum.rules = {}
        fixed = crawl(tmp_path, served, boards='["36"]')
    assert crawled.run.outcome == "failed"
    assert "版面可能变了" in crawled.run.reason
    assert [gap.kind for gap in crawled.gaps if gap.scope == "list:36:1"] == ["layout"]
    assert fixed.run.outcome == "ok"


class RenewedForum(TrapForum):
    """After its renewal each post's first words stand in a block of a new class."""

    renewed = False

    def answer(self, target: str) -> SitePage:
        page = super().answer(target)
        if not self.renewed:
            return page
        body = re.sub(rb'(id="postmessage_\d+">)', rb'\1<div class="citation-card">...</div>', page.body)
        return replace(page, body=body)


def test_a_new_block_on_pages_that_are_still_read_is_told_before_posts_are_lost(tmp_path: Path) -> None:
    boards, topics = load_topics(datetime.now(UTC))
    forum = RenewedForum(boards=boards, topics=topics)
    forum.rules = {}
    with serve(forum) as served:
        before = crawl(tmp_path, served, boards='["36"]')
        forum.renewed = True
        for tid in (1001, 1016, 1002):
            reply_to(forum, tid)
        crawled = crawl(tmp_path, served, boards='["36"]')
    assert before.run.strange == {}
    assert crawled.run.outcome == "ok"
    assert crawled.run.strange["正文 citation-card"] == crawled.run.totals.strange >= 3
    assert [gap.scope for gap in crawled.gaps if gap.kind == "strange"] == ["正文 citation-card"]


def test_an_emptied_board_is_silent_and_no_changed_layout(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawl(tmp_path, served, boards='["36"]')
        served.forum.topics = {
            tid: topic for tid, topic in served.forum.topics.items() if topic.board != "36" and not topic.pin
        }
        crawled = crawl(tmp_path, served, boards='["36"]')
    assert crawled.run.outcome == "silent"


# ── no way to the site ────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawled = crawl(tmp_path, served, url='"http://no-such-site.invalid/"', delay="1.0")
    assert crawled.run.outcome == "refused"
    assert "robots.txt 读不到" in crawled.run.reason


def test_a_site_that_is_not_there(tmp_path: Path) -> None:
    with serve_forum() as served:
        gone = served.url
    crawled = crawl(tmp_path, Served(url=gone, forum=served.forum))
    assert crawled.run.outcome == "refused"
    assert "robots.txt 读不到" in crawled.run.reason


def test_a_certificate_nobody_vouches_for(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with serve(trap_forum({}), tls=tls) as served:
        crawled = crawl(tmp_path, served)
    assert crawled.paths == ()
    assert crawled.run.outcome == "refused"
    assert "robots.txt 读不到" in crawled.run.reason
