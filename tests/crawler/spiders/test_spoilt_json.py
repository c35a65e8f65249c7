"""Whatever JSON comes in place of an answer: it is read, or a `PageError` tells of it in one sentence."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.coverage.tasks import Task
from crawler.importers import Post, Rejected, read
from crawler.parsing.outcomes import PageError
from crawler.spiders.discourse.pages import FORUM as DISCOURSE
from crawler.spiders.feed.pages import read_feed
from crawler.spiders.flarum.pages import FORUM as FLARUM
from crawler.spiders.forum.json_forum import JsonForum, Moment
from crawler.spiders.forum.targets import BoardAt, ThreadAt
from crawler.spiders.nodebb.pages import FORUM as NODEBB
from crawler.spiders.tieba.pages import read_list as read_bar
from crawler.spiders.tieba.pages import read_thread as read_bar_thread
from crawler.spiders.weibo.pages import ResultPage, read_cards, read_long_text
from crawler.spiders.weibo_api.pages import StatusPage, read_comments, read_page
from crawler.spiders.weibo_status import posts_of
from tests.support.json_values import VALUES, spoilt

NOW = datetime(2026, 11, 30, tzinfo=UTC)
READ_AT = Moment(now=NOW, zone=ZoneInfo("Asia/Shanghai"))
SECRET = b"a secret of this test only"
LISTED = Task(source="s", key="l", group="g", kind="list", at=BoardAt(board="1"))
SHOWN = Task(source="s", key="t", group="g", kind="thread", at=ThreadAt(thread="9"))

MBLOG: dict[str, object] = {
    "id": "5000000000000001",
    "bid": "Oe7xqL0aB",
    "created_at": "Sun Nov 22 17:55:00 +0800 2026",
    "text": "牙疼三天了…",
    "isLongText": True,
    "longText": {"longTextContent": "牙疼三天了，求推荐"},
    "user": {"id": 9000100001, "screen_name": "虚构昵称", "verified_type": -1, "location": "四川 成都"},
    "region_name": "发布于 四川",
    "geo": {"coordinates": [30.65, 104.08], "detail": {"title": "磨子桥"}},
    "page_info": {"type": "place", "page_title": "成都·春熙路"},
    "annotations": [{"place": {"title": "春熙路"}}],
    "title": {"text": "置顶"},
    "attitudes_count": "1.2万",
    "retweeted_status": {"id": "5000000000000002", "created_at": "11-20", "text": "疼", "user": {"id": 1}},
}
TIME = "2026-11-29T10:00:00Z"
ANSWERS: dict[str, dict[str, object]] = {
    "discourse list": {
        "topic_list": {
            "more_topics_url": "/latest?page=1",
            "topics": [{"id": 11, "title": "补牙", "posts_count": 3, "bumped_at": TIME, "pinned": False}],
        }
    },
    "discourse thread": {
        "title": "补牙",
        "posts_count": 1,
        "post_stream": {
            "stream": [9001],
            "posts": [
                {
                    "id": 9001,
                    "post_number": 1,
                    "post_type": 1,
                    "username": "lin",
                    "created_at": TIME,
                    "cooked": "<p>疼</p>",
                    "actions_summary": [{"id": 2, "count": 4}],
                }
            ],
        },
    },
    "flarum list": {
        "links": {"next": "…"},
        "data": [
            {
                "type": "discussions",
                "id": "11",
                "attributes": {"title": "补牙", "commentCount": 3, "lastPostedAt": TIME, "isSticky": "1"},
            }
        ],
    },
    "flarum thread": {
        "data": [
            {
                "type": "posts",
                "id": "9001",
                "attributes": {"number": 1, "createdAt": TIME, "contentType": "comment", "contentHtml": "疼"},
                "relationships": {"user": {"data": {"type": "users", "id": "7"}}},
            }
        ],
        "included": [{"type": "users", "id": "7", "attributes": {"username": "lin"}}],
    },
    "nodebb list": {
        "topics": [{"tid": 11, "title": "补牙", "postcount": 3, "lastposttimeISO": TIME, "pinned": 0}],
        "pagination": {"pageCount": 2, "next": {"active": True}},
    },
    "nodebb thread": {
        "title": "补牙",
        "postcount": 1,
        "posts": [{"pid": 9001, "index": 0, "content": "疼", "timestamp": 1790000000000, "user": {"uid": 7}}],
        "pagination": {"pageCount": 1, "currentPage": 1},
    },
    "weibo cards": {
        "ok": 1,
        "data": {
            "cardlistInfo": {"page": 2},
            "cards": [{"card_type": 9, "mblog": MBLOG}, {"card_type": 11, "card_group": [{"card_type": 9}]}],
        },
    },
    "weibo long text": {"ok": 1, "data": {"longTextContent": "牙疼"}},
    "weibo_api posts": {"total_number": 1, "statuses": [MBLOG]},
    "weibo_api comments": {"total_number": 1, "comments": [{**MBLOG, "text": "回复@某人:我也疼"}]},
    "json feed": {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": "1",
                "url": "a.html",
                "content_html": "<p>疼</p>",
                "date_published": TIME,
                "authors": [{"name": "lin"}],
                "_comments": {"count": 2},
            }
        ],
    },
    "tieba list": {"id": 8800000001, "author_name": "虚构昵称", "reply_num": 3, "is_top": True},
    "tieba thread": {
        "author": {"portrait": "tb.1.x?t=1", "user_name": "虚构昵称"},
        "content": {"post_id": 9001, "thread_id": 8800000001, "post_no": 1, "date": "2026-11-29 10:00"},
    },
}


def forum(engine: JsonForum[Any, Any], task: Task) -> Callable[[str], object]:
    read = engine.read_list if task is LISTED else engine.read_thread
    return lambda text: read(text.encode("utf-8", "surrogatepass"), task, READ_AT)


def weibo_posts(page: object) -> object:
    """What the pages' statuses become is part of reading them."""
    found = isinstance(page, ResultPage | StatusPage)
    return posts_of(page.statuses, now=NOW, secret=SECRET) if found else page  # type: ignore[attr-defined]


