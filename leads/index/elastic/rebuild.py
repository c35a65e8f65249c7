"""The next version of an Elasticsearch index beside the old one, then one swap of the aliases.

Writers go on into the old index while most is copied; only for the last differences do they wait (the writer
lock). Searches go through the alias and never notice. Interrupted, the next run finds the unfinished index by
its number and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from leads.errors import StorageError
from leads.index.base import KINDS, Digest, Kind, Names, Record
from leads.index.copying import Copied, Copier, Progress
from leads.index.elastic.admin import Admin
from leads.index.elastic.bulk import Refused
from leads.index.elastic.client import Servers, check_version, connect, translated
from leads.index.elastic.lock import WriterLock
from leads.index.elastic.search import ElasticReader
from leads.index.elastic.store import ElasticStore
from nlp.text.tokens import TOKENIZER

FEW = 500  # differences left when writers are asked to wait
ROUNDS = 6


class _Side:
    """Indices by their own names, for copying."""

    def __init__(self, reader: ElasticReader, store: ElasticStore, names: Names) -> None:
        self._reader, self._store, self._names = reader, store, names

    def digests(self, kind: Kind) -> Iterator[Digest]:
        for name in self._names.values():
            self._store.refresh(name)
        return self._reader.digests(kind)

    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]:
        return self._reader.records(kind, ids)

    def restore(self, records: Sequence[Record]) -> None:
        self._store.restore(records)

    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        self._store.discard(kind, ids)


class Rebuild:
    """Builds, verifies and swaps; drops old versions when told."""

    def __init__(self, servers: Servers, data_dir: Path) -> None:
        """Raises StorageError: unreachable, or there is no index yet."""
        self._client = connect(servers)
        check_version(self._client)
        self._admin = Admin(self._client, servers)
        self._lock = WriterLock(self._client, self._admin.state)
        self._refused: list[Refused] = []

    def run(self, progress: Callable[[Progress], None]) -> Copied:
        """The whole of it; the old index stays until `drop_old`.

        Raises:
            StorageError: an index fails, or a document is refused by the new mapping; nothing was swapped.
        """
        old = self._current()
        new = {kind: self._admin.create(kind, self._admin.next_number(kind), alias=False) for kind in KINDS}
        self._bulk_settings(new, busy=True)
        copier = Copier(self._side(old), self._side(new), progress, recut=self._other_tokenizer(old))
        for _ in range(ROUNDS):
            if sum(changed for _, _, changed in copier.compare()) <= FEW:
                break
        self._bulk_settings(new, busy=False)
        with self._lock.held():
            copier.progress = self._beating(progress)
            copied = copier.run()
            self._complain_of_refused()
            if name := self._admin.id(old["leads"]):
                self._admin.give_id(new["leads"], name)
            self._admin.swap(new)
        return copied

    def _current(self) -> Names:
        names = {kind: self._admin.behind(kind) for kind in KINDS}
        for kind, name in names.items():
            if name is None:
                raise StorageError(f"还没有索引 {self._admin.alias(kind)}：先导入或抓取，再谈重建。")
        return {kind: name for kind, name in names.items() if name is not None}

    def _side(self, names: Names) -> _Side:
        store = ElasticStore(
            self._client, names, refused=self._refused.append, beat=lambda: None, alias=False
        )
        return _Side(ElasticReader(self._client, names), store, names)

    def _beating(self, progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        def both(step: Progress) -> None:
            self._lock.beat()
            progress(step)

        return both

    def _other_tokenizer(self, names: Names) -> bool:
        return self._admin.meta(names["leads"]).get("tokenizer") != TOKENIZER

    def _bulk_settings(self, names: Names, *, busy: bool) -> None:
        """No searchable segments are made while nobody searches: a fifth faster."""
        settings = {"refresh_interval": "-1" if busy else None}
        with translated():
            self._client.indices.put_settings(index=list(names.values()), settings=settings)

    def _complain_of_refused(self) -> None:
        if self._refused:
            first = self._refused[0]
            raise StorageError(
                f"新索引不接受 {len(self._refused)} 条记录（{first.action.id}：{first.reason}）："
                "旧索引照常使用，请先处理这些记录。"
            )

    def drop_old(self) -> list[str]:
        """Delete the versions before the one in use; returns their names."""
        return self._admin.drop_old()

    def close(self) -> None:
        self._client.close()
