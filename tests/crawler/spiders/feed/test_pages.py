"""Feeds of every kind, saved in the shape sites serve them: what each says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.spiders.feed.pages import Feed, Item, read_feed
from tests.support.paths import PAGES

HERE = PAGES / "feed"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
URL = "https://feed.example.org/feeds/board.xml"


def read(body: bytes, *, declared: str = "", url: str = URL) -> Feed | Refusal | Blocked:
    return read_feed(body, declared=declared, url=url, now=NOW, zone=ZoneInfo("Asia/Shanghai"))


def saved(name: str) -> Feed:
    feed = read((HERE / name).read_bytes())
    assert isinstance(feed, Feed)
    return feed


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_first_item_of_rss_2() -> None:
    item = saved("rss2.xml").items[0]
    assert item == Item(
        id=item.id,
        link="https://feed.example.org/t/101.html",  # was relative
        title="孩子半夜咳嗽 & 喘",
        text="孩子半夜咳嗽，听着有点喘。\n双流附近哪家儿科晚上开？",  # content:encoded, without the hidden
        author="竹影",
        published_at=at(22, 6, 10),
        replies=4,
        point=(30.5744, 103.9232),
    )


@pytest.mark.parametrize(
    ("number", "text", "published"),
    [
        (1, "智齿又发炎了，\n张不开嘴。", at(21, 12, 5)),  # escaped twice; dc:date
        (2, "换季皮肤痒得睡不着", at(22, 2)),  # CST is China's time
        (3, "腰疼第三天", None),
        (4, "胃胀", None),  # a time nobody can read
    ],
)
def test_odd_corners_of_rss_2(number: int, text: str, published: datetime | None) -> None:
    item = saved("rss2.xml").items[number]
    assert (item.text, item.published_at) == (text, published)


def test_an_entry_without_words_is_odd() -> None:
    assert saved("rss2.xml").odd == ("条目 'https://feed.example.org/t/106.html' 没有标题和正文",)


@pytest.mark.parametrize(
    ("name", "count", "wait", "title", "text", "author", "published"),
    [
        ("rss2.xml", 5, 60, "孩子半夜咳嗽 & 喘", "孩子半夜咳嗽，", "竹影", at(22, 6, 10)),
        ("rss2_gbk.xml", 1, 0, "嗓子疼 & 发烧<两天", "嗓子疼，吞口水都费劲，镕城", "", at(21, 12)),
        ("rss1.xml", 1, 30, "耳鸣一周", "右耳一直嗡嗡响", "半夏", at(20, 1)),
        ("atom.xml", 2, 0, "膝盖下楼疼", "下楼膝盖疼半个月了。\n要不要", "石头记", at(22, 5)),
        ("feed.json", 2, 0, "起疹子", "胳膊起了一片疹子，很痒。", "小山", at(22, 6, 30)),
        ("empty.xml", 0, 60, "", "", "", None),
    ],
)
def test_every_kind(
    name: str, count: int, wait: int, title: str, text: str, author: str, published: datetime | None
) -> None:
    feed = saved(name)
    assert (len(feed.items), feed.wait) == (count, timedelta(minutes=wait))
    if count:
        first = feed.items[0]
        assert (first.title, first.author, first.published_at) == (title, author, published)
        assert first.text.startswith(text)


def test_links_of_atom_start_from_xml_base() -> None:
    assert [item.link for item in saved("atom.xml").items] == [
        "https://feed.example.org/forum/viewtopic.php?t=301",
        "https://feed.example.org/t/302",
    ]


def test_a_json_item_of_version_1_0_and_one_without_words() -> None:
    feed = saved("feed.json")
    assert (feed.items[1].author, feed.items[1].text) == ("旧式作者", "落枕三天\n热敷没用")
    assert feed.odd == ("条目 '403' 没有标题和正文",)


def test_a_weibo_post_goes_by_its_own_number() -> None:
    item = saved("rsshub_weibo.xml").items[0]
    assert (item.id, item.weibo) == ("3501756485200075", ("3501756485200075", "1234500001"))
    assert item.title == ""  # the title only repeats the text
    assert item.text.endswith("口腔？\n在线等 [泪]")


@pytest.mark.parametrize("name", ["rss2.xml", "rss1.xml", "atom.xml", "feed.json", "rss2_gbk.xml"])
def test_ids_are_safe_distinct_and_stable(name: str) -> None:
    ids = [item.id for item in saved(name).items]
    assert len(set(ids)) == len(ids)
    assert ids == [item.id for item in saved(name).items]
    assert all(each.isalnum() and len(each) < 40 for each in ids)


def test_the_same_entry_under_another_declaration_is_the_same() -> None:
    gbk = (HERE / "rss2_gbk.xml").read_bytes()
    wrong = gbk.replace(b'encoding="gbk"', b'encoding="utf-8"')
    assert read(gbk) == read(wrong) == read(gbk, declared="iso-8859-1")


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("<html><title>登录 - 社区</title><form>密码</form></html>", Refusal, "要求登录（登录 - 社区）"),
        ("<html><title>提示</title><p>您还未登录，无法查看</p></html>", Refusal, "要求登录（您还未登录）"),
        ("<!doctype html><title>安全验证</title>", Blocked, "页面要求验证（安全验证）"),
        ("<html><title>Just a moment...</title></html>", Blocked, "页面要求验证（just a moment）"),
        ("<html><title>404 Not Found</title></html>", Refusal, "页面说：not found"),
    ],
)
def test_a_page_instead_of_a_feed(body: str, kind: type, reason: str) -> None:
    answer = read(body.encode())
    assert isinstance(answer, kind)
    assert answer.reason == reason  # type: ignore[union-attr]  # both kinds have one


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html><title>欢迎</title><p>首页</p></html>", "给出的是网页，不是订阅源"),
        ("", "不是订阅源，也不是网页（0 字符"),
        ("hello", "不是订阅源，也不是网页"),
        ("{", "不是有效的 JSON"),
        ('{"items": []}', "不是 JSON Feed"),
        (
            '{"version": "https://jsonfeed.org/version/1.1", "version": "x", "items": []}',
            "重复的键 'version'",
        ),
        ("{" + '"a":[' * 100_000, "不是有效的 JSON"),
    ],
)
def test_what_is_no_feed_is_loud(body: str, reason: str) -> None:
    with pytest.raises(PageError, match=reason.replace("（", ".")):
        read(body.encode())


@given(st.binary(max_size=300))
def test_junk_never_crashes(junk: bytes) -> None:
    start = b"<rss version='2.0'><channel><item><title>"
    for body in (junk, start + junk, b"{" + junk):
        try:
            read(body)
        except PageError:
            continue


def test_the_title_of_a_wordpress_comment_names_a_person_and_is_left_out() -> None:
    feed = (
        '<rss version="2.0"><channel><title>评论</title><item><title>某人 对《洗牙疼吗》的评论</title>'
        "<link>https://blog.example/tooth/#comment-31</link><guid>https://blog.example/?p=7#comment-31</guid>"
        "<pubDate>Sat, 21 Nov 2026 08:00:00 +0000</pubDate><description>我上周洗的，有点酸</description>"
        "</item></channel></rss>"
    )
    found = read(feed.encode(), url="https://blog.example/")
    assert isinstance(found, Feed)
    (item,) = found.items
    assert (item.title, item.text) == ("", "我上周洗的，有点酸")


def comments(*bodies: str) -> bytes:
    """A blog's feed of comments as WordPress 6 writes it."""
    entries = "".join(
        f"<item><title>某人 对《洗牙疼吗》的评论</title><link>https://blog.example/?p=7#comment-{number}</link>"
        f"<pubDate>Sat, 21 Nov 2026 08:00:0{number} +0000</pubDate>"
        f"<description><![CDATA[某人 别人的话 摘要比正文还长，长得多，长得多，长得多]]></description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
        for number, body in enumerate(bodies, start=1)
    )
    space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f'<rss version="2.0" {space}><channel><title>评论</title>{entries}</channel></rss>'.encode()


