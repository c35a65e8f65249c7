"""Writes of `ElasticIndex`: upserts with folding, removal, copying. Callers hold the writer lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from elasticsearch import Elasticsearch

from leads.errors import StorageError
from leads.index.base import Kind, Names, Record, Stored
from leads.index.elastic.bulk import Action, Refused, delete_action, index_action, update_action, write
from leads.index.elastic.client import translated
from leads.index.elastic.docs import Body, Document, lead_document, lead_of, mention_document
from leads.index.elastic.fold import FoldedEntry, WorkingSet
from leads.index.elastic.query import published
from leads.models import CaseMark, Lead, Mention
from leads.scoring.duplicates import bands, shingles

PAGE = 1000
_COMMON = 2000  # more candidates than this for one batch: asked lead by lead
_UNTAGGED = ("status", "assignee", "bands", "head")  # what has nothing to do with tags
_FOLD_FIELDS = ["published", "author_key", "bands", "head", "doc"]


class ElasticStore:
    """Writes through the aliases, or into the indices `names` gives."""

    def __init__(
        self,
        client: Elasticsearch,
        names: Names,
        *,
        refused: Callable[[Refused], None],
        beat: Callable[[], None],
        alias: bool,
    ) -> None:
        self._client, self._names, self._alias = client, names, alias
        self._refused, self._beat = refused, beat

    @property
    def _leads(self) -> str:
        return self._names["leads"]

    @property
    def _mentions(self) -> str:
        return self._names["mentions"]

    def upsert(self, leads: Sequence[Lead]) -> None:
        if not leads:
            return
        texts = [shingles(lead.post.full_text) for lead in leads]
        keys = bands(texts)
        known = self._working_set([lead.id for lead in leads])
        bands_of = [[format(key & (1 << 64) - 1, "x") for key in its] for its in keys]
        known.add(self._heads_sharing(bands_of))
        for lead, parts, its in zip(leads, texts, keys, strict=True):
            known.put(lead, parts, its)
        self._write_changes(known)

    def _working_set(self, ids: Sequence[str]) -> WorkingSet:
        known = WorkingSet(load_members=self._members)
        known.add(map(_entry, self._get(self._leads, ids, _FOLD_FIELDS)))
        return known

    def _get(self, index: str, ids: Sequence[str], fields: list[str]) -> Iterator[Body]:
        """Stored documents by id, as they are this very moment (no refresh needed)."""
        for start in range(0, len(ids), PAGE):
            chunk = [lead_id for lead_id in ids[start : start + PAGE] if usable(lead_id)]
            if not chunk:
                continue
            with translated():
                reply = self._client.mget(index=index, ids=chunk, source_includes=fields)
            yield from (doc for doc in reply["docs"] if doc.get("found"))

    def _members(self, heads: list[str]) -> Iterator[FoldedEntry]:
        return map(_entry, self.scan(self._leads, {"terms": {"head": heads}}, _FOLD_FIELDS))

    def scan(self, index: str, query: Document, fields: list[str]) -> Iterator[Body]:
        """Every match in the order of ids."""
        after: list[object] | None = None
        while True:
            with translated():
                reply = self._client.search(
                    index=index, query=query, size=PAGE, sort=[{"id": "asc"}], search_after=after,
                    source_includes=fields or None, source=None if fields else False, track_total_hits=False,
                )  # fmt: skip
            hits = reply["hits"]["hits"]
            yield from hits
            if len(hits) < PAGE:
                return
            after = hits[-1]["sort"]

    def _heads_sharing(self, bands_of: list[list[str]]) -> Iterable[FoldedEntry]:
        """Stored heads that share a band with one of these leads."""
        everything = sorted({band for its in bands_of for band in its})
        found = self._heads(everything, _COMMON)
        if len(found) < _COMMON:
            return found
        # Some text is so common that its heads crowd out the others'.
        return [head for its in bands_of for head in self._heads(its, 50)]

    def _heads(self, keys: list[str], size: int) -> list[FoldedEntry]:
        with translated():
            reply = self._client.search(
                index=self._leads,
                query={"bool": {"filter": [{"term": {"head": ""}}, {"terms": {"bands": keys}}]}},
                size=size, sort=[{"published": "asc"}, {"id": "asc"}], source_includes=_FOLD_FIELDS,
                track_total_hits=False,
            )  # fmt: skip
        return [_entry(hit) for hit in reply["hits"]["hits"]]

    def _write_changes(self, known: WorkingSet) -> None:
        self._send(self._leads, map(self._action, known.changed()))

    def _action(self, entry: FoldedEntry) -> Action:
        if entry.change == "gone":
            return delete_action(self._leads, entry.id)
        if entry.lead is None:
            return update_action(self._leads, entry.id, {"head": entry.head})
        document = lead_document(
            replace(entry.lead, status="new", assignee=""), head=entry.head, keys=entry.keys
        )
        if not entry.stored:
            return index_action(self._leads, entry.id, document)
        # A partial update leaves alone the case somebody may be working on right now.
        changes = {name: value for name, value in document.items() if name not in ("status", "assignee")}
        return update_action(self._leads, entry.id, changes, insert=document)

    def _send(self, index: str, actions: Iterable[Action]) -> None:
        usable_ones = self._usable(actions)
        write(self._client, usable_ones, refused=self._refused, alias=self._alias, beat=self._beat)
        self.refresh(index)

    def _usable(self, actions: Iterable[Action]) -> Iterator[Action]:
        """One id the server cannot hold must not fail the request that carries it."""
        for action in actions:
            if usable(action.id):
                yield action
            else:
                self._refused(Refused(action, "id is empty or longer than 512 bytes"))

    def refresh(self, index: str) -> None:
        """Make what was written visible to searches."""
        with translated():
            self._client.indices.refresh(index=index)

    def retag(self, leads: Sequence[Lead]) -> int:
        """See `LeadIndex`: tags alone, so that bands, folding and cases stay as they are."""
        stored = {
            hit["_id"]: hit["_source"] for hit in self._get(self._leads, [each.id for each in leads], ["doc"])
        }
        changed = []
        for lead in leads:
            source, document = stored.get(lead.id), lead_document(lead, keys=())
            if source is None or source["doc"] == document["doc"]:
                continue
            if lead_of(source | {"status": "new"}).post == lead.post:
                tags = {name: value for name, value in document.items() if name not in _UNTAGGED}
                changed.append(update_action(self._leads, lead.id, tags))
        self._send(self._leads, changed)
        return len(changed)

    def published_in(self, since: int, until: int) -> list[str]:
        """Ids of the leads of these hours since 1970."""
        borders = {"gte": str(since * 3600), "lt": str(until * 3600), "format": "epoch_second"}
        query = {"range": {"published": borders}}
        return [hit["_id"] for hit in self.scan(self._leads, query, ["id"])]

    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        documents = {mention.id: mention_document(mention) for mention in mentions}
        there = {doc["_id"] for doc in self._get(self._mentions, list(documents), ["id"])}
        actions = (index_action(self._mentions, key, document) for key, document in documents.items())
        self._send(self._mentions, actions)
        return len(documents.keys() - there)

    def set_case(self, changes: Iterable[CaseMark]) -> int:
        last = {change.lead_id: change for change in changes}
        there = [doc["_id"] for doc in self._get(self._leads, list(last), ["id"])]
        self._send(self._leads, (self._case(last[key]) for key in there))
        return len(there)

    def _case(self, change: CaseMark) -> Action:
        fields = {"status": change.status, "assignee": change.assignee}
        return update_action(self._leads, change.lead_id, fields)

    def delete(self, ids: Sequence[str]) -> int:
        """Remove posts, in slices, and make sure that no search finds them; returns how many were there."""
        unique = list(dict.fromkeys(ids))
        return sum(self._delete_slice(unique[start : start + PAGE]) for start in range(0, len(unique), PAGE))

    def _delete_slice(self, ids: list[str]) -> int:
        known = self._working_set(ids)
        there = set(known.entries)
        known.expect([entry.id for entry in known.entries.values() if not entry.head])
        for lead_id in there:
            known.remove(known.entries[lead_id])
        self._write_changes(known)
        about = list(self.scan(self._mentions, {"terms": {"post_id": ids}}, ["post_id"]))
        self._send(self._mentions, (delete_action(self._mentions, hit["_id"]) for hit in about))
        self._verify_gone(ids)
        return len(there | {hit["_source"]["post_id"] for hit in about})

    def _verify_gone(self, ids: list[str]) -> None:
        with translated():
            left = self._client.count(index=self._leads, query={"terms": {"id": ids}})["count"]
            left += self._client.count(index=self._mentions, query={"terms": {"post_id": ids}})["count"]
        if left:
            raise StorageError(f"还有 {left} 条没有删掉：别的进程正在写同一批帖子，请再运行一次。")

    def delete_author(self, author_key: str) -> int:
        return self.delete(self.ids_of_author(author_key))

    def ids_of_author(self, author_key: str) -> list[str]:
        """Posts of one author, leads or mentions."""
        return self._posts_where({"term": {"author_key": author_key}})

    def _posts_where(self, query: Document) -> list[str]:
        leads = [hit["_id"] for hit in self.scan(self._leads, query, ["id"])]
        mentions = [hit["_source"]["post_id"] for hit in self.scan(self._mentions, query, ["post_id"])]
        return list(dict.fromkeys([*leads, *mentions]))

    def expire(self, before: datetime) -> int:
        """Oldest first, slice by slice, so that an interruption leaves the younger ones."""
        query = published("lt", before)
        count = 0
        while ids := self._oldest(query):
            count += self.delete(ids)
        return count

    def _oldest(self, query: Document) -> list[str]:
        found: list[str] = []
        for index, name in ((self._leads, "id"), (self._mentions, "post_id")):
            with translated():
                reply = self._client.search(
                    index=index, query=query, size=PAGE, sort=[{"published": "asc"}],
                    source_includes=[name], track_total_hits=False,
                )  # fmt: skip
            found += [hit["_source"][name] for hit in reply["hits"]["hits"]]
        return list(dict.fromkeys(found))

    def restore(self, records: Sequence[Record]) -> None:
        """Whole documents with their folding, as copied from another index; refreshed by the caller."""
        leads = [record for record in records if isinstance(record, Stored)]
        keys = bands([shingles(record.lead.post.full_text) for record in leads])
        by_id = {record.lead.id: its for record, its in zip(leads, keys, strict=True)}
        actions = (self._restored(record, by_id) for record in records)
        write(self._client, self._usable(actions), refused=self._refused, alias=self._alias, beat=self._beat)

    def _restored(self, record: Record, keys: Mapping[str, tuple[int, ...]]) -> Action:
        if isinstance(record, Stored):
            document = lead_document(record.lead, head=record.head, keys=keys[record.lead.id])
            return index_action(self._leads, record.lead.id, document)
        return index_action(self._mentions, record.id, mention_document(record))

    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        self._send(self._names[kind], (delete_action(self._names[kind], key) for key in ids))


def usable(doc_id: str) -> bool:
    """The server's limit for `_id`."""
    return 0 < len(doc_id.encode("utf-8", "replace")) <= 512


def _entry(hit: Body) -> FoldedEntry:
    source = hit["_source"]
    return FoldedEntry(
        id=hit["_id"],
        published=source["published"],
        author_key=source["author_key"],
        bands=source["bands"],
        head=source["head"],
        doc=source["doc"],
    )
