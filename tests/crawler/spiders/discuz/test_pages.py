"""What each kind of Discuz! page says. Pages are our own words in the shape that real ones have."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.spiders.discuz import pages
from crawler.spiders.forum.pages import Entry, Floor, ListPage, ThreadPage
from tests.support.paths import PAGES

HERE = PAGES / "discuz"
NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def saved(name: str, declared: str = "utf-8") -> str:
    return decode((HERE / name).read_bytes(), declared)


def read_list(name: str) -> ListPage:
    page = pages.read_list(saved(name), now=NOW, zone=ZONE)
    assert isinstance(page, ListPage)
    return page


def read_thread(name: str) -> ThreadPage:
    page = pages.read_thread(saved(name), now=NOW, zone=ZONE)
    assert isinstance(page, ThreadPage)
    return page


@pytest.mark.parametrize(
    ("name", "entries", "pins", "following"),
    [
        ("list_p1.html", 22, ["global", "board"], 2),
        ("list_p2.html", 2, [], None),
        ("list_seven.html", 22, ["global", "board"], 2),
        ("list_rewritten.html", 6, ["global", "board"], 2),
    ],
)
def test_lists(name: str, entries: int, pins: list[str], following: int | None) -> None:
    page = read_list(name)
    assert len(page.entries) == entries
    assert [entry.pin for entry in page.entries if entry.pin] == pins
    assert page.next_page == following


@pytest.mark.parametrize("name", ["list_p1.html", "list_seven.html", "list_rewritten.html"])
def test_first_thread_of_a_list(name: str) -> None:
    first = next(entry for entry in read_list(name).entries if not entry.pin)
    assert first == Entry(
        tid="1001",
        title="牙疼三天了，武侯区哪家口腔诊所靠谱？",
        replies=4,
        last_at=datetime(2026, 11, 22, 4, 18, tzinfo=UTC),
    )


def test_thread_with_every_trap() -> None:
    page = read_thread("thread_traps.html")
    assert (page.title, page.fid, page.page, page.next_page) == ("膝盖疼", "36", 2, 3)
    assert page.floors == (
        Floor(
            pid="8001",
            floor=1,
            author="登山的阿婆",
            published_at=datetime(2026, 11, 2, 2, 0, 5, tzinfo=UTC),
            text="上下楼膝盖疼\n一年多了，\n人在成都郫都区 犀浦。 [哭]",
            withheld="游客，如果您要查看本帖隐藏内容请回复",
        ),
        Floor(
            pid="8002",
            floor=2,
            author="匿名",
            published_at=datetime(2026, 11, 22, 3, 58, 44, tzinfo=UTC),
            text="我也是。",
        ),
        Floor(
            pid="8003",
            floor=12,
            author="卖药的",
            published_at=datetime(2026, 11, 22, 4, 0, 1, tzinfo=UTC),
            text="",
            withheld="提示: 该帖被管理员或版主屏蔽",
        ),
    )


@pytest.mark.parametrize("name", ["thread_jammer.html", "thread_seven.html"])
def test_first_floor_without_noise(name: str) -> None:
    page = read_thread(name)
    assert len(page.floors) == 5
    first = page.floors[0]
    assert (first.pid, first.floor, first.author) == ("100101", 1, "清溪小满")
    assert first.text.split("\n") == [
        "右下面的大牙疼三天了，昨晚疼得睡不着，吃了布洛芬只能顶四个小时。",
        "脸也有点肿，喝凉水就一抽一抽的疼。",
        "我在武侯区磨子桥附近上班，想找个近一点、晚上能看的口腔诊所，求推荐！",
    ]
    assert page.floors[2].text == "脸都肿了就别拖了，先去拍个片子看看是不是根尖炎。"  # its quote is gone


def test_gbk_thread() -> None:
    page = pages.read_thread(saved("thread_p1_gbk.html", "gbk"), now=NOW, zone=ZONE)
    assert isinstance(page, ThreadPage)
    assert page.title == "咳嗽一直不好，是不是支气管炎"
    assert page.floors[0].text.startswith("感冒好了两周了，咳嗽一直没好")
    assert page.next_page == 2


def test_archiver_pages_say_the_same() -> None:
    listed = pages.read_archiver_list(saved("archiver_list.html"))
    assert isinstance(listed, ListPage)
    assert (len(listed.entries), listed.next_page) == (20, 2)
    assert Entry(tid="1001", title="牙疼三天了，武侯区哪家口腔诊所靠谱？", replies=4) in listed.entries
    thread = pages.read_archiver_thread(saved("archiver_thread.html"), now=NOW, zone=ZONE)
    desktop = read_thread("thread_jammer.html")
    assert isinstance(thread, ThreadPage)
    assert thread.fid == "36"
    assert [(f.author, f.published_at, f.text) for f in thread.floors] == [
        (f.author, f.published_at, f.text) for f in desktop.floors
    ]
    assert [floor.floor for floor in thread.floors] == [1, None, None, None, None]


@pytest.mark.parametrize(("name", "count"), [("rss_cold.xml", 0), ("rss.xml", 20)])
def test_feed(name: str, count: int) -> None:
    page = pages.read_rss(saved(name), now=NOW)
    assert isinstance(page, ListPage)
    assert len(page.entries) == count


def test_feed_titles_need_not_be_xml() -> None:
    item = "<item><title>肚子痛 <急> & 求</title><link>http://a.example/thread-12-1-1.html</link></item>"
    page = pages.read_rss(
        f'<?xml version="1.0" encoding="gbk"?><rss><channel>{item}</channel></rss>', now=NOW
    )
    assert page == ListPage(entries=(Entry(tid="12", title="肚子痛 <急> & 求"),))


def test_refusals() -> None:
    refused = pages.read_list(saved("list_refused.html"), now=NOW, zone=ZONE)
    assert refused == Refusal(reason="抱歉，您尚未登录，没有权限访问该版块")
    gone = pages.read_thread(saved("thread_gone.html"), now=NOW, zone=ZONE)
    assert gone == Refusal(reason="抱歉，指定的主题不存在或已被删除或正在被审核", gone=True)


@pytest.mark.parametrize(
    "body",
    [
        "<h1>安全验证</h1>",
        "<div id='messagetext'><p>请输入验证码</p></div>",
        "<title>Just a moment...</title>",
    ],
)
def test_challenges_are_blocks(body: str) -> None:
    assert isinstance(pages.read_list(body, now=NOW, zone=ZONE), Blocked)


@pytest.mark.parametrize("body", ["<p>全新改版</p>", "", "<html>", "\0\0", "<div id='post_'></div>"])
def test_unknown_pages_are_loud(body: str) -> None:
    with pytest.raises(PageError):
        pages.read_thread(body, now=NOW, zone=ZONE)


def test_a_post_without_a_time_is_loud() -> None:
    html = saved("thread_traps.html").replace("authorposton8002", "when8002")
    with pytest.raises(PageError, match="8002"):
        pages.read_thread(html, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    ("body", "declared", "text"),
    [
        ("牙疼".encode("gbk"), "gbk", "牙疼"),
        ("牙疼".encode("gbk"), "", "牙疼"),
        ("牙疼".encode("gbk") * 50, "utf-8", "牙疼" * 50),
        ("牙疼".encode(), "gbk", "牙疼"),
        ("牙疼".encode() * 50 + b"\xe7", "gbk", "牙疼" * 50 + "\ufffd"),
        ("牙齒".encode("big5"), "big5", "牙齒"),
        (b"\xef\xbb\xbfok", "", "ok"),
    ],
    ids=["gbk", "undeclared", "wrongly utf-8", "wrongly gbk", "cut utf-8", "big5", "bom"],
)
def test_decode(body: bytes, declared: str, text: str) -> None:
    assert decode(body, declared) == text


@given(st.binary(max_size=300), st.sampled_from(["", "gbk", "utf-8", "big5", "nonsense"]))
def test_decode_takes_anything(body: bytes, declared: str) -> None:
    assert isinstance(decode(body, declared), str)


@given(st.text(max_size=300))
def test_nonsense_is_never_a_page(html: str) -> None:
    for read in (pages.read_thread, pages.read_list, pages.read_archiver_thread):
        try:
            found = read(html, now=NOW, zone=ZONE)
        except PageError:
            continue
        assert isinstance(found, Blocked | Refusal)


def test_a_million_nested_tags_end() -> None:
    with pytest.raises(PageError):
        pages.read_thread("<div>" * 1_000_000, now=NOW, zone=ZONE)
