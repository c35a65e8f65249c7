"""What every lead index does, in our words. A backend passes tests/leads/index/test_conformance.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from crawler.items import Post
from leads.index.daily import Counts, Daily
from leads.index.stamp import Changes, Stamp
from leads.models import CaseMark, Hit, Lead, LeadQuery, Mention, Page, Precision
from nlp.models import ComplaintKind, Polarity

Facet = Literal["symptom", "specialty", "city", "source", "day", "status", "assignee", "intent", "level"]
FACETS: tuple[Facet, ...] = (
    "symptom", "specialty", "city", "source", "day", "status", "assignee", "intent", "level",
)  # fmt: skip
Kind = Literal["leads", "mentions"]
Names = Mapping[Kind, str]
KINDS: tuple[Kind, ...] = ("leads", "mentions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Leads on one square of the usual web map (Web Mercator, x eastward, y southward, 2**zoom a side)."""

    zoom: int
    x: int
    y: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A lead with its place among near-duplicates, as moved from one index to another."""

    lead: Lead
    head: str = ""  # id of the lead it is folded under; "" when it is searchable itself


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionHead:
    """What lists of mentions are filtered, counted and sorted by: a mention without its text."""

    id: str
    post_id: str  # of its post
    clinic_id: str
    term: str  # the name that was found, as the clinic writes it
    published: int  # seconds since 1970
    polarity: Polarity
    severity: int  # 0 to 3
    kinds: tuple[ComplaintKind, ...]


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """What a stored record is, in short: two indexes hold the same records when their digests are equal.

    `digest` covers everything but the tokens, which another tokenizer may cut anew.
    """

    id: str
    digest: str
    status: str = ""
    head: str = ""
    assignee: str = ""


Record = Stored | Mention


class LeadIndex(ABC):
    """Leads and mentions, searchable. Every write is an upsert by id and safe to repeat.

    Near-duplicates (leads.scoring.duplicates) of a stored lead are kept under the one published first and are
    not found by `search`; its `folded` counts them.

    All methods raise `StorageError` when the store cannot be reached, read or written.
    """

    @abstractmethod
    def upsert(self, leads: Sequence[Lead]) -> None:
        """Store all or none; a lead already there keeps its status and assignee, whatever is given."""

    @abstractmethod
    def retag(self, leads: Sequence[Lead]) -> int:
        """Give stored leads new tags, need and reasons, all or none; returns how many came out otherwise.

        Case and folding stay. One that is gone, or whose post is another by now, is left as it is: whoever
        stored that had the newer tags.
        """

    @abstractmethod
    def hours(self) -> Mapping[int, int]:
        """How many leads, folded ones too, were published in each hour since 1970."""

    @abstractmethod
    def published_in(self, since: int, until: int) -> Sequence[str]:
        """Ids of the leads, folded ones too, published in these hours since 1970, `until` not included."""

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
    def set_case(self, changes: Sequence[CaseMark]) -> int:
        """Give leads a status and an assignee, all or none; of one id the last counts.

        Returns how many of them are there; folded leads are, and unknown ids are passed over.
        """

    @abstractmethod
    def delete(self, lead_ids: Iterable[str]) -> int:
        """Remove posts by id as leads and as mentions; a folded duplicate takes a removed lead's place."""

    @abstractmethod
    def delete_author(self, author_key: str) -> int:
        """Remove everything one author wrote, leads and mentions; returns how many posts."""

    @abstractmethod
    def ids_of_author(self, author_key: str) -> Sequence[str]:
        """Ids of one author's posts, leads (folded ones too) or mentions; "" has none."""

    @abstractmethod
    def expire(self, before: datetime) -> int:
        """Remove leads and mentions published before this time; returns how many."""

    @abstractmethod
    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        """Store all or none; returns how many were not there before.

        Nobody may rely on that number to send alerts: an index whose server is away keeps the batch on disk
        and returns 0, and writes it later without saying so.
        """

    @abstractmethod
    def mentions(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Mention]:
        """Newest first."""

    @abstractmethod
    def mention_heads(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[MentionHead]:
        """What `mentions` gives, in the same order, without the texts: a tenth of its work."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """{"leads": searchable, "folded": kept under another, "mentions": n}."""

    @abstractmethod
    def facets(self, query: LeadQuery, names: Sequence[Facet] = FACETS) -> Mapping[Facet, Mapping[str, int]]:
        """How the matching leads spread: value → count, values without leads left out, order of no meaning.

        Symptoms and specialties are codes, cities 6-digit adcodes, days ISO dates in Beijing time, assignees
        login names ("": nobody), intents labels, levels those of `nlp.models.Region` ("": no place).
        """

    @abstractmethod
    def precisions(self, query: LeadQuery) -> Mapping[Precision, int]:
        """How many of the matching leads are near in each way; a lead counts for one of them only.

        All three are there, whatever the query's own `precision`; empty for a query without `near`.
        """

    @abstractmethod
    def counts_since(self, query: LeadQuery, moments: Sequence[datetime]) -> tuple[int, ...]:
        """For each moment how many leads match when it stands in place of the query's `since`."""

    @abstractmethod
    def tiles(self, query: LeadQuery, zoom: int) -> Sequence[Tile]:
        """The matching leads that have a place, counted on map tiles; by x, then y. Zoom is 0 to 20."""

    @abstractmethod
    def on_tiles(
        self, query: LeadQuery, zoom: int, tiles: Collection[tuple[int, int]], limit: int
    ) -> Sequence[Lead]:
        """The newest of the matching leads that `tiles` counts on these tiles, (x, y) of the zoom."""

    @abstractmethod
    def daily(self, asked: Daily) -> Counts:
        """Searchable leads by the dimensions asked for: values in their order → count, "" for not known."""

    @abstractmethod
    def alike(
        self, words: Sequence[str], *, besides: str = "", limit: int = 10
    ) -> Sequence[tuple[Lead, float]]:
        """Searchable leads that have any of the rarest of these tokens, or of their sub-words, by BM25 or,
        in the embedded index, by its inverse document frequencies alone.

        Best first, with that figure (above 0). `besides`: the id of a lead whose own words these are; it is
        left out, and so are words that nobody else has.
        """

    @abstractmethod
    def folded(self, lead_id: str) -> Sequence[Lead]:
        """The near-duplicates kept under this lead, in the order of publication, then of ids."""

    @abstractmethod
    def digests(self, kind: Kind) -> Iterator[Digest]:
        """Every stored record in the order of ids (code points), folded leads included."""

    @abstractmethod
    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]:
        """The stored records of these ids, as many as there are, in any order."""

    @abstractmethod
    def posts(self, ids: Sequence[str]) -> Sequence[Post]:
        """The stored posts of these ids, leads (folded ones too) or mentions, each once, in any order."""

    @abstractmethod
    def restore(self, records: Sequence[Record]) -> None:
        """Store records as they are, case and folding included; heads come before their duplicates."""

    @abstractmethod
    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        """Drop records without promoting heirs: for making one index the copy of another."""

    @abstractmethod
    def stamp(self) -> Stamp:
        """Which index this is. Its name is for life; a copy made by `restore` is given it by `adopt`."""

    @abstractmethod
    def changes(self) -> Changes:
        """How far the searchable leads have come, other processes' writes included; cheap to ask."""

    @abstractmethod
    def mark(self) -> Stamp:
        """Count a page that a crawl has stored here; the stamp from now on, durable like every write."""

    @abstractmethod
    def adopt(self, stamp: Stamp) -> None:
        """Bear this stamp instead of one's own."""

    def scrub(self) -> None:  # noqa: B027 - a server's own merging does it where there is no file of ours
        """What was deleted leaves the disk too, as far as the store lets us; for after an erasure."""

    def tidy(self, now: datetime) -> None:  # noqa: B027 - as above
        """What expired leaves the disk, too, within a day; may be called after every crawl."""

    @abstractmethod
    def close(self) -> None:
        """Release what is held open; closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
