"""Item pipelines and exporters of the crawler's own. Storing leads is `leads.ingest.scrapy_pipeline`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scrapy.exporters import JsonItemExporter, JsonLinesItemExporter

from crawler.items import Post, post_to_dict


class _PostExporter:
    """Feed exports (`scrapy crawl discuz -O posts.jsonl`) write what `post_from_dict` reads."""

    def get_serialized_fields(
        self, item: Any, default_value: Any = None, include_empty: bool | None = None
    ) -> Iterable[tuple[str, Any]]:
        if isinstance(item, Post):
            return post_to_dict(item).items()
        return super().get_serialized_fields(item, default_value, include_empty)  # type: ignore[misc, no-any-return]  # the exporter beside it in the class


class PostLinesExporter(_PostExporter, JsonLinesItemExporter):
    """One JSON object a line."""


class PostJsonExporter(_PostExporter, JsonItemExporter):
    """One JSON array."""
