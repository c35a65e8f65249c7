"""The little forum of `topics` in the pages of phpBB, MyBB and phpwind, as far as a visitor goes.

Written after their documented templates, in words of our own.
"""

# ruff: noqa: E501  # markup, as it is read

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from crawler.sample.forum import SitePage
from tests.site.replica import Asked
from tests.site.topics import Board, Said, Thread

ROWS = 4  # threads of a list's page
POSTS = 7  # posts of a thread's page: no engine's usual number
_LOCAL = ZoneInfo("Asia/Shanghai")
Answer = Callable[[Board, str, dict[str, str]], str]


def served(board: Board) -> Callable[[Asked], SitePage | None]:
    """Answers for a site of the board's engine; board 8 is closed to guests, board 9 is empty."""

    def answer(asked: Asked) -> SitePage | None:
        parts = urlsplit(asked.path)
        if parts.path == "/robots.txt":
            return None
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        body = _ENGINES[board.engine](board, parts.path, query)
        return SitePage(
            body=f"<!DOCTYPE html><html><head><title>t</title></head>{body}</html>".encode(),
            headers={"Content-Type": "text/html; charset=utf-8"},
        )

    return answer


def _threads(board: Board, number: str) -> list[Thread]:
    return [] if number == "9" else board.listed()


def _cut(rows: list[Thread] | list[Said], start: int, size: int) -> tuple[list[Thread] | list[Said], bool]:
    return rows[start : start + size], start + size < len(rows)


# ── phpBB ─────────────────────────────────────────────────────────────────────────────────────────────────


