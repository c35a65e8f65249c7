"""Folding near-duplicates for `ElasticIndex`: the embedded index's rules over a loaded working set.

Pure but for `load_members`. A batch is worked through in order on records held in memory; what changed is
then written in one go. A head's count of duplicates is never stored, so nothing has to be kept in step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import orjson

from leads.index.codec import lead_from_dict, lead_to_dict
from leads.index.elastic.docs import band_terms, text_of
from leads.models import Lead
from leads.scoring.duplicates import shingles, similar

CANDIDATES = 50  # as many heads are compared with a lead, the oldest first


@dataclass(slots=True)
class FoldedEntry:
    """A stored lead, or one about to be."""

    id: str
    published: int
    author_key: str
    bands: Sequence[str]
    head: str
    doc: str
    lead: Lead | None = None  # given when it is to be written whole
    keys: tuple[int, ...] = ()
    stored: bool = True  # stands in the index already
    change: Literal["", "head", "all", "gone"] = ""
    parts: frozenset[str] | None = None

    @property
    def age(self) -> tuple[int, str]:
        """Who is first among near-duplicates."""
        return self.published, self.id

    def shingles(self) -> frozenset[str]:
        if self.parts is None:
            self.parts = shingles(lead_from_dict(orjson.loads(self.doc)).post.full_text)
        return self.parts


@dataclass(slots=True)
class WorkingSet:
    """The leads a batch touches."""

    load_members: Callable[[list[str]], Iterable[FoldedEntry]]
    entries: dict[str, FoldedEntry] = field(default_factory=dict)
    _heads: dict[str, set[str]] = field(default_factory=dict)  # band → ids of heads
    _complete: set[str] = field(default_factory=set)  # heads whose members are loaded

    def add(self, loaded: Iterable[FoldedEntry]) -> None:
        """Records as stored; what is known already has newer knowledge."""
        for entry in loaded:
            if entry.id not in self.entries:
                self.entries[entry.id] = entry
                if not entry.head:
                    self._index(entry)

    def put(self, lead: Lead, parts: frozenset[str], keys: tuple[int, ...]) -> None:
        """Store a lead: under the head it is a near-duplicate of, or as a head itself."""
        doc = text_of(lead_to_dict(lead))
        known = self.entries.get(lead.id)
        stored = known is not None and known.stored
        if known is not None and known.change != "gone":
            if known.doc == doc:
                return
            self.remove(known)
        entry = FoldedEntry(
            id=lead.id,
            published=int(lead.post.published_at.timestamp()),
            author_key=lead.post.author_key,
            bands=band_terms(keys),
            head="",
            doc=doc,
            lead=lead,
            keys=keys,
            stored=stored,
            change="all",
            parts=parts,
        )
        self._place(entry)

    def _place(self, entry: FoldedEntry) -> None:
        head = self._head_of(entry)
        self.entries[entry.id] = entry
        if head is not None and head.age <= entry.age:
            entry.head = head.id
            return
        if head is not None:
            self._unindex(head)
            for member in [*self._members(head.id), head]:
                self._move(member, entry.id)
        self._complete.add(entry.id)
        self._index(entry)

    def remove(self, entry: FoldedEntry) -> None:
        """Take a lead out; the earliest folded under it takes its place."""
        if not entry.head:
            self._unindex(entry)
            self._promote_heir(entry.id)
        entry.change = "gone"

    def _promote_heir(self, gone: str) -> None:
        members = sorted(self._members(gone), key=lambda member: member.age)
        if not members:
            return
        heir = members[0]
        self._move(heir, "")
        self._index(heir)
        self._complete.add(heir.id)
        for member in members[1:]:
            self._move(member, heir.id)

    def _members(self, head: str) -> list[FoldedEntry]:
        if head not in self._complete:
            self.add(self.load_members([head]))
            self._complete.add(head)
        return [entry for entry in self.entries.values() if entry.head == head and entry.change != "gone"]

    def expect(self, heads: list[str]) -> None:
        """Load the members of these heads at once instead of one by one."""
        missing = [head for head in heads if head not in self._complete]
        if missing:
            self.add(self.load_members(missing))
            self._complete.update(missing)

    def _head_of(self, entry: FoldedEntry) -> FoldedEntry | None:
        """The head this lead is a near-duplicate of."""
        ids = {lead_id for band in entry.bands for lead_id in self._heads.get(band, ())}
        oldest = sorted((self.entries[lead_id] for lead_id in ids), key=lambda head: head.age)
        for head in oldest[:CANDIDATES]:
            same_author = bool(head.author_key) and head.author_key == entry.author_key
            if similar(entry.shingles(), head.shingles(), same_author=same_author):
                return head
        return None

    def _move(self, entry: FoldedEntry, head: str) -> None:
        entry.head = head
        entry.change = entry.change or "head"

    def _index(self, entry: FoldedEntry) -> None:
        for band in entry.bands:
            self._heads.setdefault(band, set()).add(entry.id)

    def _unindex(self, entry: FoldedEntry) -> None:
        for band in entry.bands:
            self._heads.get(band, set()).discard(entry.id)

    def changed(self) -> Iterator[FoldedEntry]:
        return (entry for entry in self.entries.values() if entry.change)