def bar_row(text: str) -> str:
    row = f'<li class="j_thread_list" data-field="{html.escape(text)}"><a class="j_th_tit">补牙</a></li>'
    return f"<html><title>成都吧_百度贴吧</title><body><ul>{row}</ul></body></html>"


def bar_floor(text: str) -> str:
    block = f'<div class="l_post" data-field="{html.escape(text)}"><div class="d_post_content">疼</div></div>'
    return f'<html><body><h3 class="core_title_txt" title="补牙">补牙</h3>{block}/p/8800000001</body></html>'


READERS: dict[str, Callable[[str], object]] = {
    "discourse list": forum(DISCOURSE, LISTED),
    "discourse thread": forum(DISCOURSE, SHOWN),
    "flarum list": forum(FLARUM, LISTED),
    "flarum thread": forum(FLARUM, SHOWN),
    "nodebb list": forum(NODEBB, LISTED),
    "nodebb thread": forum(NODEBB, SHOWN),
    "weibo cards": lambda text: weibo_posts(read_cards(text, now=NOW)),
    "weibo long text": read_long_text,
    "weibo_api posts": lambda text: weibo_posts(read_page(text, now=NOW, system="gcj02")),
    "weibo_api comments": lambda text: read_comments(text, "5000000000000001", now=NOW, secret=SECRET),
    "json feed": lambda text: read_feed(
        text.encode("utf-8", "surrogatepass"),
        declared="utf-8",
        url="https://a.example/",
        now=NOW,
        zone=READ_AT.zone,
    ),
    "tieba list": lambda text: read_bar(bar_row(text), now=NOW),
    "tieba thread": lambda text: read_bar_thread(bar_floor(text), now=NOW),
}


@pytest.mark.parametrize("name", READERS)
def test_the_answer_itself_is_read(name: str) -> None:
    """Or the tests below would say nothing."""
    assert re.search("疼|补牙", str(READERS[name](json.dumps(ANSWERS[name]))))


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_spoilt_answer_is_read_or_told_of(name: str, data: st.DataObject) -> None:
    answer = data.draw(spoilt(ANSWERS[name]))
    with suppress(PageError):
        READERS[name](json.dumps(answer))


@pytest.mark.parametrize("name", READERS)
@given(value=VALUES)
def test_any_other_json_is_read_or_told_of(name: str, value: object) -> None:
    with suppress(PageError):
        READERS[name](json.dumps(value))


