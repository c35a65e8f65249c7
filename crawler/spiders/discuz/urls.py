"""Addresses of a Discuz! site, in the form its source's table names. Pure."""

from __future__ import annotations

from crawler.coverage.tasks import Task
from crawler.sources.source import Source
from crawler.spiders.forum.targets import BoardAt, ThreadAt, route_of

_FORMS = {
    ("plain", "list"): "forum.php?mod=forumdisplay&fid={board}&page={page}",
    ("plain", "thread"): "forum.php?mod=viewthread&tid={thread}&page={page}",
    ("rewritten", "list"): "forum-{board}-{page}.html",
    ("rewritten", "thread"): "thread-{thread}-{page}-1.html",
    ("discuz7", "list"): "forumdisplay.php?fid={board}&page={page}",
    ("discuz7", "thread"): "viewthread.php?tid={thread}&page={page}",
    ("archiver", "list"): "archiver/?fid-{board}.html{more}",
    ("archiver", "thread"): "archiver/?tid-{thread}.html{more}",
}


def url_of(source: Source, task: Task) -> str:
    """Where the page of `task` is. Page 1 of the archiver has no page number."""
    if task.kind == "rss":
        feed = "rss.php?" if source.links == "discuz7" else "forum.php?mod=rss&"
        return f"{source.url}{feed}fid={BoardAt.of(task).board}"
    form = "archiver" if route_of(task) == "archiver" else source.links
    more = f"&page={task.page}" if task.page > 1 else ""
    if task.kind == "list":
        path = _FORMS[form, "list"].format(board=BoardAt.of(task).board, page=task.page, more=more)
    else:
        path = _FORMS[form, "thread"].format(thread=ThreadAt.of(task).thread, page=task.page, more=more)
    return source.url + path


def public_url(source: Source, tid: str, page: int, pid: str) -> str:
    """Where a person finds the post: the desktop page, whatever route read it. It holds no user id."""
    links = source.links
    path = _FORMS[links, "thread"].format(thread=tid, page=page)
    if page == 1 and links != "rewritten":
        path = path.removesuffix("&page=1")
    return f"{source.url}{path}{f'#pid{pid}' if pid else ''}"
