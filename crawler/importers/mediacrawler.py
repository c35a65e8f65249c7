"""NanmiCoder/MediaCrawler: Weibo, Tieba and Xiaohongshu notes as CSV, JSON, JSON lines or SQLite.

Columns before and since July 2026 (when the tool began to hash authors and dropped IP属地) are both read:
what is missing stays empty. Comment files (`comment_id`) are not posts and are left to the generic table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

from crawler.files import Container, Fields, Record
from crawler.importers.base import (
    BadRecord,
    Context,
    Convert,
    Draft,
    Importer,
    exact_id,
    finish,
    ip_hint,
    value,
    weibo_mid,
)
from crawler.items import AuthorKind, Post
from crawler.parsing.authors import author_kind
from crawler.parsing.place_hints import board_hint
from crawler.parsing.weibo_ids import post_address

_TABLES = ("weibo_note", "tieba_note", "xhs_note")
_Reader = Callable[[Fields, Context], Draft]


def _site(columns: frozenset[str]) -> str:
    """Which site notes with these columns come from; "" when they are not notes."""
    if "note_id" not in columns or "comment_id" in columns:
        return ""
    if "content" in columns and columns & {"create_time", "create_date_time"}:
        return "weibo"
    if "tieba_name" in columns or {"publish_time", "total_replay_num"} <= columns:
        return "tieba"
    if "desc" in columns and "time" in columns:
        return "xhs"
    return ""


def _fits(container: Container) -> bool:
    if container.kind == "sqlite":
        return any(name in container.tables for name in _TABLES)
    return any(_site(columns) for columns in container.tables.values())


def _start(context: Context) -> Convert:
    sites = {name: _site(columns) for name, columns in context.container.tables.items()}

    def convert(record: Record) -> Iterator[Post]:
        site = record.table.removesuffix("_note") if record.table in _TABLES else sites.get(record.table, "")
        if site not in _READERS:
            site = _site(frozenset(record.fields))
        if site not in _READERS:
            raise BadRecord("不像 MediaCrawler 的帖子（没有 note_id 或正文列）。")
        yield finish(_READERS[site](record.fields, context), context)

    return convert


def _author(fields: Fields) -> str:
    return exact_id(value(fields, "user_id", "creator_hash"))


def _nick(fields: Fields) -> str:
    return value(fields, "nickname", "user_nickname")


def _kind(fields: Fields, author: str) -> AuthorKind:
    return author_kind(nick=_nick(fields), known=bool(author))


def _note_id(fields: Fields) -> str:
    note = exact_id(value(fields, "note_id"))
    if not note:
        raise BadRecord("没有帖子编号（note_id 是空的）。")
    return note


def _weibo(fields: Fields, context: Context) -> Draft:
    mid = weibo_mid(_note_id(fields), "")
    author = _author(fields)
    return Draft(
        source="weibo",
        post_id=mid,
        url=post_address(mid),
        text=value(fields, "content"),
        published=value(fields, "create_time", "create_date_time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(ip_hint(value(fields, "ip_location")),),
        query=value(fields, "source_keyword"),
        likes=value(fields, "liked_count"),
        replies=value(fields, "comments_count"),
        reposts=value(fields, "shared_count"),
        fetched=value(fields, "last_modify_ts"),
    )


def _tieba(fields: Fields, context: Context) -> Draft:
    """A thread's opening post, named by its thread: the file does not have the floor's own number."""
    thread = _note_id(fields)
    author = _tieba_author(fields)
    return Draft(
        source="tieba",
        post_id=thread,
        url=f"https://tieba.baidu.com/p/{thread}",
        title=value(fields, "title"),
        text=value(fields, "desc"),
        published=value(fields, "publish_time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(board_hint(value(fields, "tieba_name")), ip_hint(value(fields, "ip_location"))),
        query=value(fields, "source_keyword"),
        thread_id=thread,
        floor=1,
        replies=value(fields, "total_replay_num"),
        fetched=value(fields, "last_modify_ts"),
    )


def _tieba_author(fields: Fields) -> str:
    """The portrait id in the link to the user's page, or the peer's hash; a nick for want of both."""
    query = parse_qs(urlsplit(value(fields, "user_link")).query)
    portrait = next(iter(query.get("id", []) + query.get("un", [])), "")
    return portrait.split("?")[0] or value(fields, "creator_hash", "user_id", "user_nickname")


def _xhs(fields: Fields, context: Context) -> Draft:
    note = _note_id(fields)
    author = _author(fields)
    return Draft(
        source="xhs",
        post_id=note,
        # The file's own address carries a visitor's token (xsec_token).
        url=f"https://www.xiaohongshu.com/explore/{note}",
        title=value(fields, "title"),
        text=value(fields, "desc").replace("[话题]#", "#"),  # the app's mark inside every topic
        published=value(fields, "time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(ip_hint(value(fields, "ip_location")),),
        query=value(fields, "source_keyword"),
        likes=value(fields, "liked_count"),
        replies=value(fields, "comment_count"),
        reposts=value(fields, "share_count"),
        fetched=value(fields, "last_modify_ts"),
    )


_READERS: dict[str, _Reader] = {"weibo": _weibo, "tieba": _tieba, "xhs": _xhs}

IMPORTER = Importer(
    name="mediacrawler",
    label="MediaCrawler 的结果",
    fits=_fits,
    start=_start,
    tables=_TABLES,
)
