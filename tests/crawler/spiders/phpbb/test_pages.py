"""Pages of phpBB as a real 3.3 serves them, cut down to their skeleton and filled with words of our own."""

# ruff: noqa: E501  # markup, as it is read

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing import strange
from crawler.parsing.outcomes import Refusal
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.pages import ListPage, ThreadPage
from crawler.spiders.phpbb.pages import read_list, read_thread

AT = Moment(now=datetime(2026, 11, 30, 8, 0, tzinfo=UTC), zone=ZoneInfo("Asia/Shanghai"))
JUMP = '<div class="action-bar actions-jump"><ul><li><a href="./viewforum.php?f=4">求助</a></li></ul></div>'
TITLE = '<h2 class="forum-title"><a href="./viewforum.php?f=4&amp;sid=0a">求助</a></h2>'
BAR = '<div class="action-bar bar-top"><div class="pagination">{threads} 个主题</div></div>'
ROW = """<ul class="topiclist topics"><li class="row {kind}"><dl class="row-item"><dt><div class="list-inner">{title}
</div></dt><dd class="posts">2 <dfn>回复</dfn></dd><dd class="lastpost"><span><dfn>最后</dfn>
<time datetime="2026-11-29T00:46:30+00:00">周日</time></span></dd></dl></li></ul>"""
LINK = '<a href="./viewtopic.php?t=93&amp;sid=0a" class="topictitle">牙龈肿了</a>'
SUB_BOARDS = """<div class="forabg"><ul class="topiclist"><li class="header"><a href="./viewforum.php?f=3">本地</a></li>
</ul><ul class="topiclist forums"><li class="row"><dl class="row-item forum_read"><dt><div class="list-inner">
<a href="./viewforum.php?f=5&amp;sid=0a" class="forumtitle">口腔</a><br>说明 <strong>分版:</strong>
<a href="./viewforum.php?f=6" class="subforum read"><i class="icon"></i>牙套</a></div></dt></dl></li>
<li class="row"><dl class="row-item forum_link"><dt><a href="./viewforum.php?f=12" class="forumtitle">外站</a></dt>
</dl></li></ul></div>"""
POST = """<div id="page-body"><h2 class="topic-title"><a href="./viewtopic.php?t=93">牙龈肿了</a></h2>
<div id="p7" class="post has-profile bg2"><p class="author">由 <a class="username">某人</a>
<time datetime="2026-11-29T00:46:30+00:00">周日</time></p><div class="content">{words}</div></div></div>"""


def listed(html: str) -> ListPage | Refusal:
    found = read_list(f'<body><div id="page-body">{html}{JUMP}</div></body>', AT)
    assert isinstance(found, ListPage | Refusal)
    return found


def test_a_board_behind_a_password_is_refused() -> None:
    form = '<form id="login_forum"><h2>登录</h2><p>看这个版要口令。</p><input type="password"></form>'
    assert listed(TITLE + form) == Refusal(reason="看这个版要口令。")


def test_titles_without_a_way_to_the_posts_are_refused() -> None:
    rows = ROW.format(kind="global-announce", title="公告") + ROW.format(kind="bg2", title="牙龈肿了")
    assert listed(TITLE + BAR.format(threads=1) + rows) == Refusal(reason="主题只列标题，不给游客看内容")


def test_a_board_that_guests_may_not_read_is_refused() -> None:
    panel = '<div class="panel"><div class="inner"><strong>你没有权限看本版的主题。</strong></div></div>'
    assert listed(TITLE + panel) == Refusal(reason="你没有权限看本版的主题。")


def test_an_announcement_of_the_whole_site_leads_nowhere_and_hides_no_thread() -> None:
    rows = ROW.format(kind="global-announce", title="公告") + ROW.format(kind="bg2", title=LINK)
    found = listed(TITLE + BAR.format(threads=1) + rows)
    assert isinstance(found, ListPage)
    assert [(entry.tid, entry.replies) for entry in found.entries] == [("93", 2)]


def test_boards_below_are_offered_but_links_to_elsewhere_are_none() -> None:
    found = listed(TITLE + SUB_BOARDS + BAR.format(threads=1) + ROW.format(kind="bg2", title=LINK))
    assert isinstance(found, ListPage)
    assert [(board.id, board.name) for board in found.boards] == [("5", "口腔"), ("6", "牙套")]


def test_a_category_has_boards_and_no_threads() -> None:
    found = listed(TITLE + SUB_BOARDS)
    assert isinstance(found, ListPage)
    assert (found.entries, len(found.boards)) == ((), 2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ('疼<br><blockquote class="uncited"><div>别人的话</div></blockquote>两天了', "疼\n两天了"),
        (
            '<div class="codebox"><p>代码: <a href="#">全选</a></p><pre><code>一\n  二</code></pre></div>三',
            "一\n二\n三",
        ),
        ('肿了<img alt="😀" class="emoji smilies" src="x.svg">三天', "肿了😀三天"),
        ('肿了<img class="smilies" alt=":)" src="x.gif">三天', "肿了三天"),
        ('<strong class="text-strong">牙</strong><em class="text-italics">疼</em>', "牙疼"),
    ],
)
def test_the_words_of_a_post(words: str, text: str) -> None:
    with strange.listened() as met:
        found = read_thread(POST.format(words=words), AT)
    assert isinstance(found, ThreadPage)
    assert [floor.text for floor in found.floors] == [text]
    assert not met