@pytest.mark.parametrize(
    "body",
    [
        '<p>In reply to <a href="https://blog.example/?p=7#comment-9">某人</a>.</p>\n<p>有点酸</p>',
        '<p>回复给<a href="https://blog.example/tooth/#comment-9">某人</a>。</p>\n<p>有点酸</p>',
        "<blockquote><p>别人的话</p></blockquote>\n<p>有点酸</p>",
    ],
)
def test_a_comment_names_nobody_and_keeps_its_own_words(body: str) -> None:
    found = read(comments(body), url="https://blog.example/")
    assert isinstance(found, Feed)
    assert [item.text for item in found.items] == ["有点酸"]


def test_a_link_of_the_writer_to_a_comment_stays() -> None:
    before = "我上周也洗过，先看看这里再说吧，里面写得比较清楚，尤其是关于洗完以后会不会酸的那一段，都在"
    words = f'<p>{before} <a href="https://blog.example/?p=7#comment-9">这条</a></p>'
    found = read(comments(words), url="https://blog.example/")
    assert isinstance(found, Feed)
    assert found.items[0].text.endswith("都在 这条")


def test_a_comment_behind_a_password_is_withheld() -> None:
    form = '<form action="/wp-login.php" class="post-password-form"><p>要口令才能看</p></form>'
    found = read(comments(form, "<p>有点酸</p>"), url="https://blog.example/")
    assert isinstance(found, Feed)
    assert ([item.text for item in found.items], found.withheld) == (["有点酸"], 1)