NESTED = '{"retweeted_status":' * 900 + "{}" + "}" * 900
DIGITS = '{"id": ' + "9" * 5_000 + "}"


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", [NESTED, DIGITS, "[" * 100_000, "", "null", '{"a":1,"a":2}'])
def test_json_that_wears_a_reader_out_is_told_of(name: str, text: str) -> None:
    with suppress(PageError):
        READERS[name](text)


@pytest.mark.parametrize("code", ["²", "9" * 5_000, -1, None, [], 21327.0])
def test_an_error_code_that_is_none_is_no_error(code: object) -> None:
    with pytest.raises(PageError, match="statuses"):
        read_page(json.dumps({"error_code": code}), now=NOW, system="wgs84")


@pytest.mark.parametrize("number", ["²", "9" * 5_000, "", None, {}])
def test_a_comment_needs_a_number(number: object) -> None:
    answer = {"comments": [{**MBLOG, "id": number}]}
    with pytest.raises(PageError, match="评论没有编号"):
        read_comments(json.dumps(answer), "5000000000000001", now=NOW, secret=SECRET)


@pytest.mark.parametrize(
    "pair", [[10**400, 104], [None, 104], ["北", "东"], [30.65], {"0": 30.65}, [91, 181]]
)
def test_a_point_off_the_globe_is_none(pair: object) -> None:
    answer = {"statuses": [{**MBLOG, "geo": {"coordinates": pair}}]}
    page = read_page(json.dumps(answer), now=NOW, system="wgs84")
    assert isinstance(page, StatusPage)
    assert "geo" not in [hint.kind for hint in page.statuses[0].hints]


def test_originals_of_originals_end() -> None:
    """Weibo names the root as everybody's original; an answer that goes deeper is read no deeper."""
    deep: dict[str, object] = {**MBLOG, "retweeted_status": None}
    for _ in range(200):
        deep = {**MBLOG, "retweeted_status": deep}
    page = read_page(json.dumps({"statuses": [deep]}), now=NOW, system="wgs84")
    assert isinstance(page, StatusPage)
    assert page.statuses[0].original is not None
    assert page.statuses[0].original.original is None


# ── files of other tools ──────────────────────────────────────────────────────────────────────────────────

RECORDS: dict[str, dict[str, object]] = {
    "tingzhen": {
        "source": "weibo",
        "post_id": "1",
        "text": "疼",
        "published_at": TIME,
        "fetched_at": TIME,
        "place_hints": [{"kind": "geo", "lat": 30.6, "lon": 104.0}],
    },
    "weibo-json": MBLOG | {"reposts_count": 1},
    "weibospider": {
        "_id": "5000000000000001",
        "mblogid": "Oe7xqL0aB",
        "content": "疼",
        "created_at": "2026-11-22 10:00:00",
        "geo": {"type": "Point", "coordinates": [30.65, 104.08]},
        "user": {"_id": "9000100001", "nick_name": "虚构昵称", "verified_type": 0},
    },
    "mediacrawler": {
        "note_id": "5000000000000001",
        "content": "疼",
        "create_time": 1790000000,
        "user_id": "1",
    },
    "weibo-crawler": {
        "id": 5000000000000001,
        "bid": "Oe7xqL0aB",
        "screen_name": "虚构昵称",
        "attitudes_count": 3,
        "text": "疼",
        "created_at": "2026-11-22 10:00:00",
        "retweet": {"id": 5000000000000002, "text": "疼", "created_at": "2026-11-21"},
    },
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_itself_is_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(RECORDS[name]), encoding="utf-8")
    assert all(isinstance(each, Post) for each in read(file, now=NOW, secret=SECRET, format=name))


@pytest.mark.parametrize("name", RECORDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spoilt_record_is_a_post_or_set_aside(name: str, data: st.DataObject, tmp_path: Path) -> None:
    """Forced, so that no other format takes it for its own."""
    file = tmp_path / "records.jsonl"
    file.write_text(json.dumps(data.draw(spoilt(RECORDS[name]))), encoding="utf-8")
    for each in read(file, now=NOW, secret=SECRET, format=name):
        assert isinstance(each, Post | Rejected)
