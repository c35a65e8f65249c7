"""nghuyong/WeiboSpider: JSON lines.

`geo` is `{"type": "Point", "coordinates": [lat, lon]}`: latitude first, unlike GeoJSON. Nothing in the file
says which system the degrees are in; they are taken as WGS-84, because Weibo's API gives unshifted
coordinates unless asked for others (`offset=1`). Should that be wrong, a point is off by about 500 m.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.files import Container, Fields, Record
from crawler.importers.base import (
    Context,
    Convert,
    Draft,
    Importer,
    exact_id,
    finish,
    ip_hint,
    table,
    value,
    weibo_mid,
)
from crawler.items import Post
from crawler.parsing.authors import author_kind, weibo_badge
from crawler.parsing.coordinates import System
from crawler.parsing.place_hints import geo_hint
from crawler.parsing.weibo_ids import post_address

_GEO_SYSTEM: System = "wgs84"
_COLUMNS = frozenset(("_id", "mblogid", "content", "created_at"))


def _fits(container: Container) -> bool:
    return container.columns >= _COLUMNS


def _start(context: Context) -> Convert:
    def convert(record: Record) -> Iterator[Post]:
        yield _post(record.fields, context)

    return convert


def _post(fields: Fields, context: Context) -> Post:
    mid = weibo_mid(value(fields, "_id"), value(fields, "mblogid"))
    user = table(fields, "user")
    author = exact_id(value(user, "_id"))
    original = exact_id(value(fields, "retweet_id"))
    nick = value(user, "nick_name")
    kind = author_kind(
        nick=nick,
        badge=weibo_badge(user.get("verified_type")),
        reason=value(user, "verified_reason"),
        known=bool(author),
    )
    draft = Draft(
        source="weibo",
        post_id=mid,
        url=post_address(mid),
        text=value(fields, "content"),
        published=value(fields, "created_at"),
        author_id=author,
        nick=nick,
        author_kind=kind,
        hints=(geo_hint(table(fields, "geo"), _GEO_SYSTEM), ip_hint(value(fields, "ip_location"))),
        query=value(fields, "keyword"),
        repost_of=f"weibo/{weibo_mid(original, '')}" if original else "",
        likes=value(fields, "attitudes_count"),
        replies=value(fields, "comments_count"),
        reposts=value(fields, "reposts_count"),
        fetched=value(fields, "crawl_time"),
    )
    return finish(draft, context)


IMPORTER = Importer(
    name="weibospider",
    label="WeiboSpider 的 JSON 行",
    fits=_fits,
    start=_start,
)
