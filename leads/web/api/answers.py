"""Answers: JSON with an ETag, 304 for who has it already, versions in If-Match, cursors."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response

from leads.errors import InputError, QueryError

JSON = "application/json"
PREFIX = "/api/v1"
# Kept by whoever asked, and asked for again each time with If-None-Match.
HEADERS = {"Cache-Control": "private, no-cache"}
_VERSION = re.compile(r'(?:W/)?"?(\d{1,9})(?:-[0-9a-f]+)?"?')
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="改的是哪一版：读到的 ETag，或 version 的数字。别人先改了就是 409。",
        max_length=80,
    ),
]


def answer(request: Request, body: Mapping[str, object], *, status: int = 200) -> Response:
    """The body with its ETag; 304 instead when a reader has it already."""
    return sealed(request, orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), body.get("version"), status)


def sealed(request: Request, data: bytes, version: object, status: int) -> Response:
    """The same from JSON that is written already. The ETag of a thing with a version begins with it."""
    tag = blake2b(data, digest_size=9).hexdigest()
    etag = f'"{tag}"' if version is None else f'"{version}-{tag}"'
    headers = {**HEADERS, "ETag": etag}
    given = request.headers.get("If-None-Match", "")
    if request.method == "GET" and (given == "*" or etag in (each.strip() for each in given.split(","))):
        return Response(status_code=304, headers=headers)
    return Response(data, status, headers, JSON)


def version_meant(if_match: str | None, in_body: int | None) -> int | None:
    """The version a change was decided on; None where nothing is said.

    Raises:
        InputError: If-Match is no version, or says another than the body.
    """
    if if_match is None or if_match.strip() == "*":
        return in_body
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise InputError("If-Match 看不懂：请写读到的 ETag，或 version 的数字。")
    version = int(found[1])
    if in_body is not None and in_body != version:
        raise InputError("If-Match 和 version 说的不是同一版：请只写一个。")
    return version


def version_required(if_match: str | None, in_body: int | None) -> int:
    """The same where a change without a version is not taken.

    Raises:
        InputError: nothing was said.
    """
    version = version_meant(if_match, in_body)
    if version is None:
        raise InputError("没有说改的是哪一版：请带上 If-Match，或在正文里写 version。")
    return version


def listed(items: Sequence[object], next_url: str = "") -> dict[str, object]:
    """A page of a list; `next` is the address of the next one, null at the end."""
    return {"items": items, "next": next_url or None}


def to_cursor(*parts: str | int | float) -> str:
    """Where a page ended, opaque to others."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def from_cursor(cursor: str, *kinds: type) -> list[Any] | None:
    """What `to_cursor` was given; None for "".

    Raises:
        QueryError: not such a cursor.
    """
    if not cursor:
        return None
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        good = isinstance(parts, list) and [type(part) for part in parts] == list(kinds)
    except (binascii.Error, ValueError):
        good = False
    if not good:
        raise QueryError("cursor 看不懂：请用上一页 next 给的地址，不要自己改。")
    return list(parts)
