"""Saved pages and answers that people hold: m.weibo.cn and official-API answers (JSON), s.weibo.com result
pages and Tieba pages (HTML). The crawl's own parsers read them, so the same post gets the same id.

One record of the file is one page; a page that shows a login or a captcha instead of posts is set aside with
that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from crawler.files import Container, Fields, Record
from crawler.importers.base import BadRecord, Context, Convert, Importer
from crawler.items import Post
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.untrusted_json import object_of, objects_of
from crawler.parsing.weibo_ids import is_mid
from crawler.spiders.tieba import pages
from crawler.spiders.weibo import pages as weibo_pages
from crawler.spiders.weibo_api.pages import comments_of
from crawler.spiders.weibo_status import posts_of, read_statuses

_T = TypeVar("_T")
_STATUS = frozenset(("id", "created_at", "text", "user"))
_DATA = frozenset(("cards", "mblog", "longTextContent", "list", "statuses"))
_COMMENT = frozenset(("id", "created_at", "text", "user"))
_STATUS_MARKS = frozenset(("mid", "idstr", "reposts_count", "attitudes_count"))


def _fields_of(container: Container) -> Fields:
    """The first record, {} when there is none."""
    first = next(container.records(), None)
    return first.fields if isinstance(first, Record) else {}


# ── Weibo, JSON ───────────────────────────────────────────────────────────────────────────────────────────


def _fits_weibo_json(container: Container) -> bool:
    if container.kind not in ("json", "jsonl"):
        return False
    columns = container.columns
    if columns >= _STATUS and columns & _STATUS_MARKS and "_id" not in columns:
        return True
    if _said_below(_fields_of(container)) is not None:
        return True
    if "statuses" in columns or columns >= {"error_code", "error", "request"}:
        return True
    if not columns >= {"ok", "data"} and "ok" not in columns:
        return False
    data = object_of(_fields_of(container).get("data"))
    return not data or bool(_DATA & data.keys()) or data.keys() >= _STATUS


def _said_below(fields: Fields) -> tuple[tuple[Fields, ...], str] | None:
    """Comments, with what is said below each, and the mid of their post ("" where the answer does not say):
    the official API's, m.weibo.cn's, weibo.com/ajax's. None for other answers."""
    data = fields.get("data")
    if fields.keys() >= _COMMENT and "rootid" in fields:  # one of a list, which is read one by one
        listed: tuple[Fields, ...] = (fields,)
    else:
        listed = objects_of(fields.get("comments") or object_of(data).get("data") or data)
    if not listed or not all(each.keys() >= _COMMENT and "reposts_count" not in each for each in listed):
        return None
    below = tuple(each for comment in listed for each in objects_of(comment.get("comments")))
    post = object_of(listed[0].get("status"))
    mid = str(post.get("mid") or post.get("idstr") or "")
    return (*listed, *below), mid if is_mid(mid) else ""


def _comments(listed: tuple[Fields, ...], mid: str, context: Context) -> tuple[Post, ...]:
    page = _tried(lambda: comments_of(listed, mid, now=context.collected, secret=context.secret))
    for told in page.odd:
        context.notice(f"{context.file}：{told}，没有导入。")
    return page.posts


def _start_weibo_json(context: Context) -> Convert:
    def convert(record: Record) -> Iterable[Post]:
        if (said := _said_below(record.fields)) is not None:
            return _comments(*said, context)
        return _weibo_posts(_weibo_page(record.fields, context.collected), context)

    return convert


def _weibo_page(fields: Fields, now: datetime) -> weibo_pages.ResultPage | Refusal | Blocked:
    if "error_code" in fields:
        raise BadRecord(f"这是接口的报错（{fields['error_code']}），不是微博。")
    if "longTextContent" in object_of(fields.get("data")):
        raise BadRecord("这是一条微博的全文，没有编号和时间；请导入它所在的列表页。")
    try:
        listed = _listed(fields)
        if listed is None:
            return weibo_pages.cards_of(fields, now=now)
        statuses, odd = read_statuses(listed, now=now)
    except PageError as error:
        raise BadRecord(f"{error}。") from error
    return weibo_pages.ResultPage(statuses=statuses, odd=odd)


