"""What every lead index does, in our words. A backend passes tests/leads/index/test_conformance.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from leads.models import Hit, Lead, LeadQuery, Mention, Page


class LeadIndex(ABC):
    """Leads and mentions, searchable. Every write is an upsert by id and safe to repeat.

    Near-duplicates (leads.fold) of a stored lead are kept under the one published first and are not found by
    `search`; its `folded` counts them.

    All methods raise `StorageError` when the store cannot be reached, read or written.
    """

    @abstractmethod
    def upsert(self, leads: Sequence[Lead]) -> None:
        """Store all or none; a lead already there keeps its status."""

    @abstractmethod
    def search(self, query: LeadQuery, *, now: datetime) -> Page[Hit]:
        """One page of matching leads, without a total.

        Raises:
            QueryError: the text is not a rule, or the cursor belongs to another query.
        """

    @abstractmethod
    def count(self, query: LeadQuery) -> int:
        """How many leads match, regardless of limit and cursor."""

    @abstractmethod
    def get(self, lead_id: str) -> Lead | None:
        """The lead of this id, a folded one included."""

    @abstractmethod
    def set_status(self, lead_ids: Iterable[str], status: str) -> int:
        """Give these leads a status; returns how many there were."""

    @abstractmethod
    def delete(self, lead_ids: Iterable[str]) -> int:
        """Remove posts by id as leads and as mentions; a folded duplicate takes a removed lead's place."""

    @abstractmethod
    def delete_author(self, author_key: str) -> int:
        """Remove everything one author wrote, leads and mentions; returns how many posts."""

    @abstractmethod
    def expire(self, before: datetime) -> int:
        """Remove leads and mentions published before this time; returns how many."""

    @abstractmethod
    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        """Store all or none; returns how many were not there before."""

    @abstractmethod
    def mentions(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Mention]:
        """Newest first."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """{"leads": searchable, "folded": kept under another, "mentions": n}."""

    @abstractmethod
    def close(self) -> None:
        """Release what is held open; closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
