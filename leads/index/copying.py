"""Making one index the copy of another: `tingzhen reindex` in both of its forms.

One pass compares the two by digest, in the order of ids, and puts right what differs. Passes are repeated
until one finds nothing: so an interrupted copy resumes, writes that came meanwhile are caught up with, and
the last pass is the proof that counts and checksums agree. Memory stays constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, Protocol

from leads.errors import StorageError
from leads.index.base import KINDS, Digest, Kind, Record, Stored
from nlp.text.normal import blank_noise, normalise
from nlp.text.tokens import cut, words

SLICE = 20_000  # differences put right before the comparison goes on
BATCH = 500  # records in memory
PASSES = 20


class Copyable(Protocol):
    """What copying needs of an index; every `LeadIndex` has it."""

    def digests(self, kind: Kind) -> Iterator[Digest]: ...
    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]: ...
    def restore(self, records: Sequence[Record]) -> None: ...
    def discard(self, kind: Kind, ids: Sequence[str]) -> None: ...


class Progress(NamedTuple):
    """How far a pass has come."""

    kind: Kind
    compared: int
    changed: int


@dataclass(slots=True)
class CopySummary:
    """One side of a comparison: how many records, and a checksum over all their digests."""

    count: int = 0
    _hash: blake2b = field(default_factory=lambda: blake2b(digest_size=16))

    def add(self, item: Digest) -> None:
        self.count += 1
        self._hash.update(
            "\0".join((item.id, item.digest, item.status, item.head, item.assignee, "")).encode()
        )

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a finished copy holds, both sides alike."""

    leads: int
    mentions: int
    checksum: str
    passes: int
    written: int
    removed: int


@dataclass(slots=True)
class Copier:
    """Copies `source` into `target`."""

    source: Copyable
    target: Copyable
    progress: Callable[[Progress], None] = lambda progress: None
    recut: bool = False  # cut texts anew: the source was cut by another tokenizer
    written: int = 0
    removed: int = 0
    passes: int = 0

    def run(self) -> Copied:
        """Passes until nothing differs.

        Raises:
            StorageError: the source is being written to faster than it is copied, or an index fails.
        """
        for _ in range(PASSES):
            sides = self.compare()
            if all(changed == 0 for _, _, changed in sides):
                return self._finished(sides)
        raise StorageError("源索引一直在变，追不上：请先停下抓取和导入，再运行一次 tingzhen reindex。")

    def compare(self) -> list[tuple[CopySummary, CopySummary, int]]:
        """One pass over both kinds; (source, target, differences put right) of each."""
        self.passes += 1
        return [self._pass(kind) for kind in KINDS]

    def _finished(self, sides: list[tuple[CopySummary, CopySummary, int]]) -> Copied:
        for mine, theirs, _ in sides:
            if (mine.count, mine.checksum) != (theirs.count, theirs.checksum):
                raise StorageError("两边的条数或校验和不一致：请再运行一次 tingzhen reindex。")
        leads, mentions = sides[0][0], sides[1][0]
        return Copied(
            leads=leads.count, mentions=mentions.count, checksum=leads.checksum + mentions.checksum,
            passes=self.passes, written=self.written, removed=self.removed,
        )  # fmt: skip

    def _pass(self, kind: Kind) -> tuple[CopySummary, CopySummary, int]:
        sides = CopySummary(), CopySummary()
        changed = compared = 0
        pairs = self._watched(kind, merged(self.source.digests(kind), self.target.digests(kind)), sides)
        while different := list(islice(pairs, SLICE)):
            self._put_right(kind, different)
            changed += len(different)
            compared = sides[0].count
            self.progress(Progress(kind, compared, changed))
        return *sides, changed

    def _watched(
        self,
        kind: Kind,
        pairs: Iterator[tuple[Digest | None, Digest | None]],
        sides: tuple[CopySummary, CopySummary],
    ) -> Iterator[tuple[Digest | None, Digest | None]]:
        """The pairs that differ; both sides are summed up on the way."""
        for number, (mine, theirs) in enumerate(pairs):
            for summary, item in zip(sides, (mine, theirs), strict=True):
                if item is not None:
                    summary.add(item)
            if number % 1000 == 0:
                self.progress(Progress(kind, number, 0))
            if mine != theirs:
                yield mine, theirs

    def _put_right(self, kind: Kind, pairs: list[tuple[Digest | None, Digest | None]]) -> None:
        wanted = [mine for mine, _ in pairs if mine is not None]
        extra = [theirs.id for mine, theirs in pairs if mine is None and theirs is not None]
        heads = {item.id for item in wanted if not item.head}
        # A duplicate needs its head; one outside this slice is copied along.
        heads_first = [*heads, *({item.head for item in wanted if item.head} - heads)]
        members = [item.id for item in wanted if item.head]
        for ids in (heads_first, members):
            for chunk in _batches(ids):
                self._copy(kind, chunk)
        for chunk in _batches(extra):
            self.target.discard(kind, chunk)
        self.removed += len(extra)

    def _copy(self, kind: Kind, ids: list[str]) -> None:
        records = self.source.records(kind, ids)
        self.target.restore([_recut(record) for record in records] if self.recut else records)
        self.written += len(records)
        self.progress(Progress(kind, 0, len(records)))


def _batches(ids: list[str]) -> Iterator[list[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def merged(left: Iterator[Digest], right: Iterator[Digest]) -> Iterator[tuple[Digest | None, Digest | None]]:
    """Both in one go, by id; None where one side lacks the record. Both come in the order of ids."""
    mine, theirs = next(left, None), next(right, None)
    while mine is not None or theirs is not None:
        if theirs is None or (mine is not None and mine.id < theirs.id):
            yield mine, None
            mine = next(left, None)
        elif mine is None or theirs.id < mine.id:
            yield None, theirs
            theirs = next(right, None)
        else:
            yield mine, theirs
            mine, theirs = next(left, None), next(right, None)


def _recut(record: Record) -> Record:
    if not isinstance(record, Stored):
        return record
    lead = record.lead
    tokens = tuple(words(cut(blank_noise(normalise(lead.post.full_text)))))
    return replace(record, lead=replace(lead, tags=replace(lead.tags, tokens=tokens)))
