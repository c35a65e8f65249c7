"""Posts in, leads and mentions out: the whole flow in one readable place, and the same as a Scrapy pipeline.

    read → mask → drop what was erased → tag → keep what a clinic can use → index → alerts → count

Everything is idempotent: the same file twice, or a crash and a second run, give the same index and the same
alerts. The index comes first: a crash before the records leaves no cause, so the second run still tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeAlias, TypeVar

from sqlalchemy.orm import Session

from crawler.importers import Rejected
from crawler.items import Post
from crawler.parsing.pseudonyms import generation
from crawler.telemetry import traces
from leads.alerts.triggers import causes, news
from leads.alerts.triggers.causes import Causes, Told
from leads.clinics import threads
from leads.clinics.mentions import Heard, hear
from leads.clinics.name_matcher import BrandMatcher
from leads.clinics.public_accounts import is_public, private_keys
from leads.errors import StorageError
from leads.index.base import LeadIndex
from leads.ingest.processes import TagProcesses
from leads.ingest.tagged import TaggedPost, tag_young
from leads.models import Clinic, Lead
from leads.quarantine import Quarantine
from leads.records import (
    Records,
    accounts,
    audit,
    author_keys,
    cancellations,
    captures,
    cases,
    erasures,
    headlines,
    heard,
    mentions,
    origins,
)
from leads.scoring.by_child import written_by_child
from leads.scoring.fit import serves
from leads.scoring.need import rate
from nlp import Tagger
from nlp.models import Tags

_QUOTED = re.compile(r"[：（:('\"“「]")
OUTDATED = "作者密钥刚更换过，这个进程还拿着旧的：请重新启动它，没存下的会再读一遍。"
BATCH = 512  # posts tagged and stored at once: large enough for matrix work, small enough to stay in cache
ALONE = 4  # batches that are tagged in this process before others are started
T = TypeVar("T")
_Batch: TypeAlias = list[Post | Rejected]


@dataclass(slots=True, kw_only=True)
class Report:
    """What one run did: read = leads + unmatched + expired + erased + rejected.

    Mentions and alerts are counted beside these.
    """

    read: int = 0
    leads: int = 0
    mentions: int = 0  # new ones
    unmatched: int = 0  # read well, nobody's lead: dropped
    expired: int = 0  # older than leads are kept: dropped
    erased: int = 0  # somebody had the post or its author erased: dropped
    alerts: int = 0  # written to the outbox
    rejected: int = 0  # could not be read: in quarantine
    why_rejected: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestor:
    """All that turning posts into leads needs.

    Without `records` nobody is alerted, nothing counts as erased, and threads are not remembered. With
    `processes` most of what `run` reads is tagged there.
    """

    tagger: Tagger
    index: LeadIndex
    quarantine: Quarantine
    clinics: Sequence[Clinic]
    brands: BrandMatcher
    records: Records | None = None
    causes: Causes = field(default_factory=Causes)
    min_need: float = 0.3
    expire_days: int = 180
    child_days: int = 30  # what a child wrote
    whole: Quarantine | None = None  # what cannot be read, as it came; kept until then
    whole_until: datetime | None = None
    processes: TagProcesses | None = None

    def run(
        self,
        records: Iterable[Post | Rejected],
        *,
        origin: str,
        now: datetime,
        report: Report | None = None,
        progress: Callable[[Report], None] = lambda report: None,
        rejected: Callable[[Rejected], None] = lambda record: None,
    ) -> Report:
        """Read everything, batch by batch; `progress` is called after each, `rejected` with what could not
        be read. Counts go into `report`.

        Raises:
            StorageError: the index or the quarantine cannot be written; what was stored before stays.
        """
        report = report or Report()
        known = map(partial(_with_known_author, changed=self._times_changed()), records)
        for batch, tagged in self._tagged(batched(known, BATCH), now):
            for record in batch:
                if isinstance(record, Rejected):
                    self._reject(record, origin, now, report)
                    rejected(record)
            self.quarantine.sync()
            if self.whole is not None:
                self.whole.sync()
            _drop_old(sum(isinstance(record, Post) for record in batch) - len(tagged), report)
            self._keep(tagged, report, now)
            progress(report)
        self.expire(now)
        return report

    def _tagged(
        self, batches: Iterator[_Batch], now: datetime
    ) -> Iterator[tuple[_Batch, Sequence[TaggedPost]]]:
        """Each batch with what of it is young enough, tagged: the first here, as small files need no other
        processes, which take a second to start."""
        oldest = self._oldest(now)
        alone = batches if self.processes is None else islice(batches, ALONE)
        for batch in alone:
            yield batch, tag_young(self.tagger, batch, oldest=oldest)
        if self.processes is not None:
            yield from self.processes.over(partial(tag_young, oldest=oldest), batches)

    def expire(self, now: datetime) -> None:
        """Drop what is older than leads are kept, in the index and in the records."""
        oldest = self._oldest(now)
        if self.records is not None:
            self._learn_origins(self.records)
        gone = self.index.expire(oldest)
        self.index.tidy(now)
        if self.records is not None:
            with self.records.transaction() as session:
                if gone:
                    audit.note(session, who=audit.SYSTEM, action="retention.expire", now=now, posts=gone)
                heard.forget(session, oldest)
                accounts.forget(session, oldest)
                captures.forget(session, oldest)
                headlines.forget(session, now - headlines.KEPT)
                cancellations.forget(session, oldest)
                origins.forget(session, oldest)
                causes.forget(session, oldest - self.causes.max_age)
            self.records.cut_log()

    def key_problem(self, secret: bytes, now: datetime) -> str:
        """What is wrong with the key behind the authors of the posts to come, in zh-CN; "" for nothing."""
        if self.records is None:
            return ""
        with self.records.transaction() as session:
            kept = timedelta(days=self.expire_days)
            return author_keys.note_use(session, secret, now=now, kept=kept)

    def _learn_origins(self, records: Records) -> None:
        """Who wrote the posts that people worked on before origins were kept, as long as the index knows."""
        with records.reading() as session:
            ids = origins.unknown(session)
        found = self.index.posts(ids) if ids else ()
        if found:
            with records.transaction() as session:
                origins.keep(session, found)

    def _oldest(self, now: datetime) -> datetime:
        return now - timedelta(days=self.expire_days)

    def store(
        self, posts: Sequence[Post], report: Report, now: datetime, *, news: Collection[str] = ()
    ) -> frozenset[str]:
        """Tag one batch and store what concerns a clinic, with its alerts; the ids of what is kept.

        Of the sources in `news` titles and addresses are kept for reports as well.
        """
        tagged = tag_young(self.tagger, posts, oldest=self._oldest(now))
        _drop_old(len(posts) - len(tagged), report)
        return self._keep(tagged, report, now, news)

    def _keep(
        self, tagged: Sequence[TaggedPost], report: Report, now: datetime, news: Collection[str] = ()
    ) -> frozenset[str]:
        """Store what concerns a clinic, with its alerts; the ids of what is kept."""
        report.read += len(tagged)
        kept = [each for each in tagged if not self._childs(each.post, now)]
        report.expired += len(tagged) - len(kept)
        tagged = kept
        wanted, marks = self._look_up(tagged)
        report.erased += len(tagged) - len(wanted)
        leads, found = self.sort_out(wanted, marks)
        self._leave_out(found)
        posts = [each.post for each in wanted]
        self._doubt(posts, found, now)
        with traces.span("index.write", leads=len(leads)):
            self.index.upsert(leads)
        report.mentions += self.index.upsert_mentions([mention for mention, _ in found.mentions])
        report.alerts += self._record(leads, found, now)
        report.leads += len(leads)
        report.unmatched += len(wanted) - len(leads)
        self._keep_news([post for post in posts if post.source in news], now)
        return frozenset([lead.post.id for lead in leads] + [each.post.id for each, _ in found.mentions])

    def _childs(self, post: Post, now: datetime) -> bool:
        """A child wrote it, longer ago than that is kept."""
        return post.published_at < now - timedelta(days=self.child_days) and written_by_child(post.full_text)

    def _keep_news(self, posts: Sequence[Post], now: datetime) -> None:
        if self.records is None or not posts:
            return
        tagged = self.tagger.tag_many([post.title for post in posts], [()] * len(posts))
        treated = [clinic.specialties for clinic in self.clinics]
        found = [
            headlines.FeedEntry(post=post, fits=any(set(tags.specialties) & set(each) for each in treated))
            for post, tags in zip(posts, tagged, strict=True)
        ]
        with self.records.transaction() as session:
            headlines.keep(session, found, now=now)

    def _doubt(self, posts: Sequence[Post], found: Heard, now: datetime) -> None:
        """Accounts that are taken for public ones and were read as a private person's are public no more."""
        private, public = private_keys(posts), {post.author_key for post, _ in found.public}
        if self.records is None or not (private or public):
            return
        with self.records.reading() as session:
            taken = accounts.taken_for_public(session, private | public)
        doubted = (private & (taken | public)) | {key for key in public - taken if self._is_private(key)}
        if doubted:
            with self.records.transaction() as session:
                accounts.doubt(session, doubted, now=now)

    def _is_private(self, author_key: str) -> bool:
        """Something of this account is stored as a private person's."""
        return bool(private_keys(self.index.posts(self.index.ids_of_author(author_key))))

    def _look_up(self, tagged: Sequence[TaggedPost]) -> tuple[Sequence[TaggedPost], set[threads.Mark]]:
        """The posts that may be stored, and what is known of their threads."""
        if self.records is None or not tagged:
            return tagged, set()
        posts = [each.post for each in tagged]
        with self.records.reading() as session:
            changed = author_keys.generation(session)
            if any(_outdated(post, changed) for post in posts):
                raise StorageError(OUTDATED)
            erased = erasures.erased(session, posts)
            marks = heard.marks(session, posts) if self.clinics else set()
        return [each for each in tagged if each.post.id not in erased], marks

    def _times_changed(self) -> int:
        """How many times the key behind authors was changed."""
        if self.records is None:
            return 0
        with self.records.reading() as session:
            return author_keys.generation(session)

    def _leave_out(self, found: Heard) -> None:
        """Mentions that people said are somebody else's do not come back with their posts."""
        if self.records is None or not found.mentions:
            return
        with self.records.reading() as session:
            others = mentions.others_among(session, [mention.id for mention, _ in found.mentions])
        if others:
            found.mentions = [each for each in found.mentions if each[0].id not in others]
            found.counted = [
                each for each in found.counted if each[2] or f"{each[0].id}#{each[1]}" not in others
            ]

    def sort_out(
        self, read: Sequence[TaggedPost], marks: Iterable[threads.Mark] = ()
    ) -> tuple[list[Lead], Heard]:
        """The leads among posts, in their order, and what is said of the clinics."""
        found = (self.judge(*each) for each in read)
        leads = [lead for lead in found if lead is not None]
        posts, tagged, texts = zip(*read, strict=True) if read else ((), (), ())
        heard_of = hear(posts, tagged, texts, brands=self.brands, tagger=self.tagger, marks=marks)
        heard_of.public = [
            (post, tuple(each.code for each in tags.symptoms))
            for post, tags, _ in read
            if is_public(post) and self._treated(tags) and post.author_key not in self.brands.own_accounts
        ]
        return leads, heard_of

    def _treated(self, tags: Tags) -> bool:
        """Speaks of something that one of the clinics treats."""
        treats = [each.specialties for each in self.clinics] or [()]
        return bool(tags.symptoms) and any(not each or set(each) & set(tags.specialties) for each in treats)

    def _record(self, leads: Sequence[Lead], found: Heard, now: datetime) -> int:
        """Write what the records keep of a batch, the alerts with their causes; how many alerts."""
        if self.records is None or not (leads or found):
            return 0
        clinics = {clinic.id: clinic for clinic in self.clinics}
        told = [news.of_lead(lead) for lead in leads]
        told += [news.of_mention(each, tags, clinics[each.clinic_id]) for each, tags in found.mentions]

        kept = [lead.post for lead in leads] + [each.post for each, _ in found.mentions]
        kept += [post for post, _ in found.public]

        def work(session: Session) -> Told:
            heard.keep_marks(session, found.marks, now=now)
            origins.keep(session, kept)
            cases.untell(session, [lead.id for lead in leads])
            heard.keep_voices(session, (heard.voice(*each) for each in found.counted))
            heard.keep_echoes(session, found.echoes)
            accounts.keep_own(session, found.own)
            accounts.keep_public(session, found.public)
            return self.causes.write(session, told, now=now, index=self.index)

        return causes.store(self.records, work).alerts

    def judge(self, post: Post, tags: Tags, text: str) -> Lead | None:
        """The lead a post is, or None: not in need, or of no use to any of the clinics."""
        if tags.intent_label != "seeker" or post.author_kind in ("professional", "organisation"):
            return None
        if post.author_key in self.brands.own_accounts:
            return None
        if self.clinics and not any(serves(clinic, tags) for clinic in self.clinics):
            return None
        need, reasons = rate(text, tags)
        if need < self.min_need:
            return None
        return Lead(post=post, tags=tags, need=need, reasons=reasons)

    def _reject(self, record: Rejected, origin: str, now: datetime, report: Report) -> None:
        self.quarantine.add(origin=origin, line=record.line, reason=record.reason, raw=record.raw, now=now)
        if self.whole is not None:
            self.whole.add(
                origin=origin,
                line=record.line,
                reason=record.reason,
                raw=record.whole,
                now=now,
                until=self.whole_until,
            )
        report.read += 1
        report.rejected += 1
        kind = kind_of_fault(record.reason)
        report.why_rejected[kind] = report.why_rejected.get(kind, 0) + 1


def kind_of_fault(reason: str) -> str:
    """A reason without the values it quotes; there are few kinds."""
    return _QUOTED.split(reason, maxsplit=1)[0]


def _outdated(post: Post, changed: int) -> bool:
    """Its author is under a key that was there before it was `changed` so many times."""
    return bool(post.author_key) and generation(post.author_key) < changed


def _with_known_author(record: Post | Rejected, *, changed: int) -> Post | Rejected:
    """A file may hold authors under a key that was changed since: nobody can tell who they are."""
    if isinstance(record, Post) and _outdated(record, changed):
        return replace(record, author_key="")
    return record


def _drop_old(count: int, report: Report) -> None:
    report.read += count
    report.expired += count


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items. Where `items` breaks on the way, those before come first, then its error.

    (itertools.batched is new in Python 3.12, and drops what it holds when its source breaks.)
    """
    broken: Exception | None = None
    iterator = iter(items)
    while broken is None:
        batch: list[T] = []
        try:
            for item in islice(iterator, size):
                batch.append(item)  # noqa: PERF402  # one by one, so that those before an error are held
        except Exception as error:  # raised again below
            broken = error
        if batch:
            yield batch
        elif broken is None:
            return
    raise broken
