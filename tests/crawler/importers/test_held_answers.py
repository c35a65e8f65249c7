"""Answers of Weibo's web pages that people save: one post, and the lists of weibo.com/ajax."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.importers import Post, Rejected, detect, read

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
STATUS = {
    "id": 5100000000000001,
    "mid": "5100000000000001",
    "idstr": "5100000000000001",
    "created_at": "Sun Nov 29 18:20:00 +0800 2026",
    "text": "后槽牙补的东西掉了，明天想找个地方补上",
    "user": {"id": 90001, "screen_name": "虚构昵称"},
    "reposts_count": 0,
    "attitudes_count": 1,
}


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": 1, "data": STATUS},
        {"ok": 1, "data": {"list": [STATUS], "since_id": "2"}},
        {"ok": 1, "data": {"statuses": [STATUS]}},
        {"ok": 1, "statuses": [STATUS]},
        {"statuses": [STATUS], "total_number": 1},
    ],
    ids=["one post", "data.list", "data.statuses", "ok and statuses", "statuses"],
)
def test_every_shape_of_a_saved_answer_is_read(tmp_path: Path, answer: dict[str, object]) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    assert detect(file) == "weibo-json"
    (post,) = read(file, now=NOW, secret=b"a secret of this test only")
    assert isinstance(post, Post)
    assert (post.id, post.text) == ("weibo/5100000000000001", STATUS["text"])
    assert post.published_at == datetime(2026, 11, 29, 10, 20, tzinfo=UTC)


def said(number: int, text: str, **more: object) -> dict[str, object]:
    """A comment as all three routes write it."""
    user = {"id": 90000 + number % 10, "screen_name": "虚构昵称"}
    at = "Sun Nov 29 18:30:00 +0800 2026"
    return {"id": number, "created_at": at, "text": text, "user": user, "rootid": number, **more}


ANSWER = said(5200000000000002, "回复@虚构昵称:我也是", source="来自四川")
COMMENT = said(5200000000000001, "我拔完智齿也肿了三天", source="来自四川", comments=[ANSWER])
BESIDE = {"status": {"mid": "5100000000000001"}, "source": '<a href="x">某手机</a>'}


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": 1, "data": {"data": [COMMENT], "max_id": 0, "total_number": 1}},
        {"ok": 1, "data": [COMMENT], "max_id": 0, "total_number": 1},
    ],
    ids=["m.weibo.cn", "weibo.com"],
)
def test_comments_are_read_with_those_below_them(tmp_path: Path, answer: dict[str, object]) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(answer, ensure_ascii=False), encoding="utf-8")
    assert detect(file) == "weibo-json"
    found = [post for post in read(file, now=NOW, secret=b"a secret") if isinstance(post, Post)]
    assert [(post.id, post.text) for post in found] == [
        ("weibo/c5200000000000001", "我拔完智齿也肿了三天"),
        ("weibo/c5200000000000002", "我也是"),
    ]
    assert {(hint.kind, hint.text) for post in found for hint in post.place_hints} == {("ip", "四川")}
    assert {(post.thread_id, post.url) for post in found} == {("", "")}, "nothing says below which post"
    assert {post.published_at for post in found} == {datetime(2026, 11, 29, 10, 30, tzinfo=UTC)}


def test_comments_of_the_official_api_name_their_post(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_text(json.dumps({"comments": [COMMENT | BESIDE], "total_number": 1}), encoding="utf-8")
    assert detect(file) == "weibo-json"
    first, _ = (post for post in read(file, now=NOW, secret=b"a secret") if isinstance(post, Post))
    assert (first.thread_id, first.url) == ("5100000000000001", "https://m.weibo.cn/detail/5100000000000001")
    assert first.place_hints == (), "a device is no place"


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        (
            '<div class="s_post_list"><div class="s_post"><span class="p_title">'
            '<a href="/p/8800000002?pid=150000000003&amp;cid=0">回复：补牙</a></span>'
            '<div class="p_content">补过的地方又…</div></div></div>',
            "保存帖子页",
        ),
        (
            """<li class="lzl_single_post j_lzl_s_p" data-field="{'spid':'150000000009'}">"""
            '<span class="lzl_content_main">我也是</span><span class="lzl_time">2026-11-29 22:55</span></li>',
            "保存整个帖子页",
        ),
    ],
    ids=["search", "sub-replies alone"],
)
def test_parts_of_tieba_are_recognised_and_told_what_to_save_instead(
    tmp_path: Path, body: str, advice: str
) -> None:
    file = tmp_path / "saved.html"
    file.write_text(f"<html><body>{body}</body></html>", encoding="utf-8")
    assert detect(file) == "tieba-html"
    (bad,) = read(file, now=NOW, secret=b"a secret")
    assert isinstance(bad, Rejected)
    assert advice in bad.reason
