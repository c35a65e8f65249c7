"""HTML of the sample forum: the shapes of Discuz! X3.5 and 7.2 pages, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape
from typing import TypeVar

from crawler.sample.topics import Contents, Topic, TopicPost

T = TypeVar("T")
PageUrl = Callable[[int], str]
SITE_ZONE = timezone(timedelta(hours=8))
_FLOORS = {1: "楼主", 2: "沙发", 3: "板凳", 4: "地板"}


def _frame(title: str, body: str, version: str = "X3.5") -> str:
    return f"""<!DOCTYPE html>
<html><head><!--charset-->
<title>{escape(title)} - 锦里社区 - Powered by Discuz!</title>
<meta name="generator" content="Discuz! {version}" />
</head><body>
<div id="hd"><a href="member.php?mod=logging&amp;action=login">登录</a> <a href="search.php">搜索</a></div>
{body}
<div id="ft">锦里社区，示例站点，内容与人物均为虚构</div>
</body></html>"""


def home(forum: Contents) -> str:
    links = "".join(
        f'<h2><a href="{forum.board_url(fid)}">{name}</a></h2>' for fid, name in forum.boards.items()
    )
    return _frame("首页", f'<div id="wp">{links}</div>')


def message(text: str, *, error: bool = False) -> str:
    kind = "alert_error" if error else "alert_info"
    return _frame(
        "提示信息",
        f'<div id="wp" class="wp"><div class="nfl"><div id="messagetext" class="{kind}"><p>{text}</p>'
        '<script type="text/javascript">document.write("<p>[ 返回上一页 ]</p>");</script></div></div></div>',
    )


def archiver_message(text: str) -> str:
    return _frame("提示信息", f'<div id="content"><p>{text}</p></div>')


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def board(forum: Contents, fid: str, page: int) -> str:
    topics, pages = _slice(forum.listed(fid), page, forum.style.list_size)
    pins = forum.pinned(fid) if page == 1 else []
    row = _row_seven if forum.style.version.startswith("7") else _row
    rows = "".join(row(forum, topic) for topic in (*pins, *topics))
    body = f"""<div id="pt" class="bm cl"><a href="./">锦里社区</a> &rsaquo;
<a href="{escape(forum.board_url(fid))}">{forum.boards[fid]}</a></div>
<div id="threadlist" class="tl bm"><table summary="forum_{fid}" id="threadlisttableid">{rows}</table></div>
{_pager(forum, page, pages, lambda number: forum.board_url(fid, number))}"""
    return _frame(forum.boards[fid], body, forum.style.version)


def _row(forum: Contents, topic: Topic) -> str:
    now, last = forum.clock(), topic.last
    kind = "stickthread" if topic.pin else "normalthread"
    pin = {"global": '<i class="tpin tpin3"></i>', "board": '<i class="tpin tpin1"></i>'}.get(topic.pin, "")
    url = escape(forum.thread_url(topic.tid))
    when = _relative(last.at, now, seconds=False)
    jump = f"forum.php?mod=redirect&amp;tid={topic.tid}&amp;goto=lastpost#lastpost"
    return f"""<tbody id="{kind}_{topic.tid}"><tr>
<td class="icn">{pin}</td>
<th class="{"lock" if topic.closed else "common"}"><a href="{url}" class="s xst">{escape(topic.title)}</a>
<a href="{jump}" class="xi1">New</a></th>
<td class="by"><cite>{_author_link(topic.posts[0])}</cite><em><span>{_day(topic.posts[0].at)}</span></em></td>
<td class="num"><a href="{url}" class="xi2">{len(topic.shown) - 1}</a><em>{len(topic.title) * 17}</em></td>
<td class="by"><cite>{escape(last.author)}</cite><em><a href="{jump}">{when}</a></em></td>
</tr></tbody>"""


def _row_seven(forum: Contents, topic: Topic) -> str:
    kind = "stickthread" if topic.pin else "normalthread"
    number = {"global": 3, "board": 1}.get(topic.pin)
    icon = f'<img src="images/default/pin_{number}.gif" />' if number else ""
    url = escape(forum.thread_url(topic.tid))
    return f"""<tbody id="{kind}_{topic.tid}"><tr>
