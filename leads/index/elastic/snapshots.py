"""Points in time for paging: few, short-lived; a cursor knows a token, never the server's id."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from threading import Lock
from uuid import uuid4

from elasticsearch import Elasticsearch

from leads.errors import StorageError
from leads.index.elastic.client import translated

KEEP = "2m"  # after the last page asked; then the same cursor reads the present
MOST = 50


class Snapshots:
    """A cursor whose point in time is gone reads on from the present: the order is the same."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client, self._index = client, index
        self._open: OrderedDict[str, str] = OrderedDict()
        self._lock = Lock()

    def open(self) -> str:
        """A token for a point in time taken now."""
        with translated():
            pit = str(self._client.open_point_in_time(index=self._index, keep_alive=KEEP)["id"])
        token = uuid4().hex[:12]
        with self._lock:
            self._open[token] = pit
            oldest = self._open.popitem(last=False)[1] if len(self._open) > MOST else ""
        self._close(oldest)
        return token

    def find(self, token: str) -> str:
        """The server's id behind a token; "" when it is not ours or gone."""
        with self._lock:
            return self._open.get(token, "")

    def close(self) -> None:
        with self._lock:
            ids = list(self._open.values())
            self._open.clear()
        for pit in ids:
            self._close(pit)

    def _close(self, pit: str) -> None:
        # A point in time that cannot be closed ends by itself two minutes later.
        if pit:
            with suppress(StorageError), translated():
                self._client.close_point_in_time(id=pit)
