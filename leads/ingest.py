"""Posts in, leads and mentions out: the whole flow in one readable place, and the same as a Scrapy pipeline.

    read → mask → tag → keep what a clinic can use → store → count

Everything is idempotent: the same file twice, or a crash and a second run, give the same index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

from crawler.coverage import page_complete, posts_gone, posts_stored
from crawler.importers import Rejected
from crawler.items import Post
from leads.index.base import LeadIndex
from leads.match import BrandMatcher, serves
from leads.models import Clinic, Lead, Mention
from leads.quarantine import Quarantine
from leads.score import rate
from nlp import Tagger
from nlp.models import Tags
from nlp.pii import mask
from nlp.text import normalise

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.statscollectors import StatsCollector

_QUOTED = re.compile(r"[：（:('\"“「]")
BATCH = 512  # posts tagged and stored at once: large enough for matrix work, small enough to stay in cache
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Report:
    """What one run did: read = leads + unmatched + expired + rejected. Mentions are counted beside these."""

    read: int = 0
    leads: int = 0
    mentions: int = 0  # new ones
    unmatched: int = 0  # read well, nobody's lead: dropped
    expired: int = 0  # older than leads are kept: dropped
    rejected: int = 0  # could not be read: in quarantine
    why_rejected: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestor:
    """All that turning posts into leads needs."""

    tagger: Tagger
    index: LeadIndex
    quarantine: Quarantine
    clinics: Sequence[Clinic]
    brands: BrandMatcher
    min_need: float = 0.3
    expire_days: int = 180

    def run(
        self,
        records: Iterable[Post | Rejected],
        *,
        origin: str,
        now: datetime,
        report: Report | None = None,
        progress: Callable[[Report], None] = lambda report: None,
    ) -> Report:
        """Read everything, batch by batch; `progress` is called after each. Counts go into `report`.

        Raises:
            StorageError: the index or the quarantine cannot be written; what was stored before stays.
        """
        report = report or Report()
        for batch in batched(records, BATCH):
            posts = [record for record in batch if isinstance(record, Post)]
            for record in batch:
                if isinstance(record, Rejected):
                    self._reject(record, origin, now, report)
            self.store(posts, report, now)
            progress(report)
        self.index.expire(self._oldest(now))
        return report

    def _oldest(self, now: datetime) -> datetime:
        return now - timedelta(days=self.expire_days)

    def store(self, posts: Sequence[Post], report: Report, now: datetime) -> frozenset[str]:
        """Tag one batch and store what concerns a clinic; the ids of what is kept."""
        report.read += len(posts)
        fresh = [masked(post) for post in posts if post.published_at >= self._oldest(now)]
        report.expired += len(posts) - len(fresh)
        leads, mentions = self.sort_out(fresh)
        self.index.upsert(leads)
        report.mentions += self.index.upsert_mentions(mentions)
        report.leads += len(leads)
        report.unmatched += len(fresh) - len(leads)
        return frozenset([lead.post.id for lead in leads] + [mention.post.id for mention in mentions])

    def sort_out(self, posts: Sequence[Post]) -> tuple[list[Lead], list[Mention]]:
        """The leads and the mentions among posts, in their order."""
        leads, mentions = [], []
        tagged = self.tagger.tag_many(
            [post.full_text for post in posts], [post.place_hints for post in posts]
        )
        for post, tags in zip(posts, tagged, strict=True):
            text = normalise(post.full_text)
            lead = self.judge(post, tags, text)
            if lead is not None:
                leads.append(lead)
            for brand in self.brands.find(text):
                sentiment = self.tagger.sentiment(text, tags.tokens)
                mentions.append(
                    Mention(post=post, clinic_id=brand.clinic_id, term=brand.term, sentiment=sentiment)
                )
        return leads, mentions

    def judge(self, post: Post, tags: Tags, text: str) -> Lead | None:
        """The lead a post is, or None: not in need, or of no use to any of the clinics."""
        if tags.intent_label != "seeker" or post.author_kind in ("professional", "organisation"):
            return None
        if self.clinics and not any(serves(clinic, tags) for clinic in self.clinics):
            return None
        need, reasons = rate(text, tags)
        if need < self.min_need:
            return None
        return Lead(post=post, tags=tags, need=need, reasons=reasons)

    def _reject(self, record: Rejected, origin: str, now: datetime, report: Report) -> None:
        self.quarantine.add(origin=origin, line=record.line, reason=record.reason, raw=record.raw, now=now)
        report.read += 1
        report.rejected += 1
        # Reasons quote values; what stands before the quotation is the kind of fault, and there are few.
        kind = _QUOTED.split(record.reason, maxsplit=1)[0]
        report.why_rejected[kind] = report.why_rejected.get(kind, 0) + 1


def masked(post: Post) -> Post:
    """`post` without phone numbers, contact handles and the like; done before anything is stored."""
    text, title = mask(post.text), mask(post.title)
    return post if text == post.text and title == post.title else replace(post, text=text, title=title)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items (itertools.batched is new in Python 3.12)."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


class LeadsPipeline:
    """The same for a running crawl: collects a page's posts, stores them, and says so.

    `acknowledges_storage` makes the crawl's cursor wait for `posts_stored`; a page counts as done only then.
    """

    acknowledges_storage = True

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._waiting: list[Post] = []
        self._report = Report()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.flush, signal=page_complete)
        crawler.signals.connect(pipeline.delete, signal=posts_gone)
        return pipeline

    def open_spider(self) -> None:
        from leads.jobs import crawl_ingestor

        self._close, self._ingestor = crawl_ingestor()

    def process_item(self, item: Post) -> Post:
        self._waiting.append(item)
        if len(self._waiting) >= BATCH:
            self.flush()
        return item

    def flush(self) -> None:
        """Store what has come, then acknowledge it; a failure leaves the page open for the next run."""
        posts, self._waiting = self._waiting, []
        if not posts:
            return
        kept = self._ingestor.store(posts, self._report, datetime.now(UTC))
        ids = [post.id for post in posts]
        # A post that was a lead before somebody edited it.
        self._ingestor.index.delete(each for each in ids if each not in kept)
        self._crawler.signals.send_catch_log(posts_stored, ids=ids, kept=kept)
        for name in ("leads", "mentions", "unmatched", "expired"):
            self._stats.set_value(f"tingzhen/{name}", getattr(self._report, name))

    def delete(self, ids: Sequence[str]) -> None:
        """Gone at the source, gone here."""
        self.flush()
        self._ingestor.index.delete(ids)

    @property
    def _stats(self) -> StatsCollector:
        assert self._crawler.stats is not None  # noqa: S101 - a running crawler has them
        return self._crawler.stats

    def close_spider(self) -> None:
        self.flush()
        self._ingestor.index.expire(datetime.now(UTC) - timedelta(days=self._ingestor.expire_days))
        self._close()
