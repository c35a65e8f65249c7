"""What a person kept while reading: which post it is, when and where it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.importers import read
from crawler.importers.seen import BadRecord, SeenPost, read_seen
from crawler.items import PlaceHint, Post

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in China
SECRET = b"secret"
SEEN = SeenPost(text="智齿疼了三天，武侯区哪家牙科好", time="3小时前")


def kept(**changes: object) -> Post:
    return read_seen(replace(SEEN, **changes), now=NOW, secret=SECRET)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("url", "post_id", "stored"),
    [
        ("https://m.weibo.cn/status/z0JH2lOMb", "weibo/3501756485200075", "https://m.weibo.cn/detail/3501756485200075"),
        (
            "https://www.xiaohongshu.com/explore/66bb00000000000000000050?xsec_token=x",
            "xhs/66bb00000000000000000050",
            "https://www.xiaohongshu.com/explore/66bb00000000000000000050",
        ),
        ("https://tieba.baidu.com/p/8800000050", "tieba/8800000050", "https://tieba.baidu.com/p/8800000050"),
        (
            "https://tieba.baidu.com/p/8800000050?pid=151000000001#151000000001",
            "tieba/151000000001",
            "https://tieba.baidu.com/p/8800000050?pid=151000000001#151000000001",
        ),
        ("https://www.dianping.com/review/1234567890", "dianping/1234567890", "https://www.dianping.com/review/1234567890"),
        ("https://www.douyin.com/discover?modal_id=7300000000000000001", "dy/7300000000000000001", "https://www.douyin.com/video/7300000000000000001"),
        ("https://www.zhihu.com/question/12/answer/34", "zhihu/a34", "https://www.zhihu.com/question/12/answer/34"),
        ("https://www.zhihu.com/question/12", "zhihu/q12", "https://www.zhihu.com/question/12"),
        ("https://zhuanlan.zhihu.com/p/56?utm=x", "zhihu/p56", "https://zhuanlan.zhihu.com/p/56"),
        ("https://www.douban.com/group/topic/78/?start=100", "douban/78", "https://www.douban.com/group/topic/78/"),
    ],
)  # fmt: skip
def test_the_address_says_which_post_it_is(url: str, post_id: str, stored: str) -> None:
    post = kept(url=url)
    assert (post.id, post.url) == (post_id, stored)


def test_a_thread_is_opened_by_its_opening_post_alone() -> None:
    opening, floor = kept(url="https://tieba.baidu.com/p/88"), kept(url="https://tieba.baidu.com/p/88?pid=9")
    assert (opening.thread_id, opening.floor, floor.thread_id, floor.floor) == ("88", 1, "88", None)


def test_a_part_is_not_the_post_it_stands_in() -> None:
    url = "https://m.weibo.cn/status/z0JH2lOMb"
    whole, comment, part = (kept(url=url, kind=kind) for kind in ("post", "comment", "selection"))
    assert comment.id == part.id != whole.id
    assert comment.post_id.startswith("s")
    assert (comment.thread_id, comment.url) == (whole.post_id, whole.url)
    assert comment.floor is None


def test_words_without_an_address_are_known_again_by_themselves() -> None:
    first, again = kept(), kept(text="智齿疼了三天， 武侯区哪家牙科好！", url="https://forum.example/t?tid=1")
    assert first.source == "seen"
    assert first.id == again.id != kept(text="智齿疼了两天").id


@pytest.mark.parametrize(
    ("shown", "hours", "place"),
    [
        ("3小时前", 3, ""),
        ("编辑于 3小时前 四川", 3, "四川"),
        ("发布于 2026-11-22 09:00・IP 属地四川", 3, "四川"),
        ("IP属地:四川 来自Android客户端 1楼 2026-11-22 09:00", 3, "四川"),
        ("26-11-22 09:00 来自四川", 3, "四川"),
        ("11-21 12:00", 24, ""),
        ("昨天 12:00 四川 回复", 24, "四川"),
        ("刚刚", 0, ""),
    ],
)
def test_time_and_place_are_read_as_they_stand_beside_a_post(shown: str, hours: float, place: str) -> None:
    post = kept(time=shown)
    assert NOW - post.published_at == timedelta(hours=hours)
    assert [hint.text for hint in post.place_hints] == [place] * bool(place)


def test_a_place_said_by_itself_comes_first_and_may_be_a_check_in() -> None:
    assert kept(place="发布于 四川", time="昨天 12:00 北京").place_hints == (
        PlaceHint(kind="ip", text="四川"),
    )
    assert kept(place="成都·春熙路", place_kind="checkin").place_hints[0].kind == "checkin"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"time": ""}, "没有时间"),
        ({"time": "不知道"}, "时间"),
        ({"time": "2027-01-01"}, "将来"),
        ({"text": " "}, "空的"),
    ],
)  # fmt: skip
def test_without_words_or_a_time_nothing_is_kept(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadRecord, match=said):
        kept(**changes)


def test_nobody_is_known() -> None:
    assert (kept().author_key, kept().author_kind) == ("", "unknown")


def test_the_same_post_by_capture_file_and_api_is_one(tmp_path: Path) -> None:
    status = {
        "id": 3501756485200075, "mid": "3501756485200075", "text": SEEN.text, "source": "",
        "reposts_count": 0,
        "created_at": "Sun Nov 22 09:00:00 +0800 2026", "user": {"id": 1, "screen_name": "虚构昵称"},
    }  # fmt: skip
    note = {"note_id": "3501756485200075", "content": SEEN.text, "create_time": 1795309200}
    (tmp_path / "api.json").write_text(json.dumps({"statuses": [status]}), encoding="utf-8")
    (tmp_path / "media.jsonl").write_text(json.dumps(note) + "\n", encoding="utf-8")
    files = [
        post for name in ("api.json", "media.jsonl") for post in read(tmp_path / name, now=NOW, secret=SECRET)
    ]
    posts = [kept(url="https://m.weibo.cn/status/z0JH2lOMb"), *files]
    assert {(each.id, each.url, each.text) for each in posts if isinstance(each, Post)} == {
        ("weibo/3501756485200075", "https://m.weibo.cn/detail/3501756485200075", SEEN.text)
    }
    assert len(posts) == 3
