"""What the dossier tells: measured, counted and looked up; nothing in it singles a writer out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from itertools import groupby, islice

from crawler.coverage.runs import Run
from crawler.sources.source import Source
from leads import storage
from leads.config import Settings
from leads.dossier.data_map import DataTable, data_map
from leads.index.base import KINDS, LeadIndex, Stored
from leads.models import BEIJING, Mention
from leads.records import Records, audit, erasures, origins
from leads.records.tables.people import Audit
from leads.scoring.by_child import written_by_child
from leads.scoring.life_stage import life_stage

ALL_RUNS = 1_000_000
MOST_DEEDS = 5000  # of the audit, the latest
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictSpan:
    """What robots.txt said, run after run, as long as it said the same. `refused`: pages it kept us from."""

    verdict: str
    since: datetime
    until: datetime
    runs: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What reading a source asked of its site, over all runs that are on record."""

    runs: int
    pages: int
    size: int  # bytes of answers; 0 for runs of versions that did not count them
    hours: float  # in which a run was under way
    busiest_day: date | None
    busiest_pages: int
    closest_ms: int  # shortest time between two requests; 0: not measured
    blocked: int  # times the site said stop

    @property
    def per_hour(self) -> float:
        """Requests an hour while a run was under way."""
        return self.pages / self.hours if self.hours else 0.0

    @property
    def spacing(self) -> float:
        """Seconds between two requests, on average."""
        return self.hours * 3600 / self.pages if self.pages else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """A source: its ground with the paper behind it, what robots.txt said, what it cost the site."""

    name: str
    engine: str
    url: str
    enabled: bool
    ground: str
    who: str
    when: date | None
    until: date | None
    note: str
    delay: float  # seconds between two requests, as set
    pages_per_day: int
    verdicts: Sequence[VerdictSpan]
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFacts:
    """Whose posts are held. People are counted by pseudonym; who has none cannot be told from others."""

    writers: int  # distinct pseudonyms
    nameless: int  # posts without one
    leads: int
    mentions: int
    with_health: int  # posts that tell of a symptom
    about_children: int  # posts about a child's health
    by_children: int  # posts whose writer says to be a child
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureFact:
    """An erasure as its receipt has it."""

    number: str
    kind: str
    at: datetime
    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A line of the audit."""

    at: datetime
    who: str
    action: str
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything the dossier is made of."""

    at: datetime
    version: str
    contact: str
    clinics: Sequence[str]
    expire_days: int
    child_days: int
    reader_host: str  # who gets masked texts; "" for nobody
    sources: Sequence[SourceFacts]
    people: PeopleFacts
    tables: Sequence[DataTable]
    erasures: Sequence[ErasureFact]
    retention: Sequence[Deed]
    deeds: Sequence[Deed]
    tally: Mapping[str, int]


def gather(settings: Settings, records: Records, index: LeadIndex, *, now: datetime) -> Facts:
    """Raises StorageError, ConfigError."""
    sources = storage.own_sources(settings)
    with storage.coverage(settings) as coverage:
        runs = {each.name: coverage.runs(source=each.name, limit=ALL_RUNS) for each in sources}
    with records.reading() as session:
        tombs = erasures.latest(session, limit=ALL_RUNS)
        deeds = [_deed(each) for each in audit.entries(session, limit=MOST_DEEDS)]
        known = set(origins.authors(session))
    reader = settings.reader
    return Facts(
        at=now,
        version=version("tingzhen"),
        contact=settings.crawl.contact,
        clinics=[each.name for each in storage.known_clinics(settings)],
        expire_days=settings.leads.expire_days,
        child_days=settings.leads.child_days,
        reader_host=reader.host if reader.on and reader.texts_may_leave else "",
        sources=[_source(each, runs[each.name]) for each in sources],
        people=_people(index, known),
        tables=data_map(expire_days=settings.leads.expire_days, child_days=settings.leads.child_days),
        erasures=[
            ErasureFact(
                number=erasures.receipt(each), kind=each.kind, at=each.at, who=each.who, reason=each.reason
            )
            for each in tombs
        ],
        retention=[each for each in deeds if each.action.startswith("retention.")],
        deeds=deeds,
        tally=dict(sorted(Counter(each.action for each in deeds).items())),
    )


