"""What real boards do beside the ordinary: pictures, sub-boards, reverse order, stuck replies, passwords."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing.outcomes import PageError, Refusal
from crawler.spiders.discuz import pages
from crawler.spiders.forum.pages import ListPage, SubBoard, ThreadPage

NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")

HEAD = """<h1 class="xs2"><a href="forum-7-1.html">晒牙</a>
<span class="xs1 xw0 i">今日: <strong class="xi1">1</strong><span class="pipe">|</span>主题:
<strong class="xi1">{threads}</strong></span></h1>"""
PICTURES = """<form id="moderate"><ul id="waterfall"><li style="width:227px"><div class="c cl">
<a href="thread-{tid}-1-1.html" title="矫正第三个月"><span class="nopic"></span></a></div>
<h3 class="xw0"><a href="thread-{tid}-1-1.html">矫正第三个月</a></h3>
<div class="auth cl"><cite class="xg1 y">喜欢: 0 &nbsp; 回复:
<a href="thread-{tid}-1-1.html" title="12 回复">12</a></cite>
<a href="space-uid-3.html">某人</a></div></li></ul></form>"""
SUB_BOARDS = """<div id="subforum_7" class="bm_c"><table><tr>
<td class="fl_icn"><a href="forum-9-1.html"></a></td>
<td><h2><a href="forum-9-1.html">高新分版</a></h2></td>
<td class="fl_i"><span class="xi2">20</span><span class="xg1"> / 131</span></td></tr></table></div>"""


def read_list(html: str) -> object:
    return pages.read_list(f"<html><body>{html}</body></html>", now=NOW, zone=ZONE)


def test_a_board_in_picture_style_is_read() -> None:
    found = read_list(HEAD.format(threads=1) + PICTURES.format(tid=81))
    assert isinstance(found, ListPage)
    assert [(entry.tid, entry.title, entry.replies) for entry in found.entries] == [
        ("81", "矫正第三个月", 12)
    ]
    assert found.threads == 1


def test_sub_boards_are_told_with_their_threads() -> None:
    found = read_list(HEAD.format(threads=1) + SUB_BOARDS + PICTURES.format(tid=81))
    assert isinstance(found, ListPage)
    assert found.boards == (SubBoard(id="9", name="高新分版", threads=20),)


def test_a_board_that_says_it_has_threads_and_shows_none_is_a_changed_layout() -> None:
    with pytest.raises(PageError, match="57 个主题"):
        read_list(HEAD.format(threads=57) + '<table id="threadlisttableid"></table>')


def test_a_board_without_threads_is_empty() -> None:
    found = read_list(HEAD.format(threads=0) + '<table id="threadlisttableid"></table>')
    assert isinstance(found, ListPage)
    assert found.entries == ()


def test_a_board_behind_a_password_is_refused() -> None:
    found = read_list('<div class="f_c"><h3 class="xs2">这个版块要密码，请先输入</h3><form></form></div>')
    assert found == Refusal(reason="这个版块要密码，请先输入")


def floor(pid: int, label: str, body: str, *, stuck: bool = False) -> str:
    mark = '<em title="置顶回复" class="replystick vm">顶</em> 来自 ' if stuck else ""
    return f"""<div id="post_{pid}"><table><tr><td><div class="authi"><a class="xw1">某人</a></div>
<a id="postnum{pid}">{mark}{label}</a>
<em id="authorposton{pid}">发表于 2026-11-20 10:{pid % 60:02}:00</em>
<table><tr><td class="t_f" id="postmessage_{pid}">{body}</td></tr></table></td></tr></table></div>"""


def read_thread(*floors: str, page: str = "") -> ThreadPage:
    html = f"""<html><head><link href="https://bbs.example.org/thread-5-1-1.html" rel="canonical"></head>
<span id="thread_subject">智齿要不要拔</span><div id="postlist">{"".join(floors)}</div>{page}</body></html>"""
    found = pages.read_thread(html, now=NOW, zone=ZONE)
    assert isinstance(found, ThreadPage)
    return found


def test_a_thread_in_reverse_order_is_noticed_and_its_first_post_known() -> None:
    found = read_thread(floor(1, "#", "主楼"), floor(9, "<em>9</em>#", "新"), floor(8, "<em>8</em>#", "旧"))
    assert found.newest_first
    assert [each.floor for each in found.floors] == [1, 9, 8]
    assert not read_thread(
        floor(1, "楼主", "主楼"), floor(2, "沙发", "甲"), floor(3, "板凳", "乙")
    ).newest_first


def test_a_reply_stuck_to_the_head_is_read_at_its_own_floor_only() -> None:
    found = read_thread(
        floor(1, "楼主", "主楼"), floor(20, "20#", "被顶的", stuck=True), floor(2, "沙发", "甲")
    )
    assert [each.pid for each in found.floors] == ["1", "2"]


def test_the_page_says_which_thread_it_is_of() -> None:
    assert read_thread(floor(1, "楼主", "主楼")).tid == "5"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('先说一句<div class="quote"><blockquote>免费看的一段</blockquote></div>', "先说一句\n免费看的一段"),
        ('<div class="quote"><blockquote>别人说的</blockquote></div>我的话', "我的话"),
        (
            '我的话<div class="quote"><blockquote><a href="forum.php?goto=findpost&pid=3">某人</a>'
            "<br>别人说的</blockquote></div>还有",
            "我的话\n还有",
        ),
        (
            '看<div class="blockcode"><ol><li>一行</ol><em onclick="copycode()">复制代码</em></div>',
            "看\n一行",
        ),
    ],
)
def test_quotations_go_and_the_authors_own_blocks_stay(body: str, text: str) -> None:
    assert read_thread(floor(1, "楼主", body)).floors[0].text == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (" 本帖最后由 某人 于 2026-11-21 08:10 编辑 <br /><br />牙好多了", "牙好多了"),
        ("谢谢<br /><b>**** Hidden Message *****</b>", "谢谢"),
        ("[*]第一<br />[*]第二", "第一\n第二"),
        ("牙好多了 :) :lol{:4_93:}<br />比例 1:20，:Doctor", "牙好多了\n比例 1:20，:Doctor"),
        ("看图<br />https://bbs.example.org/pic/a.png<br />就是这颗", "看图\n就是这颗"),
    ],
)
def test_what_the_archiver_adds_is_taken_out(said: str, text: str) -> None:
    html = f"""<html><body><div id="content">
<p class="author"><strong>某人</strong> 发表于 2026-11-20 10:00</p>
<h3>牙</h3>{said}<div class="page"></div></div></body></html>"""
    found = pages.read_archiver_thread(html, now=NOW, zone=ZONE)
    assert isinstance(found, ThreadPage)
    assert found.floors[0].text == text
