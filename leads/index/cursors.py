"""Cursors: where a page of an answer ended. Opaque to users, bound to the query they came from."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import isfinite
from typing import Generic, TypeVar

import orjson

from leads.errors import QueryError
from leads.models import LeadQuery

Tie = TypeVar("Tie", int, str)


@dataclass(frozen=True, slots=True)
class Cursor(Generic[Tie]):
    """The sort key and the tie-breaker of the last item shown."""

    key: float
    tie: Tie  # SQLite's rowid, Elasticsearch's id
    snapshot: str = ""  # names the point in time the pages are read from, where the index keeps one

    def encode(self, query: LeadQuery) -> str:
        raw = orjson.dumps([_fingerprint(query), self.key, self.tie, self.snapshot])
        return urlsafe_b64encode(raw).decode().rstrip("=")

    @classmethod
    def decode(cls, query: LeadQuery, kind: type[Tie]) -> Cursor[Tie] | None:
        """The query's cursor, None when it has none; `kind` is the index's type of tie-breaker.

        Raises:
            QueryError: damaged, or made by another query or index.
        """
        if not query.cursor:
            return None
        try:
            raw = urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4))
            fingerprint, key, tie, snapshot = orjson.loads(raw)
            cursor = cls(float(key), tie, str(snapshot))
            if not isinstance(tie, kind) or not isfinite(cursor.key):
                raise TypeError
        except (binascii.Error, ValueError, TypeError) as error:
            raise QueryError("翻页位置（cursor）损坏：请从第一页重新搜索。") from error
        if fingerprint != _fingerprint(query):
            raise QueryError("翻页位置（cursor）属于另一个搜索：请从第一页重新搜索。")
        return cursor


def _fingerprint(query: LeadQuery) -> str:
    """Names the query apart from its page: changing a filter makes old cursors invalid."""
    bare = replace(query, cursor="", limit=0)
    return blake2b(repr(bare).encode("utf-8", "replace"), digest_size=6).hexdigest()
