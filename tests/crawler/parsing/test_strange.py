"""Parsers tell what they do not understand, and what they read stays the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing import strange
from crawler.parsing.untrusted_json import Foreign, Part, Whole, Word, read_as
from crawler.spiders.discourse import pages as discourse
from crawler.spiders.discuz import pages
from crawler.spiders.feed.pages import read_feed
from crawler.spiders.flarum import pages as flarum
from crawler.spiders.forum.json_forum import own_words
from crawler.spiders.nodebb import pages as nodebb
from tests.support.paths import PAGES

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")

THREAD = (PAGES / "discuz" / "thread_traps.html").read_text(encoding="utf-8")


def thread(html: str) -> tuple[pages.ThreadPage, set[str]]:
    with strange.listened() as met:
        page = pages.read_thread(html, now=NOW, zone=ZONE)
    assert isinstance(page, pages.ThreadPage)
    return page, met


def test_a_page_of_the_known_shape_has_nothing_strange() -> None:
    assert thread(THREAD)[1] == set()


def test_a_new_block_within_the_words_is_told_by_its_class() -> None:
    start = THREAD.index('id="postmessage_')
    cell = THREAD.index(">", start) + 1
    changed = THREAD[:cell] + '<div class="citation2027">别人说过的话</div>' + THREAD[cell:]
    assert thread(changed)[1] == {"正文 citation#"}


def test_an_element_with_a_new_kind_of_number_is_told() -> None:
    changed = THREAD.replace("</body>", '<div id="bubble_77"></div><div id="bubble_78"></div></body>')
    assert thread(changed)[1] == {"编号 bubble_"}


def test_what_is_read_does_not_depend_on_whether_somebody_listens() -> None:
    alone = pages.read_thread(THREAD, now=NOW, zone=ZONE)
    assert thread(THREAD)[0] == alone


def test_a_new_kind_of_row_in_a_list_is_told() -> None:
    html = (PAGES / "discuz" / "list_p1.html").read_text(encoding="utf-8")
    with strange.listened() as before:
        pages.read_list(html, now=NOW, zone=ZONE)
    with strange.listened() as met:
        pages.read_list(html.replace('id="normalthread_', 'id="cardthread_', 1), now=NOW, zone=ZONE)
    assert before == set()
    assert "列表 cardthread_#" in met


class Author(Foreign):
    name: Word


class Post(Foreign):
    passed_over = "avatar"
    id: Word
    likes: Whole
    author: Part[Author]


def json_names(**values: object) -> set[str]:
    with strange.listened() as met:
        read_as(Post, values)
    return met


def test_json_of_the_expected_kind_has_nothing_strange() -> None:
    assert json_names(id=7, likes=None, author={"name": "甲"}, avatar="a.png") == set()


def test_a_value_of_another_kind_is_told_with_its_key() -> None:
    assert json_names(id={"v": 7}, likes="many", author="甲") == {
        "键 id 成了 dict",
        "键 likes 成了 str",
        "键 author 成了 str",
    }


def test_a_key_that_nobody_listed_is_told() -> None:
    assert json_names(id="7", body_html="<p>换了地方</p>") == {"Post body_html"}


def test_a_new_element_of_a_feed_is_told() -> None:
    feed = (PAGES / "feed" / "rss2.xml").read_bytes()
    with strange.listened() as before:
        read_feed(feed, declared="", url="https://a.example/", now=NOW, zone=ZONE)
    with strange.listened() as met:
        changed = feed.replace(b"</item>", b"<fulltext>x</fulltext></item>")
        read_feed(changed, declared="", url="https://a.example/", now=NOW, zone=ZONE)
    assert before == set()
    assert met == {"条目 fulltext"}


@pytest.mark.parametrize("engine", [discourse, nodebb, flarum])
def test_new_markup_within_a_json_forums_words_is_told(engine: ModuleType) -> None:
    html = '<p>牙疼 <img class="emoji emoji-smile_7 {}"></p>{}<blockquote class="x">引用</blockquote>'
    with strange.listened() as before:
        words = own_words(html.format("", ""), "blockquote", engine._IN_WORDS)
    with strange.listened() as met:
        new = html.format("sticker9", "<x-answer>三天了</x-answer>")
        assert own_words(new, "blockquote", engine._IN_WORDS).startswith(words)
    assert before == set()
    assert met == {"正文 sticker#", "正文 x-answer"}


def test_a_new_element_in_the_html_of_a_feed_is_told() -> None:
    item = {"id": "1", "title": "牙疼", "content_html": '<p class="any">三天了</p><pay-wall>全文</pay-wall>'}
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
    with strange.listened() as met:
        read_feed(json.dumps(feed).encode(), declared="", url="https://a.example/", now=NOW, zone=ZONE)
    assert "正文 pay-wall" in met
    assert "正文 any" not in met


def test_a_page_of_nothing_but_news_keeps_a_hundred_names() -> None:
    with strange.listened() as met:
        strange.note_names("正文", ["x" * n for n in range(1, 300)], frozenset())
    assert len(met) <= strange.MOST
