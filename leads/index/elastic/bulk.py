"""Bulk writes: bounded memory, patience with a busy server, and no document lost for another's sake.

Every action names its document, so sending one twice is harmless. A request carries at most CHUNK_BYTES and
CHUNK_ACTIONS; the next is built only when the server has answered the last, which is the back-pressure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson
from elasticsearch import ApiError, Elasticsearch

from leads.index.elastic.client import ServerDownError, from_status, translated
from leads.index.elastic.docs import Body

CHUNK_BYTES = 8 * 1024 * 1024
CHUNK_ACTIONS = 1000
BUSY = (429, 502, 503, 504)
TRIES = 7  # waits of 0.2, 0.4 … 12.8 s between them
FIRST_WAIT = 0.2
_OPTION = orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Action:
    """One line or two of a bulk request."""

    verb: str  # "index", "update", "delete"
    index: str
    id: str
    body: bytes = b""  # JSON with a line end

    @property
    def size(self) -> int:
        return len(self.body) + len(self.id) + len(self.index) + 40

    def lines(self) -> bytes:
        head = orjson.dumps({self.verb: {"_index": self.index, "_id": self.id}}, option=_OPTION)
        return head + self.body


@dataclass(frozen=True, slots=True)
class Refused:
    """A document the server will never take."""

    action: Action
    reason: str


def index_action(index: str, doc_id: str, document: Body) -> Action:
    return Action("index", index, doc_id, orjson.dumps(document, option=_OPTION))


def update_action(index: str, doc_id: str, changes: Body, *, insert: Body | None = None) -> Action:
    """Change fields of a document, or put `insert` in place of a missing one."""
    body: Body = {"doc": changes} if insert is None else {"doc": changes, "upsert": insert}
    return Action("update", index, doc_id, orjson.dumps(body, option=_OPTION))


def delete_action(index: str, doc_id: str) -> Action:
    return Action("delete", index, doc_id)


def write(
    client: Elasticsearch,
    actions: Iterable[Action],
    *,
    refused: Callable[[Refused], None],
    alias: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Send all actions; documents the server cannot take go to `refused`, one by one.

    `alias` refuses to write when the name is no alias, or the server would make an index of its own.
    `beat` is called before each request.

    Raises:
        ServerDownError: gone, or still too busy after 25 s of waiting; some of the actions may be done.
        StorageError: not allowed, or the index is gone.
    """
    for chunk in chunks(actions):
        beat()
        _send(client, chunk, refused, alias, sleep)


def chunks(actions: Iterable[Action]) -> Iterator[list[Action]]:
    """Actions in lists that fit one request; a single larger one goes alone."""
    waiting: list[Action] = []
    size = 0
    for action in actions:
        if waiting and (size + action.size > CHUNK_BYTES or len(waiting) >= CHUNK_ACTIONS):
            yield waiting
            waiting, size = [], 0
        waiting.append(action)
        size += action.size
    if waiting:
        yield waiting


def _send(
    client: Elasticsearch,
    chunk: list[Action],
    refused: Callable[[Refused], None],
    alias: bool,
    sleep: Callable[[float], None],
) -> None:
    """One chunk until each of its actions is done or refused."""
    wait = FIRST_WAIT
    for left in range(TRIES, 0, -1):
        try:
            chunk, why = _once(client, chunk, refused, alias)
        except _TooLargeError:
            _halves(client, chunk, refused, alias, sleep)
            return
        except ServerDownError:
            if left == 1:
                raise
        else:
            if not chunk:
                return
            if left == 1:
                raise from_status(429, why)
        sleep(wait)
        wait *= 2


class _TooLargeError(Exception):
    """The server takes no request of this size."""


def _halves(
    client: Elasticsearch,
    chunk: list[Action],
    refused: Callable[[Refused], None],
    alias: bool,
    sleep: Callable[[float], None],
) -> None:
    if len(chunk) == 1:
        refused(Refused(chunk[0], f"document too large for the server: {chunk[0].size} bytes"))
        return
    middle = len(chunk) // 2
    _send(client, chunk[:middle], refused, alias, sleep)
    _send(client, chunk[middle:], refused, alias, sleep)


def _once(
    client: Elasticsearch, chunk: list[Action], refused: Callable[[Refused], None], alias: bool
) -> tuple[list[Action], str]:
    """What is left to be sent again, and why."""
    with translated():
        try:
            reply = client.options(max_retries=0).perform_request(
                "POST",
                "/_bulk",
                params={"require_alias": "true" if alias else "false", "filter_path": _ANSWER},
                headers={
                    "content-type": "application/vnd.elasticsearch+x-ndjson; compatible-with=8",
                    "accept": "application/vnd.elasticsearch+json; compatible-with=8",
                },
                body=b"".join(action.lines() for action in chunk),
            )
        except ApiError as error:
            if error.status_code == 413:
                raise _TooLargeError from error
            raise
    if not reply.body["errors"]:
        return [], ""
    return _sort_out(chunk, reply.body["items"], refused)


_ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


def _sort_out(
    chunk: list[Action], items: list[Body], refused: Callable[[Refused], None]
) -> tuple[list[Action], str]:
    again: list[Action] = []
    why = ""
    for action, item in zip(chunk, items, strict=True):
        result = next(iter(item.values()))
        status = int(result["status"])
        if status < 300 or (status == 404 and action.verb != "index" and "error" not in result):
            continue
        reason = _reason(result.get("error", {}))
        if status in BUSY:
            again.append(action)
            why = reason
        elif status == 404 and action.verb == "update" and "document_missing" in reason:
            continue  # removed meanwhile
        elif status in (401, 403, 404):
            raise from_status(status, reason)
        else:
            refused(Refused(action, f"{status} {reason}"))
    return again, why


def _reason(error: Body) -> str:
    inner = error.get("caused_by", {}).get("reason")
    return f"{error.get('type')}: {error.get('reason')}" + (f" ({inner})" if inner else "")
