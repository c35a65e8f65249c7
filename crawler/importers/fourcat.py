"""4CAT and its browser extension Zeeschuimer: posts and comments people collected while reading.

Three shapes of one thing: Zeeschuimer's lines (`source_platform`, and under `data` what the site sent),
4CAT's lines (the same, spread out, beside `__import_meta`), and 4CAT's CSV, whose columns are alike for all
sites (`id`, `thread_id`, `body`, `timestamp`). Of a comment `thread_id` is the post it stands below; without
that a table would take all comments below one address for one post.

Of lines, the comments of Xiaohongshu are read; neither tool has a module for Weibo or Tieba, so these come as
CSV (4CAT's own upload).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.files import Container, Fields, Record
from crawler.importers.base import (
    BadRecord,
    Context,
    Convert,
    Draft,
    Importer,
    content_id,
    exact_id,
    finish,
    ip_hint,
    table,
    value,
)
from crawler.items import Post
from crawler.parsing.addresses import post_at
from crawler.parsing.authors import author_kind, without_addressee

_META = "__import_meta"
_LINE = frozenset(("source_platform", "data"))
_CSV = frozenset(("id", "thread_id", "body", "timestamp"))
_XHS_COMMENT = frozenset(("id", "note_id", "create_time", "content"))


def _fits(container: Container) -> bool:
    columns = container.columns
    return columns >= _LINE or _META in columns or (columns >= _CSV and container.kind in ("csv", "xlsx"))


def _start(context: Context) -> Convert:
    def convert(record: Record) -> Iterator[Post]:
        fields = record.fields
        said = table(fields, "data") if fields.keys() >= _LINE else fields
        draft = _xhs_comment(said) if said.keys() >= _XHS_COMMENT else _row(said)
        yield finish(draft, context)

    return convert


def _xhs_comment(fields: Fields) -> Draft:
    """What Xiaohongshu sends for one comment."""
    user, note = table(fields, "user_info"), exact_id(value(fields, "note_id"))
    author, nick = value(user, "user_id"), value(user, "nickname")
    parent = value(table(fields, "target_comment"), "id")
    return Draft(
        source="xhs",
        post_id=exact_id(value(fields, "id")),
        url=f"https://www.xiaohongshu.com/explore/{note}",
        text=without_addressee(value(fields, "content")),
        published=value(fields, "create_time"),
        author_id=author,
        nick=nick,
        author_kind=author_kind(nick=nick, known=bool(author or nick)),
        hints=(ip_hint(value(fields, "ip_location")),),
        thread_id=note,
        repost_of=f"xhs/{parent}" if parent else "",
        likes=value(fields, "like_count"),
        replies=value(fields, "sub_comment_count"),
    )


def _row(fields: Fields) -> Draft:
    """A line of 4CAT's CSV."""
    if not value(fields, "body") or not value(fields, "id"):
        raise BadRecord(
            "认不出的 4CAT 记录：能读的是小红书评论，和有 id、thread_id、body、timestamp 的 CSV。"
        )
    author, nick = value(fields, "author_id", "author"), value(fields, "author_name", "author")
    source, post_id, url, thread = _place(fields)
    return Draft(
        source=source,
        post_id=post_id,
        url=url,
        title=value(fields, "subject"),
        text=without_addressee(value(fields, "body")),
        published=value(fields, "unix_timestamp", "timestamp"),
        author_id=author,
        nick=nick,
        author_kind=author_kind(nick=nick, known=bool(author)),
        hints=(ip_hint(value(fields, "ip_location")),),
        thread_id=thread,
        likes=value(fields, "likes"),
        replies=value(fields, "replies"),
    )


def _place(fields: Fields) -> tuple[str, str, str, str]:
    """Source, id, address, thread: the site by its address; an id that is not its thread's is a comment's."""
    own, thread, url = (
        exact_id(value(fields, "id")),
        exact_id(value(fields, "thread_id")),
        value(fields, "url"),
    )
    post, comment = post_at(url), bool(thread) and own != thread
    if post is None:
        name = content_id(own, f"{url}\n{thread}")
        return "table", name, url if re.match(r"https?://", url) else "", thread if comment else ""
    if not comment:
        return post.source, post.post_id, post.url, post.thread_id
    below = post.thread_id or post.post_id
    if post.source == "tieba":
        return "tieba", own, f"https://tieba.baidu.com/p/{below}?pid={own}#{own}", below
    # Comments of Weibo are counted in the same numbers as its posts.
    return post.source, f"c{own}" if post.source == "weibo" else own, post.url, below


IMPORTER = Importer(
    name="4cat",
    label="4CAT 或 Zeeschuimer 的结果",
    fits=_fits,
    start=_start,
)