def verdicts(runs: Iterable[Run]) -> list[VerdictSpan]:
    """What robots.txt said over time, the first first; runs that did not get to ask it are left out."""
    asked = sorted((run for run in runs if run.robots), key=lambda run: run.started)
    spans = []
    for verdict, same in groupby(asked, key=lambda run: run.robots):
        some = list(same)
        spans.append(
            VerdictSpan(
                verdict=verdict,
                since=some[0].started,
                until=some[-1].started,
                runs=len(some),
                refused=sum(run.totals.refused for run in some),
            )
        )
    return spans


def load_of(runs: Sequence[Run]) -> Load:
    """What these runs of one source asked of its site."""
    by_day: Counter[date] = Counter()
    for run in runs:
        by_day[run.started.astimezone(BEIJING).date()] += run.totals.pages
    day, pages = max(by_day.items(), key=lambda each: each[1], default=(None, 0))
    closest = [run.totals.closest_ms for run in runs if run.totals.closest_ms]
    return Load(
        runs=len(runs),
        pages=sum(run.totals.pages for run in runs),
        size=sum(run.totals.size for run in runs),
        hours=sum((run.ended - run.started).total_seconds() for run in runs if run.ended) / 3600,
        busiest_day=day,
        busiest_pages=pages,
        closest_ms=min(closest, default=0),
        blocked=sum(run.totals.blocked for run in runs),
    )


def _source(source: Source, runs: Sequence[Run]) -> SourceFacts:
    given = source.permission
    return SourceFacts(
        name=source.name,
        engine=source.engine,
        url=source.url,
        enabled=source.enabled,
        ground=given.ground,
        who=given.who,
        when=given.when,
        until=given.until,
        note=given.note,
        delay=source.delay,
        pages_per_day=source.pages_per_day,
        verdicts=verdicts(runs),
        load=load_of(runs),
    )


def _people(index: LeadIndex, known: set[str]) -> PeopleFacts:
    """One look at everything that is held; posts that are lead and mention count once."""
    writers, seen, counts, oldest = set(known), set[str](), Counter[str](), None
    for each in _held(index):
        post = each.lead.post if isinstance(each, Stored) else each.post
        counts["leads" if isinstance(each, Stored) else "mentions"] += 1
        if isinstance(each, Stored):
            tags = each.lead.tags
            counts["health"] += any(found.present for found in tags.symptoms)
            counts["children"] += life_stage(tags) == "child"
        if post.id in seen:
            continue
        seen.add(post.id)
        counts["by_children"] += written_by_child(post.full_text)
        counts["nameless"] += not post.author_key
        writers.add(post.author_key)
        oldest = min(oldest or post.published_at, post.published_at)
    return PeopleFacts(
        writers=len(writers - {""}),
        nameless=counts["nameless"],
        leads=counts["leads"],
        mentions=counts["mentions"],
        with_health=counts["health"],
        about_children=counts["children"],
        by_children=counts["by_children"],
        oldest=oldest,
    )


def _held(index: LeadIndex) -> Iterator[Stored | Mention]:
    for kind in KINDS:
        digests = index.digests(kind)
        while ids := [each.id for each in islice(digests, _BATCH)]:
            yield from index.records(kind, ids)


def _deed(row: Audit) -> Deed:
    # Whose post it was, the receipt's number stands for; of an author the audit says no more itself.
    named = row.action.startswith("erase.") and not erasures.is_number(row.subject)
    subject = erasures.number(row.subject) if named else row.subject
    return Deed(at=row.at, who=row.who, action=row.action, subject=subject, detail=row.detail)
