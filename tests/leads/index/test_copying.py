"""Moving everything between indexes, and rebuilding the Elasticsearch index beside itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from leads.config import Settings
from leads.errors import StorageError
from leads.index import open_backend
from leads.index.base import Digest, Kind, LeadIndex, Record
from leads.index.copying import Copier
from leads.models import LeadQuery
from leads.query.words import parse
from tests.support.builders import NOW, lead
from tests.support.index_contents import contents, fill
from tests.support.indexes import backends

pytestmark = backends


@pytest.fixture
def other(backend: str, settings_for: Callable[[str], Settings]) -> Iterator[LeadIndex]:
    """An empty index of the other backend."""
    with open_backend(settings_for("sqlite" if backend == "elastic" else "elastic")) as opened:
        yield opened


@pytest.mark.elastic
class TestMoving:
    def test_everything_arrives(self, index: LeadIndex, other: LeadIndex) -> None:
        fill(index)
        copied = Copier(index, other).run()
        assert (copied.leads, copied.mentions, copied.passes) == (45, 7, 2)
        assert contents(other) == contents(index)
        assert other.counts() == index.counts() == {"leads": 41, "folded": 4, "mentions": 7}
        for query in (
            LeadQuery(words=parse("牙疼"), limit=100),
            LeadQuery(words=parse("智齿")),
            LeadQuery(statuses=("seen",)),
            LeadQuery(assignees=("chen",)),
        ):
            mine, theirs = index.search(query, now=NOW).items, other.search(query, now=NOW).items
            assert [hit.lead for hit in mine] == [hit.lead for hit in theirs]

    def test_a_second_run_finds_what_changed_meanwhile(self, index: LeadIndex, other: LeadIndex) -> None:
        fill(index)
        Copier(index, other).run()
        index.delete(["forum/1004", "forum/5"])  # a head: its duplicate takes its place
        index.upsert([lead(2, "头晕", hours=2)])
        copied = Copier(index, other).run()
        assert 0 < copied.written < 10
        assert contents(other) == contents(index)
        assert other.counts() == index.counts()

    def test_an_interrupted_copy_goes_on(self, index: LeadIndex, other: LeadIndex) -> None:
        fill(index)
        breaking = _Breaking(other, after=1)
        with pytest.raises(StorageError, match="away"):
            Copier(index, breaking).run()
        copied = Copier(index, other).run()
        assert contents(other) == contents(index)
        assert copied.written < 45 + 7


class _Breaking:
    """A target that fails after some batches, as a dying server does."""

    def __init__(self, inner: LeadIndex, after: int) -> None:
        self._inner, self._left = inner, after

    def digests(self, kind: Kind) -> Iterator[Digest]:
        return self._inner.digests(kind)

    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]:
        return self._inner.records(kind, ids)

    def restore(self, records: Sequence[Record]) -> None:
        if not self._left:
            raise StorageError("away")
        self._left -= 1
        self._inner.restore(records)

    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        self._inner.discard(kind, ids)