<td class="folder"><a href="{url}">{icon}</a></td>
<th class="subject"><span id="thread_{topic.tid}"><a href="{url}">{escape(topic.title)}</a></span></th>
<td class="author"><cite>{_author_link(topic.posts[0])}</cite><em>{_day(topic.posts[0].at)}</em></td>
<td class="nums"><strong>{len(topic.shown) - 1}</strong>/<em>99</em></td>
<td class="lastpost"><cite>{escape(topic.last.author)}</cite><em><a href="redirect.php?tid={topic.tid}">
{_minute(topic.last.at)}</a></em></td></tr></tbody>"""


def archiver_board(forum: Contents, fid: str, page: int) -> str:
    topics, pages = _slice([*forum.pinned(fid), *forum.listed(fid)], page, forum.style.list_size)
    lines = "".join(
        f'<li><a href="?tid-{topic.tid}.html">{escape(topic.title)}</a> ({len(topic.shown) - 1}篇回复)\n'
        for topic in topics
    )
    return _frame(
        forum.boards[fid],
        f"""<div id="nav"><a href="./">论坛</a> &rsaquo; {forum.boards[fid]}</div>
<div id="content"><ul type="1" start="1">{lines}</ul>{_archiver_pager(f"fid-{fid}", page, pages)}</div>
<div id="end">查看完整版本:
<a href="../{escape(forum.board_url(fid))}"><strong>{forum.boards[fid]}</strong></a></div>""",
    )


# ── threads ───────────────────────────────────────────────────────────────────────────────────────────────


def thread(forum: Contents, topic: Topic, page: int) -> str:
    posts, pages = _slice(list(topic.shown), page, forum.style.thread_size)
    page = min(page, pages)
    first = (page - 1) * forum.style.thread_size + 1
    block = _block_seven if forum.style.version.startswith("7") else _block
    blocks = "".join(block(forum, topic, post, first + n) for n, post in enumerate(posts))
    name = forum.boards.get(topic.home, "站务公告")
    heading = f'<h1 class="ts"><span id="thread_subject">{escape(topic.title)}</span></h1>'
    if forum.style.version.startswith("7"):
        heading = f'<div id="threadtitle"><h1>{escape(topic.title)}</h1></div>'
    crumbs = "nav" if forum.style.version.startswith("7") else "pt"
    body = f"""<div id="{crumbs}"><a href="./">锦里社区</a> &rsaquo;
<a href="{escape(forum.board_url(topic.home))}">{name}</a> &rsaquo; {escape(topic.title)}</div>
<div class="hm"><span class="xg1">查看:</span> <span class="xi1">321</span>
<span class="xg1">回复:</span> <span class="xi1">{len(topic.shown) - 1}</span></div>
{heading}
<div id="postlist" class="pl bm">{blocks}</div>
<div id="post_new"></div>
{_pager(forum, page, pages, lambda number: forum.thread_url(topic.tid, number))}"""
    return _frame(topic.title, body, forum.style.version)


def _block(forum: Contents, topic: Topic, post: TopicPost, floor: int) -> str:
    pid, label = post.pid, _FLOORS.get(floor) or f"<em>{floor}</em><sup>#</sup>"
    sign = f'<div class="sign" style="max-height:100px;">{escape(topic.sign)}</div>' if topic.sign else ""
    rating = f'<dl id="ratelog_{pid}" class="rate"><dd>评分理由 很给力!</dd></dl>'
    rated = f'<div id="post_rate_div_{pid}">{rating}</div>'
    when = _relative(post.at, forum.clock(), seconds=True)
    return f"""<div id="post_{pid}"><table id="pid{pid}" class="plhin" summary="pid{pid}"><tr>
<td class="pls" rowspan="2"><div id="favatar{pid}" class="pls cl favatar">
<div class="pi"><div class="authi">{_author_link(post, cls="xw1")}</div></div></div></td>
<td class="plc"><div class="pi"><strong>
<a href="forum.php?mod=redirect&amp;goto=findpost&amp;ptid={topic.tid}&amp;pid={pid}"
 id="postnum{pid}">{label}</a>