def _phpbb(board: Board, path: str, query: dict[str, str]) -> str:
    start = int(query.get("start", "0"))
    thread = board.thread(query.get("t", ""))
    if query.get("f") == "8" or (path == "/viewtopic.php" and thread is None):
        words = "您没有权限阅读这个版面。" if query.get("f") == "8" else "您请求的主题不存在。"
        return f'<div id="message" class="panel"><h2 class="message-title">信息</h2><p>{words}</p></div>'
    if path == "/viewforum.php":
        rows, more = _cut(_threads(board, query["f"]), start, ROWS)
        total, step, link = len(_threads(board, query["f"])), ROWS, f"./viewforum.php?f={query['f']}"
        inner = '<ul class="topiclist topics">' + "".join(map(_phpbb_row, rows)) + "</ul>"
    else:
        assert thread is not None
        start = min(start, (len(thread.posts) - 1) // POSTS * POSTS)  # as phpBB answers a start too high
        rows, more = _cut(thread.posts, start, POSTS)
        total, step, link = len(thread.posts), POSTS, f"./viewtopic.php?t={thread.id}"
        inner = f'<h2 class="topic-title"><a href="{link}">{thread.title}</a></h2>'
        inner += "".join(map(_phpbb_post, rows))
    page = f'<li class="active"><span>{start // step + 1}</span></li>'
    page += (
        f'<li class="arrow next"><a rel="next" href="{link}&amp;start={start + step}">下一页</a></li>'
        if more
        else ""
    )
    pager = f'<div class="pagination">{total} 个 <ul>{page}</ul></div>'
    trail = '<ul id="nav-breadcrumbs"><li><a href="./viewforum.php?f=7">健康</a></li></ul>'
    bar = f'<div class="action-bar bar-top">{pager}</div>'
    return f'<body>{trail}<div id="page-body">{bar}{inner}</div></body>'


def _phpbb_row(thread: Thread) -> str:
    kind = " sticky" if thread.pinned else ""
    return (
        f'<li class="row bg1{kind}"><dl class="row-item"><dt><div class="list-inner">'
        f'<a href="./viewtopic.php?t={thread.id}&amp;sid=ab" class="topictitle">{thread.title}</a></div></dt>'
        f'<dd class="posts">{len(thread.posts) - 1} <dfn>回复</dfn></dd><dd class="views">9</dd>'
        f'<dd class="lastpost"><span>由 <a class="username">某人</a><br>'
        f'<time datetime="{thread.last.isoformat()}">刚才</time></span></dd></dl></li>'
    )


def _phpbb_post(said: Said) -> str:
    quote = "<blockquote><div><cite>某人 写:</cite>别人的话</div></blockquote>" if said.number > 1 else ""
    return (
        f'<div id="p{said.number + 9000}" class="post has-profile bg2"><div class="postbody">'
        f'<p class="author">由 <strong><a class="username">{said.author}</a></strong> » '
        f'<time datetime="{said.at.isoformat()}">那天</time></p>'
        f'<div class="content">{quote}{said.html}<div class="notice">最后由 某人 编辑</div></div>'
        f'<div id="sig{said.number}" class="signature">一句签名</div></div></div>'
    )


# ── MyBB ──────────────────────────────────────────────────────────────────────────────────────────────────


def _mybb(board: Board, path: str, query: dict[str, str]) -> str:
    number = int(query.get("page", "1"))
    thread = board.thread(query.get("tid", ""))
    if query.get("fid") == "8" or (path == "/showthread.php" and thread is None):
        words = "你没有权限访问此页。" if query.get("fid") == "8" else "指定的主题不存在。"
        return (
            f'<table class="tborder"><tr><td class="thead"><strong>提示</strong></td></tr><tr><td class="trow1">'
            f"{words}</td></tr></table>"
        )
    size, rows = (ROWS, _threads(board, query["fid"])) if thread is None else (POSTS, thread.posts)
    # A number too high is answered with the last page.
    number = min(number, max(1, -(-len(rows) // size)))
    shown, more = _cut(rows, (number - 1) * size, size)
    pager = f'<div class="pagination"><span class="pagination_current">{number}</span>'
    base = f"showthread.php?tid={thread.id}" if thread else f"forumdisplay.php?fid={query['fid']}"
    pager += (
        f'<a class="pagination_next" href="{base}&amp;page={number + 1}">下一页</a></div>'
        if more
        else "</div>"
    )
    title = thread.title if thread else "健康"
    trail = (
        f'<div class="navigation"><a href="forumdisplay.php?fid=7">健康</a>'
        f'<span class="active">{title}</span></div>'
    )
    sort = f'<a href="forumdisplay.php?fid={query.get("fid", 7)}&amp;sortby=subject">主题</a>'
    inner = "".join(map(_mybb_post, shown)) if thread else sort + "".join(map(_mybb_row, shown))
    return f"<body>{trail}{pager}{inner}</body>"


def _american(at: datetime) -> str:
    return f"{at.astimezone(_LOCAL):%m-%d-%Y, %I:%M %p}"


def _mybb_row(thread: Thread) -> str:
    kind = "forumdisplay_sticky" if thread.pinned else "forumdisplay_regular"
    return (
        f'<tr class="inline_row"><td class="trow1 {kind}"><span class="subject_new" id="tid_{thread.id}">'
        f'<a href="showthread.php?tid={thread.id}">{thread.title}</a></span></td>'
        f'<td class="trow1"><a href="javascript:MyBB.whoPosted({thread.id});">{len(thread.posts) - 1}</a></td>'
        f'<td class="trow1"><span class="lastpost smalltext">{_american(thread.last)}<br>'
        f'<a href="showthread.php?tid={thread.id}&amp;action=lastpost">最后</a>: <a>某人</a></span></td></tr>'
    )


def _mybb_post(said: Said) -> str:
    quote = (
        '<blockquote class="mycode_quote"><cite>某人</cite>别人的话</blockquote>' if said.number > 1 else ""
    )
    return (
        f'<div class="post" id="post_{said.number + 9000}"><div class="post_author"><div class="author_information">'
        f'<a href="member.php?action=profile&amp;uid=3">{said.author}</a></div></div><div class="post_content">'
        f'<div class="post_head"><a href="#">#{said.number}</a><span class="post_date">{_american(said.at)} '
        f'<span class="post_edit"></span></span></div><div class="post_body scaleimages">{quote}{said.html}</div>'
        f'<div class="signature scaleimages">一句签名</div></div></div>'
    )


# ── phpwind ───────────────────────────────────────────────────────────────────────────────────────────────


def _phpwind(board: Board, path: str, query: dict[str, str]) -> str:
    number = int(query.get("page", "1"))
    thread = board.thread(query.get("tid", ""))
    if query.get("fid") == "8" or (path == "/read.php" and thread is None):
        words = "您没有权限查看该版块" if query.get("fid") == "8" else "您要访问的链接无效，可能帖子已被删除"
        return f'<div class="regMsg">{words}</div>'
    size, rows = (ROWS, _threads(board, query["fid"])) if thread is None else (POSTS, thread.posts)
    number = min(number, max(1, -(-len(rows) // size)))
    shown, more = _cut(rows, (number - 1) * size, size)
    base = f"read.php?tid={thread.id}" if thread else f"thread.php?fid={query['fid']}"
    next_link = f'<a href="{base}&amp;page={number + 1}">{number + 1}</a>' if more else ""
    pager = f'<div class="pages"><b>{number}</b>{next_link}</div>'
    trail = '<div id="breadCrumb"><a href="thread.php?fid=7">健康</a></div>'
    if thread is None:
        return (
            f'<body>{trail}{pager}<table id="threadlist">{"".join(map(_phpwind_row, shown))}</table></body>'
        )
    return (
        f'<body>{trail}{pager}<h1 id="subject_tpc">{thread.title}</h1>'
        f"{''.join(map(_phpwind_post, shown))}</body>"
    )


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(_LOCAL):%Y-%m-%d %H:%M}"


def _phpwind_row(thread: Thread) -> str:
    pin = '<img src="images/wind/thread/headtopic_1.gif">' if thread.pinned else ""
    return (
        f'<tr class="tr3"><td class="icon">{pin}</td><td class="subject" id="td_{thread.id}">'
        f'<a href="read.php?tid={thread.id}" id="a_ajax_{thread.id}" class="subject_t">{thread.title}</a></td>'
        f'<td class="author"><a>某人</a><p>2026-11-01</p></td><td class="num"><em>{len(thread.posts) - 1}</em>/99</td>'
        f'<td class="author"><a>某人</a><p><a title="{_stamp(thread.last)}">10分钟前</a></p></td></tr>'
    )


def _phpwind_post(said: Said) -> str:
    name = "tpc" if said.number == 1 else str(said.number + 9000)
    quote = '<div class="quote">引用</div><blockquote class="blockquote3">别人的话</blockquote>'
    return (
        f'<div class="read_t" id="readfloor_{name}"><div class="readName b"><a href="u.php?uid=3">{said.author}</a>'
        f'</div><div class="tipTop s6">发表于: <span title="{_stamp(said.at)}">3天前</span></div>'
        f'<div class="tpc_content"><div class="f14 mb10" id="read_{name}">{quote if said.number > 1 else ""}'
        f'{said.html}<div class="tips" id="alert_{name}">[ 此帖被某人在那天重新编辑 ]</div></div></div></div>'
    )


_ENGINES: dict[str, Answer] = {"phpbb": _phpbb, "mybb": _mybb, "phpwind": _phpwind}