def _listed(fields: Fields) -> tuple[Fields, ...] | None:
    """The posts of an answer that is no set of cards: the official API's, weibo.com/ajax's, one post."""
    data = object_of(fields.get("data"))
    if data.keys() >= _STATUS:
        return (data,)
    found = next((data[name] for name in ("list", "statuses") if isinstance(data.get(name), list)), None)
    if found is not None or "statuses" in fields:
        return objects_of(fields.get("statuses") if found is None else found)
    return None if "ok" in fields else (fields,)


def _weibo_posts(page: weibo_pages.ResultPage | Refusal | Blocked, context: Context) -> tuple[Post, ...]:
    if isinstance(page, Refusal | Blocked):
        raise BadRecord(f"这一页没有微博：{page.reason}。")
    posts, withheld, odd = posts_of(page.statuses, now=context.collected, secret=context.secret)
    for told in (*page.odd, *odd):
        context.notice(f"{context.file}：{told}，没有导入。")
    if withheld:
        context.notice(f"{context.file}：{withheld} 条微博只剩“已删除”之类的提示，没有导入。")
    return posts


# ── HTML ──────────────────────────────────────────────────────────────────────────────────────────────────


def _html_of(container: Container) -> str:
    return str(_fields_of(container).get("html", "")) if container.kind == "html" else ""


_THREAD = 'class="l_post'
_TIEBA = ("tieba.baidu.com", "j_thread_list", _THREAD, "百度贴吧")
# Pages that hold no whole post, or not whose thread it is in; what to save instead.
_PARTS = {
    'class="s_post': "这是贴吧的搜索结果，只有摘录：请打开要的帖子，保存帖子页再导入。",
    "lzl_single_post": "这一页只有楼中楼，不知道在哪个帖子里：请保存整个帖子页再导入。",
}


def _is_tieba(html: str) -> bool:
    return any(mark in html for mark in (*_TIEBA, *_PARTS))


def _fits_tieba(container: Container) -> bool:
    html = _html_of(container)
    return bool(html) and _is_tieba(html)


def _fits_weibo_html(container: Container) -> bool:
    html = _html_of(container)
    return bool(html) and any(
        mark in html for mark in ("weibo.c", "sinajs.cn", "新浪通行证", "feed_list_item")
    )


def _start_weibo_html(context: Context) -> Convert:
    def convert(record: Record) -> Iterable[Post]:
        html = str(record.fields.get("html", ""))
        return _weibo_posts(_tried(lambda: weibo_pages.read_search(html, now=context.collected)), context)

    return convert


def _start_tieba(context: Context) -> Convert:
    def convert(record: Record) -> Iterable[Post]:
        return _tieba_posts(str(record.fields.get("html", "")), context)

    return convert


def _tieba_posts(html: str, context: Context) -> tuple[Post, ...]:
    now = context.collected
    if "j_thread_list" in html:
        listed = _tried(lambda: pages.read_list(html, now=now))
        if isinstance(listed, pages.BarPage):
            return pages.list_posts(listed, now=now, secret=context.secret)
        raise BadRecord(f"这一页没有贴子：{listed.reason}。")
    part = next((said for mark, said in _PARTS.items() if mark in html), "")
    if part and _THREAD not in html:
        raise BadRecord(part)
    page = _tried(lambda: pages.read_thread(html, now=now))
    if not isinstance(page, pages.BarThread):
        raise BadRecord(f"这一页没有贴子：{page.reason}。")
    posts, odd = pages.thread_posts(page, now=now, secret=context.secret)
    for told in odd:
        context.notice(f"{context.file}：{told}，没有导入。")
    return posts


def _tried(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except PageError as error:
        raise BadRecord(f"{error}。") from error


WEIBO_JSON = Importer(
    name="weibo-json",
    label="m.weibo.cn 或官方接口的回答",
    fits=_fits_weibo_json,
    start=_start_weibo_json,
)
WEIBO_HTML = Importer(
    name="weibo-html",
    label="s.weibo.com 的网页",
    fits=_fits_weibo_html,
    start=_start_weibo_html,
)
TIEBA_HTML = Importer(name="tieba-html", label="贴吧的网页", fits=_fits_tieba, start=_start_tieba)
