"""Pages of phpwind as a real 8.7 serves them, cut down to their skeleton and filled with words of our own."""

# ruff: noqa: E501  # markup, as it is read

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing import strange
from crawler.parsing.outcomes import Refusal
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.pages import ListPage, ThreadPage
from crawler.spiders.phpwind.pages import read_list, read_thread

AT = Moment(now=datetime(2026, 11, 30, 8, 0, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"))
REFUSED = """<body><div id="main"><h5>提示信息</h5><div class="regIgnore"><div class="f14 mb5">这里不给看，原因：</div>
<ol><li>1、{why}</li></ol></div><form name="login"><dl><dt>登录</dt></dl></form></div></body>"""
LIST = """<body><table><tbody id="cate_children"><tr class="tr3" id="fid_5"><th><h2><a href="thread.php?fid=5" id="fn_5">口腔</a></h2></th>
<td class="num"><em>8</em>/48</td></tr></tbody></table><div id="ajaxtable"><table><tbody id="threadlist">{rows}</tbody></table></div></body>"""
ROW = """<tr class="tr3"><td class="subject"><a href="read.php?tid=45" id="a_ajax_45">牙龈肿了</a></td><td class="num"><em>2</em>/9</td>
<td class="author"><a>某人</a><p><a title="2026-11-29 08:46">昨天</a></p></td></tr>"""
POST = """<body><h1 id="subject_tpc">牙龈肿了 <a href="javascript:;" onclick="copyUrl('');" class="gray w">[复制链接]</a></h1>
<div class="read_t" id="readfloor_9"><div class="readName b"><a href="u.php?uid=3">某人</a></div>
<div class="tipTop s6"><span title="2026-11-29 08:46:30">昨天</span></div>
<div class="tpc_content"><div class="f14 mb10" id="read_9">{words}</div></div></div></body>"""


def test_a_title_is_read_without_the_button_beside_it() -> None:
    found = read_thread(POST.format(words="疼"), AT)
    assert isinstance(found, ThreadPage)
    assert found.title == "牙龈肿了"


def test_boards_below_are_offered() -> None:
    found = read_list(LIST.format(rows=ROW), AT)
    assert isinstance(found, ListPage)
    assert [(board.id, board.name) for board in found.boards] == [("5", "口腔")]
    assert [(entry.tid, entry.replies) for entry in found.entries] == [("45", 2)]


@pytest.mark.parametrize(("why", "gone"), [("本版块要密码", False), ("帖子ID非法", True)])
def test_what_guests_may_not_see_is_refused_in_the_forums_own_words(why: str, gone: bool) -> None:
    found = read_thread(REFUSED.format(why=why), AT)
    assert isinstance(found, Refusal)
    assert (why in found.reason, found.gone) == (True, gone)


def test_a_post_that_a_moderator_has_covered_is_withheld() -> None:
    covered = '<span style="color:black;background-color:#ffff66">该帖已被遮住!</span>'
    found = read_thread(POST.format(words=covered), AT)
    assert isinstance(found, ThreadPage)
    assert [(floor.text, floor.withheld) for floor in found.floors] == [("", "该帖已被遮住!")]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            '疼<br><div class="f12"><a href="javascript:" onclick="CopyCode(1);">复制代码</a></div>'
            '<div class="blockquote2" id="code1"><ol><li>一</li><li>二</li></ol></div><br>三',
            "疼\n一\n二\n\n三",
        ),
        ('<blockquote class="blockquote3"><div class="text">别人的话</div></blockquote><br>两天了', "两天了"),
        ('疼<span style="background-color:#ffff66">要紧</span>吗', "疼要紧吗"),
    ],
)
def test_the_words_of_a_post(words: str, text: str) -> None:
    with strange.listened() as met:
        found = read_thread(POST.format(words=words), AT)
    assert isinstance(found, ThreadPage)
    assert [floor.text for floor in found.floors] == [text]
    assert not met
