"""dataabc/weibo-crawler: one user's posts as CSV (2019, 2020 and present columns) or JSON.

A repost carries its original, in JSON under `retweet`, in CSV in columns that start with 源. An original that
is complete (number, text, time) becomes a post of its own and comes directly after its repost, so
`previous.repost_of == post.id` tells it from the file's own posts.

`日期` has no clock and is read as midnight in Beijing; `完整日期` is preferred where the file has it. CSV
files do not say whose posts they are, but are named `{uid}.csv`; the number serves as author id.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.files import Container, Fields, Record
from crawler.importers.base import (
    BadRecord,
    Context,
    Convert,
    Draft,
    Importer,
    checkin_hint,
    exact_id,
    finish,
    ip_hint,
    profile_hint,
    table,
    value,
    weibo_mid,
)
from crawler.items import Post
from crawler.parsing.authors import author_kind, weibo_badge
from crawler.parsing.weibo_ids import post_address

_CSV_COLUMNS = frozenset(("id", "正文", "日期"))
_JSON_COLUMNS = frozenset(("id", "text", "created_at"))
_JSON_MARKS = frozenset(("bid", "screen_name", "attitudes_count"))
_ORIGINAL = {"源用户id": "user_id", "源用户昵称": "screen_name", "源微博id": "id", "源微博bid": "bid"}


def _fits(container: Container) -> bool:
    if container.kind == "sqlite":
        return False
    columns = container.columns
    return columns >= _CSV_COLUMNS or (columns >= _JSON_COLUMNS and len(columns & _JSON_MARKS) >= 2)


def _start(context: Context) -> Convert:
    stem = context.container.path.stem
    owner = stem if stem.isdigit() and len(stem) >= 5 else ""

    def convert(record: Record) -> Iterator[Post]:
        user = table(record.parent, "user")
        original = table(record.fields, "retweet") or _csv_original(record.fields)
        number = _number(original)
        post = _post(record.fields, user, owner, number, context)
        yield post
        if number and (complete := _original(original, context)) is not None:
            yield complete

    return convert


def _csv_original(fields: Fields) -> Fields:
    """The 源… columns under the names the file's own posts use."""
    found = {
        _ORIGINAL.get(name, name.removeprefix("源微博")): item
        for name, item in fields.items()
        if name[:1] == "源"
    }
    return found if value(found, "id", "bid") else {}


def _number(original: Fields) -> str:
    """The mid of a repost's original; "" when the file has none or a damaged one."""
    try:
        return weibo_mid(value(original, "id"), value(original, "bid"))
    except BadRecord:
        return ""


def _original(fields: Fields, context: Context) -> Post | None:
    """The original as a post; None for a deleted or hidden one, of which only a notice is left."""
    try:
        return _post(fields, {}, "", "", context)
    except BadRecord:
        return None


def _post(fields: Fields, user: Fields, owner: str, original: str, context: Context) -> Post:
    mid = weibo_mid(value(fields, "id"), value(fields, "bid"))
    author = exact_id(value(fields, "user_id", "uid")) or owner
    # What the file says about its user is true of that user's posts only.
    about = user if user and author in ("", value(user, "id")) else {}
    author = author or value(about, "id")
    nick = value(fields, "screen_name", "用户昵称") or value(about, "screen_name")
    kind = author_kind(
        nick=nick,
        badge=weibo_badge(about.get("verified_type")),
        reason=value(about, "verified_reason"),
        known=bool(author),
    )
    draft = Draft(
        source="weibo",
        post_id=mid,
        url=post_address(mid),
        text=value(fields, "正文", "text"),
        published=value(fields, "完整日期", "full_created_at", "日期", "created_at"),
        author_id=author,
        nick=nick,
        author_kind=kind,
        hints=(
            checkin_hint(value(fields, "位置", "location")),
            ip_hint(value(fields, "ip", "region_name")),
            profile_hint(value(about, "location")),
        ),
        repost_of=f"weibo/{original}" if original else "",
        likes=value(fields, "点赞数", "attitudes_count"),
        replies=value(fields, "评论数", "comments_count"),
        reposts=value(fields, "转发数", "reposts_count"),
    )
    return finish(draft, context)


IMPORTER = Importer(
    name="weibo-crawler",
    label="weibo-crawler 的结果",
    fits=_fits,
    start=_start,
    ragged=True,
)
