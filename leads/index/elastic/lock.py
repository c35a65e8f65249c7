"""One writer at a time, as with the embedded index: folding and swapping the alias need it.

The lock is one document, created by whoever writes. A holder that dies leaves it behind: who waits and sees
no change for STALE seconds *of its own clock* takes it over, so clocks that differ do no harm.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple
from uuid import uuid4

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from leads.errors import StorageError
from leads.index.elastic.client import ServerDownError, translated

STALE = 20.0  # seconds without a beat
PATIENCE = 120.0  # seconds to wait for others who are alive
BEAT_EVERY = 3.0
_ID = "writer"


class _State(NamedTuple):
    """The lock's document: what changes with each beat, and who holds it."""

    seq_no: int
    term: int
    owner: str


class WriterLock:
    """Held for the length of one write. Not to be taken twice by one thread."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client, self._index = client, index
        self._owner = uuid4().hex
        self._beats = 0
        self._last_beat = 0.0
        self._state = (0, 0)  # sequence number and primary term of the document as we left it

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises StorageError when others keep on writing for two minutes."""
        self._acquire()
        try:
            yield
        except ServerDownError:
            raise  # it would not hear us
        except BaseException:
            self._release()
            raise
        self._release()

    def beat(self) -> None:
        """Say that the holder lives; called again and again during long writes."""
        now = time.monotonic()
        if now - self._last_beat < BEAT_EVERY:
            return
        self._last_beat = now
        self._beats += 1
        with translated():
            document = {"owner": self._owner, "beat": self._beats}
            reply = self._client.index(index=self._index, id=_ID, document=document)
        self._state = (reply["_seq_no"], reply["_primary_term"])

    def _acquire(self) -> None:
        start = since = time.monotonic()
        seen: _State | None = None
        while not self._take():
            now = time.monotonic()
            current = self._seen()
            if current != seen:
                seen, since = current, now
            if current is not None and (current.owner == self._owner or now - since > STALE):
                # Our own is one that we could not give back while the server was away.
                self._evict((current.seq_no, current.term))
            if now - start > PATIENCE:
                raise StorageError("别的进程一直在写 Elasticsearch 索引，等了两分钟：请等它结束后再试。")
            time.sleep(random.uniform(0.02, 0.08))  # noqa: S311 - spreads the waiting, nothing secret

    def _take(self) -> bool:
        with translated():
            try:
                document = {"owner": self._owner, "beat": 0}
                reply = self._client.create(index=self._index, id=_ID, document=document)
            except ConflictError:
                return False
        self._state = (reply["_seq_no"], reply["_primary_term"])
        self._last_beat, self._beats = time.monotonic(), 0
        return True

    def _seen(self) -> _State | None:
        """The lock's present state; None when it is free."""
        with translated():
            try:
                found = self._client.get(index=self._index, id=_ID)
            except NotFoundError:
                return None
        return _State(found["_seq_no"], found["_primary_term"], found["_source"]["owner"])

    def _evict(self, state: tuple[int, int]) -> None:
        with translated():
            try:
                self._client.delete(index=self._index, id=_ID, if_seq_no=state[0], if_primary_term=state[1])
            except (ConflictError, NotFoundError):
                return

    def _release(self) -> None:
        """Only our own; a server that is gone keeps it until it is stale."""
        with suppress(ServerDownError):
            self._evict(self._state)
