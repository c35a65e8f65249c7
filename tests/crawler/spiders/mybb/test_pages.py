"""Pages of MyBB as a real 1.8 serves them, cut down to their skeleton and filled with words of our own."""

# ruff: noqa: E501  # markup, as it is read

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing import strange
from crawler.parsing.outcomes import Refusal
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.pages import ListPage, ThreadPage
from crawler.spiders.mybb.pages import read_list, read_thread

ZONE = ZoneInfo("Asia/Shanghai")
AT = Moment(now=datetime(2026, 11, 30, 8, 0, tzinfo=UTC), zone=ZONE)
LOGIN = """<div style="display: none;"><form><table class="tborder"><tr><td class="thead">登录</td></tr>
<tr><td class="trow1">用户名:</td></tr></table></form></div>"""
SUB_BOARDS = """<table class="tborder"><tr><td class="thead">里面的版</td></tr><tr>
<td class="trow1"><span class="forum_status forum_on" id="mark_read_5"></span></td><td class="trow1">
<strong><a href="forumdisplay.php?fid=5">口腔</a></strong><div>说明<div class="subforumicon"></div>
<a href="forumdisplay.php?fid=6">牙套</a></div></td><td>11</td><td><a href="showthread.php?tid=65">牙疼</a></td></tr>
<tr><td class="trow1"><span class="forum_status forum_offlink"></span></td>
<td class="trow1"><a href="forumdisplay.php?fid=12">外站</a></td></tr></table>"""
THREADS = """<table class="tborder"><tr><td class="thead">求助</td></tr>
<tr><td class="tcat"><a href="forumdisplay.php?fid=4&amp;sortby=subject">主题</a></td></tr>{rows}</table>"""
ROW = """<tr class="inline_row"><td class="trow1"><span id="tid_45"><a href="showthread.php?tid=45">牙龈肿了</a></span></td>
<td><a href="misc.php?action=whoposted&tid=45" onclick="MyBB.whoPosted(45)">66</a></td>
<td><span class="lastpost smalltext">11-21-2026, 06:14 AM</span></td></tr>"""
POST = """<div class="navigation"><a href="forumdisplay.php?fid=4">求助</a>
<div class="pagination pagination_breadcrumb"><a class="pagination_current" href="forumdisplay.php?fid=4">1</a>
<a href="forumdisplay.php?fid=4&amp;page=2" class="pagination_next">下一页</a></div>
<span class="active">牙龈肿了</span></div>
<div class="pagination"><span class="pagination_current">2</span>
<a href="showthread.php?tid=45&amp;page=3" class="pagination_next">下一页</a></div>
<div class="post" id="post_381"><span class="post_date">11-22-2026, 11:56 PM</span>
<div class="post_body scaleimages">{words}</div></div>"""


def listed(html: str) -> ListPage | Refusal:
    found = read_list(f"<body>{LOGIN}{html}</body>", AT)
    assert isinstance(found, ListPage | Refusal)
    return found


def test_a_board_behind_a_password_is_refused_in_its_own_words() -> None:
    form = """<form action="/forumdisplay.php?fid=9"><table class="tborder"><tr><td class="thead">口令</td></tr>
    <tr><td class="trow2">看这个版要口令。</td></tr><tr><td class="trow1"><input name="pwverify"></td></tr></table></form>"""
    assert listed(form) == Refusal(reason="看这个版要口令。")


@pytest.mark.parametrize(
    "cell",
    [
        '<!-- start: forumdisplay_nopermission --><tr><td colspan="6" class="trow1">这里的主题不给看。</td></tr>',
        '<tr><td colspan="6" class="trow1">你没有权限看这里的主题。</td></tr>',
    ],
)
def test_a_board_that_keeps_its_threads_from_guests_is_refused(cell: str) -> None:
    found = listed(THREADS.format(rows=cell))
    assert isinstance(found, Refusal)
    assert found.reason.endswith("看这里的主题。") or found.reason == "这里的主题不给看。"


def test_a_board_without_threads_is_empty() -> None:
    found = listed(THREADS.format(rows='<tr><td colspan="6" class="trow1">还没有主题。</td></tr>'))
    assert isinstance(found, ListPage)
    assert found.entries == ()


def test_boards_below_are_offered_but_links_to_elsewhere_are_none() -> None:
    found = listed(SUB_BOARDS + THREADS.format(rows=ROW))
    assert isinstance(found, ListPage)
    assert [(board.id, board.name) for board in found.boards] == [("5", "口腔"), ("6", "牙套")]
    assert [entry.replies for entry in found.entries] == [66]


def test_a_category_has_boards_and_no_threads() -> None:
    found = listed(SUB_BOARDS)
    assert isinstance(found, ListPage)
    assert (found.entries, len(found.boards)) == ((), 2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('疼<br><div class="codeblock"><div class="title">代码:</div><div class="body"><code>一<br>二</code></div>'
         "</div>三", "疼\n一\n二\n三"),
        ('疼<br><img src="txt.png"> <a href="attachment.php?aid=3">片子.txt</a> (大小: 15 字节 / 下载: 0)',
         "疼"),
        ('疼<br><a href="attachment.php?aid=4"><img src="x.png"></a> (左边那颗)', "疼\n(左边那颗)"),
        ('疼<br><blockquote class="mycode_quote"><cite>某人</cite>别人的话</blockquote>两天', "疼\n两天"),
    ],
)  # fmt: skip
def test_the_words_of_a_post(words: str, text: str) -> None:
    with strange.listened() as met:
        found = read_thread(POST.format(words=words), AT)
    assert isinstance(found, ThreadPage)
    assert [floor.text for floor in found.floors] == [text]
    assert not met


def test_the_pages_of_a_thread_are_not_those_of_its_board() -> None:
    found = read_thread(POST.format(words="疼"), AT)
    assert isinstance(found, ThreadPage)
    assert (found.page, found.next_page) == (2, 3)


@pytest.mark.parametrize(
    "shown",
    [
        "11-22-2026, 11:56 PM",
        "22-11-2026, 23:56",
        "2026-11-22, 23:56",
        "2026年11月22日, 23:56",
        "22.11.26, 23:56",
        "November 22nd, 2026, 11:56 PM",
        "Sunday, November 22nd, 2026, 11:56 PM",
        "22nd November 2026, 11:56 PM",
        '<span title="11-22-2026, 11:56 PM">8 hours ago</span>',
        '<span title="2026-11-22">Yesterday</span>, 23:56',
    ],
)
def test_dates_in_every_form_an_operator_can_choose(shown: str) -> None:
    found = read_thread(POST.format(words="疼").replace("11-22-2026, 11:56 PM", shown), AT)
    assert isinstance(found, ThreadPage)
    assert found.floors[0].published_at == datetime(2026, 11, 22, 15, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "day"), [("10-11-2026, 08:00 AM", 11), ("05-12-2026, 08:00 AM", 12), ("03-12-2026", 12)]
)
def test_of_two_small_numbers_the_first_is_the_month(shown: str, day: int) -> None:
    found = read_thread(POST.format(words="疼").replace("11-22-2026, 11:56 PM", shown), AT)
    assert isinstance(found, ThreadPage)
    assert found.floors[0].published_at.astimezone(ZONE).day == day


def test_unless_that_would_be_in_the_future() -> None:
    found = read_thread(POST.format(words="疼").replace("11-22-2026, 11:56 PM", "12-11-2026, 08:00 AM"), AT)
    assert isinstance(found, ThreadPage)
    assert found.floors[0].published_at == datetime(2026, 11, 12, 0, 0, tzinfo=UTC)
