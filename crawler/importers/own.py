"""Our own JSON lines: what a crawl writes (`scrapy crawl … -O posts.jsonl`), one `post_to_dict` a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

from crawler.files import Container, Record
from crawler.importers.base import BadRecord, Context, Convert, Importer, body
from crawler.items import Post, RecordError, post_from_dict
from crawler.parsing.text import clean_text

_SURROGATE = re.compile("[\ud800-\udfff]")
_COLUMNS = frozenset(("source", "post_id", "published_at", "fetched_at"))


def _fits(container: Container) -> bool:
    return container.kind in ("json", "jsonl") and container.columns >= _COLUMNS


def _start(context: Context) -> Convert:
    latest = context.now + timedelta(days=1)

    def convert(record: Record) -> Iterator[Post]:
        try:
            post = post_from_dict(_numbers(record))
        except RecordError as error:
            raise BadRecord(f"不是听诊的记录：{error}。") from error
        if _SURROGATE.search("".join((post.post_id, post.source, post.url, post.thread_id, post.repost_of))):
            raise BadRecord("编号或地址含有无效字符。")
        hints = tuple(replace(hint, text=clean_text(hint.text)) for hint in post.place_hints)
        query = clean_text(post.query)
        post = replace(
            post, text=body(post.text), title=clean_text(post.title), query=query, place_hints=hints
        )
        if not post.text and not post.title:
            raise BadRecord("正文是空的。")
        if post.published_at > latest:
            raise BadRecord(f"时间在将来：{post.published_at.isoformat()}。")
        yield replace(post, published_at=min(post.published_at, context.now.astimezone(UTC)))

    return convert


def _numbers(record: Record) -> dict[str, object]:
    """The record with the coordinates as numbers again (files are read with decimals as text)."""
    fields = dict(record.fields)
    hints = fields.get("place_hints")
    if isinstance(hints, list):
        fields["place_hints"] = [_hint(hint) for hint in hints]
    return fields


def _hint(hint: object) -> object:
    if not isinstance(hint, dict):
        return hint
    return {key: _number(item) if key in ("lat", "lon") else item for key, item in hint.items()}


def _number(item: object) -> object:
    try:
        return float(item) if isinstance(item, str) else item
    except ValueError:
        return item


IMPORTER = Importer(
    name="tingzhen",
    label="听诊自己的 JSON 行",
    fits=_fits,
    start=_start,
)
