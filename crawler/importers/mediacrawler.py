"""NanmiCoder/MediaCrawler: Weibo, Tieba and Xiaohongshu notes and the comments below them, as CSV, JSON, JSON
lines or SQLite.

Columns before and since July 2026 (when the tool began to hash authors and dropped IP属地) are both read:
what is missing stays empty. A comment is a post of its note's thread; one below a comment says which.
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
from crawler.parsing.authors import author_kind, without_addressee
from crawler.parsing.place_hints import board_hint
from crawler.parsing.weibo_ids import is_mid, post_address

# Table → kind of record.
_TABLES = {
    "weibo_note": "weibo",
    "tieba_note": "tieba",
    "xhs_note": "xhs",
    "weibo_note_comment": "weibo comment",
    "tieba_comment": "tieba comment",
    "xhs_note_comment": "xhs comment",
}
_Reader = Callable[[Fields, Context], Draft]


def _kind_of(columns: frozenset[str]) -> str:
    """Of which site records with these columns are, and whether they are comments; "" for neither."""
    if "note_id" not in columns:
        return ""
    if "comment_id" in columns:
        return _comments_of(columns) if "content" in columns else ""
    if "content" in columns and columns & {"create_time", "create_date_time"}:
        return "weibo"
    if "tieba_name" in columns or {"publish_time", "total_replay_num"} <= columns:
        return "tieba"
    if "desc" in columns and "time" in columns:
        return "xhs"
    return ""


def _comments_of(columns: frozenset[str]) -> str:
    if columns & {"create_date_time", "comment_like_count"}:
        return "weibo comment"
    if columns & {"tieba_name", "publish_time"}:
        return "tieba comment"
    return "xhs comment" if "create_time" in columns else ""


def _fits(container: Container) -> bool:
    if container.kind == "sqlite":
        return any(name in container.tables for name in _TABLES)
    return any(_kind_of(columns) for columns in container.tables.values())


def _start(context: Context) -> Convert:
    kinds = {name: _kind_of(columns) for name, columns in context.container.tables.items()}

    def convert(record: Record) -> Iterator[Post]:
        kind = _TABLES.get(record.table) or kinds.get(record.table, "")
        if kind not in _READERS:
            kind = _kind_of(frozenset(record.fields))
        if kind not in _READERS:
            raise BadRecord("不像 MediaCrawler 的帖子或评论（没有 note_id 或正文列）。")
        yield finish(_READERS[kind](record.fields, context), context)

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


def _comment_id(fields: Fields) -> str:
    number = exact_id(value(fields, "comment_id"))
    if not number:
        raise BadRecord("没有评论编号（comment_id 是空的）。")
    return number


def _parent(fields: Fields, number: str) -> str:
    """The comment that this one stands below; "" below the note itself (0 there, or its own number)."""
    parent = exact_id(value(fields, "parent_comment_id"))
    return "" if parent in ("0", number) else parent


def _weibo_comment(fields: Fields, context: Context) -> Draft:
    number, mid = _comment_id(fields), weibo_mid(_note_id(fields), "")
    if not is_mid(number):
        raise BadRecord(f"不是微博的评论编号：{number[:40]!r}。")
    author, parent = _author(fields), _parent(fields, number)
    return Draft(
        source="weibo",
        post_id=f"c{number}",  # comments are counted in the same numbers as posts
        url=post_address(mid),
        text=without_addressee(value(fields, "content")),
        published=value(fields, "create_time", "create_date_time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(ip_hint(value(fields, "ip_location")),),
        thread_id=mid,
        repost_of=f"weibo/c{parent}" if parent else "",
        likes=value(fields, "comment_like_count"),
        replies=value(fields, "sub_comment_count"),
        fetched=value(fields, "last_modify_ts"),
    )


def _tieba_comment(fields: Fields, context: Context) -> Draft:
    """A floor or a sub-reply. Which floor it is the file does not say, so the opening post, which the tool
    lists among the comments as well, comes under its floor's number too; duplicates are folded."""
    number, thread = _comment_id(fields), _note_id(fields)
    author, parent = _tieba_author(fields), _parent(fields, number)
    return Draft(
        source="tieba",
        post_id=number,
        url=f"https://tieba.baidu.com/p/{thread}?pid={number}#{number}",
        text=without_addressee(value(fields, "content")),
        published=value(fields, "publish_time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(board_hint(value(fields, "tieba_name")), ip_hint(value(fields, "ip_location"))),
        thread_id=thread,
        repost_of=f"tieba/{parent}" if parent else "",
        replies=value(fields, "sub_comment_count"),
        fetched=value(fields, "last_modify_ts"),
    )


def _xhs_comment(fields: Fields, context: Context) -> Draft:
    number, note = _comment_id(fields), _note_id(fields)
    author, parent = _author(fields), _parent(fields, number)
    return Draft(
        source="xhs",
        post_id=number,
        url=f"https://www.xiaohongshu.com/explore/{note}",
        text=without_addressee(value(fields, "content")),
        published=value(fields, "create_time"),
        author_id=author,
        nick=_nick(fields),
        author_kind=_kind(fields, author),
        hints=(ip_hint(value(fields, "ip_location")),),
        thread_id=note,
        repost_of=f"xhs/{parent}" if parent else "",
        likes=value(fields, "like_count"),
        replies=value(fields, "sub_comment_count"),
        fetched=value(fields, "last_modify_ts"),
    )


_READERS: dict[str, _Reader] = {
    "weibo": _weibo,
    "tieba": _tieba,
    "xhs": _xhs,
    "weibo comment": _weibo_comment,
    "tieba comment": _tieba_comment,
    "xhs comment": _xhs_comment,
}

IMPORTER = Importer(
    name="mediacrawler",
    label="MediaCrawler 的结果",
    fits=_fits,
    start=_start,
    tables=tuple(_TABLES),
)
