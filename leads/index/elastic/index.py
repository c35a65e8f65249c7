"""The lead index on an Elasticsearch cluster, for when one machine is not enough.

`ElasticIndex` puts the parts together: a writer lock around every write, a spool for what comes while the
server is away, quarantine for documents it will never take. How it is used: docs/elasticsearch.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from elasticsearch import Elasticsearch

from crawler.items import Post
from leads.index.base import (
    FACETS,
    KINDS,
    Digest,
    Facet,
    Kind,
    LeadIndex,
    MentionHead,
    Names,
    Record,
    Tile,
)
from leads.index.daily import Counts, Daily
from leads.index.elastic.admin import Admin
from leads.index.elastic.bulk import Refused
from leads.index.elastic.client import ServerDownError, Servers, check_version, connect
from leads.index.elastic.lock import WriterLock
from leads.index.elastic.search import ElasticReader
from leads.index.elastic.spool import Spool
from leads.index.elastic.store import ElasticStore
from leads.index.stamp import Changes, Stamp
from leads.models import CaseMark, Hit, Lead, LeadQuery, Mention, Page, Precision
from leads.quarantine import Quarantine

_log = logging.getLogger(__name__)
RETRY_AFTER = 5.0  # seconds in which a server that was away is not asked again by writes


class ElasticIndex(LeadIndex):
    """See `LeadIndex`. Safe for any number of processes and machines on one cluster."""

    def __init__(self, servers: Servers, data_dir: Path) -> None:
        """Connects, checks versions, makes what is missing and writes what was waiting in the spool.

        Raises:
            ConfigError: the address or the CA file cannot be used.
            StorageError: unreachable, refused, too old, or an index of another version.
        """
        self._client = connect(servers)
        try:
            check_version(self._client)
            self.admin = Admin(self._client, servers)
            self.admin.ready()
        except BaseException:
            self._client.close()
            raise
        self._use(data_dir)
        with self._turn:
            self._replay()

    def _use(self, data_dir: Path) -> None:
        names: Names = {kind: self.admin.alias(kind) for kind in KINDS}
        self._quarantine = Quarantine(data_dir / "quarantine.jsonl")
        self._spool = Spool(data_dir / "elastic-spool.jsonl")
        self._lock = WriterLock(self._client, self.admin.state)
        self._store = ElasticStore(
            self._client, names, refused=self._set_aside, beat=self._lock.beat, alias=True
        )
        self._reader = ElasticReader(self._client, names)
        self._turn = RLock()  # threads of this process; the writer lock keeps processes apart
        self._away_since = -RETRY_AFTER
        self._stamp: Stamp | None = None

    @property
    def client(self) -> Elasticsearch:
        """For rebuilding, which works on indices beside this one."""
        return self._client

    def _set_aside(self, refused: Refused) -> None:
        action = refused.action
        self._quarantine.add(
            origin=f"elasticsearch {action.index}/{action.id}",
            line=None,
            reason=refused.reason,
            raw=action.body.decode(),
            now=datetime.now(UTC),
        )
        self._quarantine.sync()  # the crawl's cursor moves on as if it were stored

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The turn to write, with nothing waiting in the spool.

        Raises:
            StorageError: the server is away, or others keep on writing.
        """
        with self._turn:
            self._replay()
            with self._lock.held():
                yield

    def _replay(self) -> None:
        """What came while the server was away goes first, in its order."""
        if not self._spool.empty():
            with self._lock.held():
                self._spool.replay(self._put)

    def _put(self, leads: list[Lead], mentions: list[Mention]) -> None:
        if leads:
            self._store.upsert(leads)
        if mentions:
            self._store.upsert_mentions(mentions)

    def upsert(self, leads: Sequence[Lead]) -> None:
        """As promised; while the server is away the batch is kept on disk and written later."""
        if leads:
            self._now_or_later(lambda: self._store.upsert(leads), leads, ())

    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        """As promised; 0 while the server is away, and the batch is kept on disk."""
        if not mentions:
            return 0
        return self._now_or_later(lambda: self._store.upsert_mentions(mentions), (), mentions) or 0

    def _now_or_later(
        self, write: Callable[[], int | None], leads: Sequence[Lead], mentions: Sequence[Mention]
    ) -> int | None:
        with self._turn:
            if time.monotonic() - self._away_since >= RETRY_AFTER:
                try:
                    with self.writing():
                        return write()
                except ServerDownError as error:
                    self._away_since = time.monotonic()
                    if self._spool.empty():
                        _log.warning("%s新的线索先存在 %s，恢复后自动补写。", error, self._spool.path)
            self._spool.append(leads, mentions)
            return None

    def retag(self, leads: Sequence[Lead]) -> int:
        with self.writing():
            return self._store.retag(leads)

    def hours(self) -> Mapping[int, int]:
        return self._reader.hours()

    def published_in(self, since: int, until: int) -> Sequence[str]:
        return self._store.published_in(since, until)

    def search(self, query: LeadQuery, *, now: datetime) -> Page[Hit]:
        return self._reader.search(query, now)

    def count(self, query: LeadQuery) -> int:
        return self._reader.count(query)

    def get(self, lead_id: str) -> Lead | None:
        return self._reader.get(lead_id)

    def folded(self, lead_id: str) -> Sequence[Lead]:
        return self._reader.folded(lead_id)

    def set_case(self, changes: Sequence[CaseMark]) -> int:
        with self.writing():
            return self._store.set_case(changes)

    def delete(self, lead_ids: Iterable[str]) -> int:
        with self.writing():
            return self._store.delete(list(lead_ids))

    def delete_author(self, author_key: str) -> int:
        if not author_key:
            return 0
        with self.writing():
            return self._store.delete_author(author_key)

    def ids_of_author(self, author_key: str) -> Sequence[str]:
        if not author_key:
            return ()
        with self.writing():  # what waits in the spool is the author's too
            return self._store.ids_of_author(author_key)

    def expire(self, before: datetime) -> int:
        """As promised; while writes are waiting in the spool it is left to the next run, which asks again."""
        try:
            with self.writing():
                return self._store.expire(before)
        except ServerDownError:
            if self._spool.empty():
                raise
            return 0

    def mentions(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Mention]:
        return self._reader.mentions(clinic_id, since, limit)

    def mention_heads(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[MentionHead]:
        return self._reader.mention_heads(clinic_id, since, limit)

    def counts(self) -> Mapping[str, int]:
        return self._reader.counts()

    def facets(self, query: LeadQuery, names: Sequence[Facet] = FACETS) -> Mapping[Facet, Mapping[str, int]]:
        return self._reader.facets(query, names)

    def precisions(self, query: LeadQuery) -> Mapping[Precision, int]:
        return self._reader.precisions(query)

    def counts_since(self, query: LeadQuery, moments: Sequence[datetime]) -> tuple[int, ...]:
        return self._reader.counts_since(query, moments)

    def tiles(self, query: LeadQuery, zoom: int) -> Sequence[Tile]:
        return self._reader.tiles(query, zoom)

    def on_tiles(
        self, query: LeadQuery, zoom: int, tiles: Collection[tuple[int, int]], limit: int
    ) -> Sequence[Lead]:
        return self._reader.on_tiles(query, zoom, tiles, limit)

    def daily(self, asked: Daily) -> Counts:
        return self._reader.daily(asked)

    def alike(
        self, words: Sequence[str], *, besides: str = "", limit: int = 10
    ) -> Sequence[tuple[Lead, float]]:
        return self._reader.alike(words, besides, limit)

    def digests(self, kind: Kind) -> Iterator[Digest]:
        return self._reader.digests(kind)

    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]:
        return self._reader.records(kind, ids)

    def posts(self, ids: Sequence[str]) -> Sequence[Post]:
        return self._reader.posts(ids)

    def restore(self, records: Sequence[Record]) -> None:
        with self.writing():
            self._store.restore(records)
            for kind in KINDS:
                self._store.refresh(self.admin.alias(kind))

    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        with self.writing():
            self._store.discard(kind, ids)

    def stamp(self) -> Stamp:
        """As promised, without marks: a page's worth of leads may still wait in the spool."""
        if self._stamp is None:
            name = self.admin.id(self._leads)
            if not name:
                self.adopt(Stamp.new())
                name = self.admin.id(self._leads)  # another process may have been last
            self._stamp = Stamp(name, None)
        return self._stamp

    def changes(self) -> Changes:
        return self.admin.changes("leads")

    def mark(self) -> Stamp:
        return self.stamp()

    def adopt(self, stamp: Stamp) -> None:
        self.admin.give_id(self._leads, stamp.id)
        self._stamp = None

    @property
    def _leads(self) -> str:
        """The index behind the alias, which `admin.ready` has made."""
        return self.admin.behind("leads") or self.admin.create("leads", 1, alias=True)

    def close(self) -> None:
        """What is still in the spool stays there for the next process."""
        self._reader.snapshots.close()
        self._client.close()