</strong>
<div class="pti"><div class="authi"><em id="authorposton{pid}">发表于 {when}</em></div></div></div>
<div class="pct"><div class="pcb">{_cell(topic, post)}
<div id="comment_{pid}" class="cm"></div>{rated if post.trait == "rated" else ""}</div></div></td></tr>
<tr><td class="plc plm">{sign if floor == 1 else ""}</td></tr></table></div>"""


def _cell(topic: Topic, post: TopicPost) -> str:
    if post.trait == "shielded":
        return '<div class="locked">提示: <em>该帖被管理员或版主屏蔽</em></div>'
    cell = f'<td class="t_f" id="postmessage_{post.pid}">\n{_words(topic, post)}</td>'
    return f'<div class="t_fsz"><table cellspacing="0" cellpadding="0"><tr>{cell}</tr></table></div>'


def _words(topic: Topic, post: TopicPost) -> str:
    opening = post is topic.posts[0]
    if post.trait == "hidden":
        return (
            '<div class="locked">游客，如果您要查看本帖隐藏内容请<a href="forum.php?mod=post">回复</a></div>'
        )
    noise = '<font class="jammer">8 x" V, ?0 v- h&amp; G</font>' if topic.jammer else ""
    hidden = '<span style="display:none">' + "% K5 t8 n</span>" if topic.jammer else ""
    text = f"{noise}<br />\n{hidden}".join(escape(line, quote=False) for line in post.text.split("\n"))
    if post.trait == "quote":
        asked = topic.posts[0]
        text = (
            '<div class="quote"><blockquote><font size="2"><a href="forum.php?mod=redirect">'
            f'<font color="#999999">{escape(asked.author)} 发表于 {_minute(asked.at)}</font></a>'
            f"</font><br />\n{escape(asked.text.splitlines()[0])} ...</blockquote></div><br />\n{text}"
        )
    if opening and topic.edited:
        note = (
            f'<i class="pstatus"> 本帖最后由 {topic.edited} 于 {_minute(post.at)} 编辑 </i><br />\n<br />\n'
        )
        text = note + text
    if opening and topic.tip:
        text += (
            '<ignore_js_op><div class="tip tip_4 aimg_tip">照片.jpg <em>(88.1 KB, 下载次数: 3)</em></div>'
            '</ignore_js_op><script type="text/javascript">var aimgcount = new Array();</script>'
        )
    return text


def _block_seven(forum: Contents, topic: Topic, post: TopicPost, floor: int) -> str:
    return f"""<div id="post_{post.pid}"><table id="pid{post.pid}" summary="pid{post.pid}"><tr>
<td class="postauthor" rowspan="2"><div class="postinfo">{_author_link(post)}</div></td>
<td class="postcontent"><div class="postinfo">
<strong><a id="postnum{post.pid}"><em>{floor}</em><sup>#</sup></a></strong>
<div class="authorinfo"><em id="authorposton{post.pid}">发表于 {_minute(post.at)}</em></div></div>
<div class="defaultpost">{_cell(topic, post).replace('"t_f"', '"t_msgfont"')}</div>
<div class="signatures">{escape(topic.sign)}</div></td></tr></table></div>"""


def archiver_thread(forum: Contents, topic: Topic, page: int) -> str:
    posts, pages = _slice(list(topic.shown), page, forum.style.thread_size)
    blocks = "".join(_archiver_post(forum, topic, post) for post in posts)
    name = forum.boards.get(topic.home, "站务公告")
    return _frame(
        topic.title,
        f"""<div id="nav"><a href="./">论坛</a> &rsaquo; <a href="?fid-{topic.home}.html">{name}</a> &rsaquo;
{escape(topic.title)}</div>
<div id="content">{blocks}{_archiver_pager(f"tid-{topic.tid}", page, pages)}</div>
<div id="end">查看完整版本:
<a href="../{escape(forum.thread_url(topic.tid))}"><strong>{escape(topic.title)}</strong></a></div>""",
    )


def _archiver_post(forum: Contents, topic: Topic, post: TopicPost) -> str:
    title = escape(topic.title) if post is topic.posts[0] else ""
    text = "<br />\n".join(escape(line, quote=False) for line in post.text.split("\n"))
    if post.trait == "quote":
        asked = topic.posts[0]
        line = escape(asked.text.splitlines()[0])
        text = f"{escape(asked.author)} 发表于 {_minute(asked.at)}<br />\n{line} ...<br />\n<br />\n{text}"
    if post.trait in ("shielded", "hidden"):
        text = ""
    return f"""<p class="author"><strong>{escape(post.author)}</strong>
