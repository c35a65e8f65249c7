"""dataabc/weibo-search: its CSV (17, 19 or 21 columns, and forks) and its SQLite table `weibo`.

Forks that also collect comments repeat the post in a row a comment; such a file gives one post a post, and
the comments (other people's words, with their names) are left out. weibo-crawler's SQLite table has the
same name and columns and is read here too.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.files import Container, Record
from crawler.importers.base import (
    Context,
    Convert,
    Draft,
    Importer,
    checkin_hint,
    exact_id,
    finish,
    ip_hint,
    value,
    weibo_mid,
)
from crawler.items import Post
from crawler.parsing.authors import author_kind
from crawler.parsing.weibo_ids import post_address

_TABLE = "weibo"
_SQLITE_COLUMNS = frozenset(("id", "bid", "user_id", "text", "created_at", "retweet_id"))
_CSV_COLUMNS = frozenset(("微博正文", "发布时间"))


def _fits(container: Container) -> bool:
    if container.kind == "sqlite":
        return container.tables.get(_TABLE, frozenset()) >= _SQLITE_COLUMNS
    return container.columns >= _CSV_COLUMNS and bool(container.columns & {"id", "bid"})


def _start(context: Context) -> Convert:
    columns = context.container.columns
    repeats = any(name.startswith("评论") and name != "评论数" for name in columns)
    query = _query(context)
    seen: set[int] = set()

    def convert(record: Record) -> Iterator[Post]:
        post = _post(record, query, context)
        number = int(post.post_id)
        if repeats and number in seen:
            return
        if repeats:
            seen.add(number)
        yield post

    return convert


def _query(context: Context) -> str:
    """The tool saves to 结果文件/{words}/{words}.csv; any other file name says nothing about the search."""
    path = context.container.path
    return path.stem if path.stem == path.parent.name else ""


def _post(record: Record, query: str, context: Context) -> Post:
    fields = record.fields
    mid = weibo_mid(value(fields, "id"), value(fields, "bid"))
    original = exact_id(value(fields, "retweet_id"))
    author = exact_id(value(fields, "user_id"))
    nick = value(fields, "用户昵称", "screen_name")
    kind = author_kind(
        nick=nick,
        badge=value(fields, "user_authentication"),
        known=bool(author),
    )
    draft = Draft(
        source="weibo",
        post_id=mid,
        url=post_address(mid),
        text=value(fields, "微博正文", "text"),
        published=value(fields, "发布时间", "created_at"),
        author_id=author,
        nick=nick,
        author_kind=kind,
        hints=(checkin_hint(value(fields, "发布位置", "location")), ip_hint(value(fields, "ip"))),
        query=query,
        repost_of=f"weibo/{weibo_mid(original, '')}" if original else "",
        likes=value(fields, "点赞数", "attitudes_count"),
        replies=value(fields, "评论数", "comments_count"),
        reposts=value(fields, "转发数", "reposts_count"),
    )
    return finish(draft, context)


IMPORTER = Importer(
    name="weibo-search",
    label="weibo-search 的结果",
    fits=_fits,
    start=_start,
    tables=(_TABLE,),
)
