"""Idempotency-Key: the same write twice is done once and answered alike for a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from leads.records import idempotency
from leads.web.api.access import Caller
from leads.web.api.answers import HEADERS, sealed
from leads.web.desk import Desk, TheDesk

# What a write does inside its transaction: (status, body); None for an answer without one.
Work = Callable[[Session], tuple[int, Mapping[str, object] | None]]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="同一个键的同一个请求只做一次，一天之内回答相同；别的请求用同一个键是 409。",
        min_length=1,
        max_length=64,
        pattern=r"^[!-~]+$",
    ),
]


class Once:
    """Runs a write in a transaction that also keeps its answer; an error is not kept, one may try again."""

    def __init__(self, request: Request, desk: Desk, key: str | None) -> None:
        self._request, self._desk, self._key = request, desk, key

    def before(self, caller: Caller, asked: BaseModel | None) -> Response | None:
        """The answer this request got before: for work that cannot be part of the transaction.

        Raises:
            ConflictError: the key was used for another request.
        """
        if self._key is None:
            return None
        with self._desk.records.reading() as session:
            found = idempotency.find(
                session, f"{caller.token_id}:{self._key}", self._hash(asked), now=self._desk.clock()
            )
        return None if found is None else self._sealed(found.status, found.body, replayed=True)

    def __call__(self, caller: Caller, asked: BaseModel | None, work: Work) -> Response:
        """The answer of the work, or the one it gave before.

        Raises:
            ConflictError: the key was used for another request.
            TingzhenError: as the work does; nothing is written then.
        """
        key = f"{caller.token_id}:{self._key}"
        with self._desk.records.transaction() as session:
            if self._key is not None:
                now = self._desk.clock()
                before = idempotency.reserve(session, key, self._hash(asked), now=now)
                if before is not None:
                    return self._sealed(before.status, before.body, replayed=True)
            status, body = work(session)
            text = "" if body is None else orjson.dumps(body).decode()
            if self._key is not None:
                idempotency.keep(session, key, status=status, body=text)
        return self._sealed(status, text)

    def _hash(self, asked: BaseModel | None) -> str:
        said = None if asked is None else asked.model_dump(mode="json", exclude_unset=True)
        url = self._request.url
        parts = [self._request.method, url.path, url.query, self._request.headers.get("If-Match"), said]
        return blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=32).hexdigest()

    def _sealed(self, status: int, text: str, *, replayed: bool = False) -> Response:
        if text:
            response = sealed(self._request, text.encode(), orjson.loads(text).get("version"), status)
        else:
            response = Response(status_code=status, headers=HEADERS)
        if replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response


def _once(request: Request, desk: TheDesk, key: Key = None) -> Once:
    return Once(request, desk, key)


DoOnce = Annotated[Once, Depends(_once)]