发表于 {_relative(post.at, forum.clock(), seconds=True)}</p><h3>{title}</h3>
{text}"""


def feed(forum: Contents, fid: str, topics: Sequence[Topic]) -> str:
    """RSS as Discuz! writes it: titles are not escaped."""
    items = "".join(
        f"""<item><title>{topic.title}</title>
<link>{forum.base}forum.php?mod=viewthread&amp;tid={topic.tid}</link>
<description><![CDATA[{topic.posts[0].text[:250]}]]></description>
<author>{topic.posts[0].author}</author>
<pubDate>{format_datetime(topic.posts[0].at)}</pubDate></item>
"""
        for topic in topics
    )
    return f"""<?xml version="1.0" encoding="{forum.style.encoding}"?>
<rss version="2.0"><channel><title>锦里社区 - {forum.boards.get(fid, "")}</title><ttl>60</ttl>
{items}</channel></rss>"""


# ── shared ────────────────────────────────────────────────────────────────────────────────────────────────


def _slice(items: list[T], page: int, size: int) -> tuple[list[T], int]:
    """One page of `items` and the number of pages; a page too high is the last one, as on the real thing."""
    pages = max(1, -(-len(items) // size))
    start = (min(page, pages) - 1) * size
    return items[start : start + size], pages


def _pager(forum: Contents, page: int, pages: int, url: PageUrl) -> str:
    if page >= pages:
        return f'<div class="pg"><strong>{page}</strong></div>'
    word = "next" if forum.style.version.startswith("7") else "nxt"
    cls = "pages" if word == "next" else "pg"
    link = f'<a href="{escape(url(page + 1))}" class="{word}">下一页</a>'
    return f'<div class="{cls}"><strong>{page}</strong>{link}</div>'


def _archiver_pager(what: str, page: int, pages: int) -> str:
    if pages == 1:
        return ""
    links = "".join(
        f"<strong>[{n}]</strong> " if n == page else f'<a href="?{what}.html&amp;page={n}">{n}</a> '
        for n in range(1, pages + 1)
    )
    return f'<div class="page">页: {links}</div>'


def _author_link(post: TopicPost, cls: str = "") -> str:
    """The sample's user numbers are made from the name; an anonymous author has no link."""
    if post.author == "匿名":
        return "匿名"
    uid = 1000 + sum(map(ord, post.author)) % 8000
    return f'<a href="home.php?mod=space&amp;uid={uid}" class="{cls}">{escape(post.author)}</a>'


def _relative(at: datetime, now: datetime, *, seconds: bool) -> str:
    """Discuz!'s own way of showing times: near ones in words, with the truth in `title`."""
    local, here = at.astimezone(SITE_ZONE), now.astimezone(SITE_ZONE)
    exact = _second(at) if seconds else _minute(at)
    words = _in_words(local, here)
    return f'<span title="{exact}">{words}</span>' if words else exact


def _in_words(local: datetime, here: datetime) -> str:
    age = here - local
    days = (here.date() - local.date()).days
    if age < timedelta(minutes=1):
        return f"{max(int(age.total_seconds()), 1)}&nbsp;秒前"
    if age < timedelta(minutes=30):
        return f"{int(age.total_seconds()) // 60}&nbsp;分钟前"
    if age < timedelta(hours=1):
        return "半小时前"
    if days == 0:
        return f"{int(age.total_seconds()) // 3600}&nbsp;小时前"
    if days in (1, 2):
        return f"{'昨天' if days == 1 else '前天'}&nbsp;{local:%H:%M}"
    return f"{days}&nbsp;天前" if days <= 7 else ""


def _second(at: datetime) -> str:
    local = at.astimezone(SITE_ZONE)
    return f"{local.year}-{local.month}-{local.day} {local:%H:%M:%S}"


def _minute(at: datetime) -> str:
    local = at.astimezone(SITE_ZONE)
    return f"{local.year}-{local.month}-{local.day} {local:%H:%M}"


def _day(at: datetime) -> str:
    local = at.astimezone(SITE_ZONE)
    return f"{local.year}-{local.month}-{local.day}"
