"""Pages that real Discuz! forums served, and robots files of real sites: kept beside the project."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Refusal
from crawler.sources.permission import read_robots
from crawler.spiders.discuz import pages
from crawler.spiders.forum.pages import ListPage, ThreadPage
from tests.support.paths import PAYLOADS

pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="../shared/payloads is not here")
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 7, 1, 10, tzinfo=ZONE)


def saved(name: str) -> str:
    return decode((PAYLOADS / "discuz" / name).read_bytes(), "")


def thread(name: str) -> ThreadPage:
    page = pages.read_thread(saved(name), now=NOW, zone=ZONE)
    assert isinstance(page, ThreadPage)
    return page


def test_list_page_1() -> None:
    page = pages.read_list(saved("list36_p1.html"), now=NOW, zone=ZONE)
    assert isinstance(page, ListPage)
    assert len([entry for entry in page.entries if not entry.pin]) == 19
    assert {entry.tid: entry.pin for entry in page.entries if entry.pin} == {
        "1057": "global",
        "1056": "board",
    }
    assert page.next_page == 2


def test_last_list_page() -> None:
    page = pages.read_list(saved("list36_p3.html"), now=NOW, zone=ZONE)
    assert isinstance(page, ListPage)
    assert (len(page.entries), page.next_page) == (7, None)


def test_thread() -> None:
    page = thread("thread1001_p1.html")
    # Ten floors are on the page, numbered without a hole although one post (5007) was deleted.
    assert [floor.floor for floor in page.floors] == list(range(1, 11))
    assert "5007" not in {floor.pid for floor in page.floors}
    assert page.floors[0].published_at == datetime(2026, 11, 21, 22, 49, 1, tzinfo=UTC)
    assert page.floors[0].text.startswith("从10月底开始咳嗽")
    assert not [floor for floor in page.floors if "发表于" in floor.text or "签名" in floor.text]
    assert (page.fid, page.replies, page.next_page) == ("36", 41, 2)


@pytest.mark.parametrize(
    ("name", "start", "floors"),
    [("thread1036_jammer.html", "我家英短", 9), ("gbk_thread1037_jammer.html", "专治失眠", 8)],
)
def test_noise_is_gone(name: str, start: str, floors: int) -> None:
    page = thread(name)
    assert len(page.floors) == floors
    assert page.floors[0].text.startswith(start)
    assert page.floors[0].text.isprintable() or "\n" in page.floors[0].text
    assert not [char for char in page.floors[0].text if char in '"?&+']


def test_refused_and_gone() -> None:
    refused = pages.read_list(saved("list38_refused_login.html"), now=NOW, zone=ZONE)
    assert refused == Refusal(reason="抱歉，您尚未登录，没有权限访问该版块")
    gone = pages.read_thread(saved("thread1060_gone404.html"), now=NOW, zone=ZONE)
    assert isinstance(gone, Refusal)
    assert gone.gone


@pytest.mark.parametrize(("name", "count"), [("rss36_cold_empty.xml", 0), ("rss36_warm.xml", 20)])
def test_feeds(name: str, count: int) -> None:
    page = pages.read_rss(saved(name), now=NOW)
    assert isinstance(page, ListPage)
    assert len(page.entries) == count


def test_the_archiver_says_the_same() -> None:
    desktop = thread("thread1001_p1.html")
    archiver = pages.read_archiver_thread(saved("archiver_thread1001.html"), now=NOW, zone=ZONE)
    assert isinstance(archiver, ThreadPage)
    words = [floor.text for floor in desktop.floors]
    assert [floor.text for floor in archiver.floors] == words
    assert [f.published_at for f in archiver.floors] == [f.published_at for f in desktop.floors]
    listed = pages.read_archiver_list(saved("archiver_list36.html"))
    assert isinstance(listed, ListPage)
    assert (len(listed.entries), listed.next_page) == (21, 2)


@pytest.mark.parametrize(
    ("file", "url", "allowed"),
    [
        ("weibo.com.txt", "https://weibo.com/ajax/side/search?q=x", False),
        ("m.weibo.cn.txt", "https://m.weibo.cn/api/container/getIndex?containerid=1", False),
        ("weibo.cn.txt", "https://weibo.cn/dpool/ttt/x", True),
        ("weibo.cn.txt", "https://weibo.cn/search/", False),
        ("39.net.txt", "https://39.net/x", False),
        ("www.xiaohongshu.com.txt", "https://www.xiaohongshu.com/explore", False),
        ("douban.com.txt", "https://www.douban.com/group/search?q=x", False),
        ("douban.com.txt", "https://www.douban.com/group/topic/1/", True),
        ("../discuz/robots.txt", "https://bbs.example.org/forum.php?mod=viewthread&tid=1", True),
        ("../discuz/robots.txt", "https://bbs.example.org/forum.php?mod=redirect&goto=lastpost", False),
        ("../discuz/robots.txt", "https://bbs.example.org/api/mobile/index.php", False),
        ("../discuz/robots.txt", "https://bbs.example.org/archiver/?tid-1.html", True),
    ],
)
def test_robots_of_real_sites(file: str, url: str, allowed: bool) -> None:
    robots = read_robots(200, (PAYLOADS / "robots" / file).read_bytes())
    assert robots.verdict(url, "tingzhen").allowed is allowed
