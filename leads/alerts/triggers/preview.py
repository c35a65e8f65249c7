"""What a rule would have brought in the last thirty days, before anybody saves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from crawler.coverage.store import Coverage
from leads.alerts.triggers.rule_set import RuleSet, of_mention
from leads.alerts.triggers.watch import WEEKS, spike
from leads.index.base import LeadIndex
from leads.labels import INTENT_NAMES
from leads.models import BEIJING, Clinic, LeadQuery, Mention, RuleKind
from leads.query.alert_conditions import (
    Condition,
    LeadCondition,
    MentionCondition,
    SourceCondition,
    SpikeCondition,
    read,
)
from leads.sources.states import TOLD_BY
from nlp.models import Intent, Tags
from nlp.text.normal import blank_noise, normalise
from nlp.text.tokens import cut, words

DAYS = 30
SAMPLES = 10
MOST_MENTIONS = 1000  # that are looked through, the newest
MOST_RUNS = 1000
Tag = Callable[[Sequence[Mention]], Sequence[Tags]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One thing that the rule would have told of. `href` is a page of ours, "" for none."""

    text: str
    at: datetime
    about: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Counts of each day in Beijing, the oldest first, and the newest samples."""

    days: tuple[tuple[date, int], ...]
    samples: tuple[Sample, ...]
    note: str = ""  # what the counts do not say

    @property
    def total(self) -> int:
        return sum(count for _, count in self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A rule that is not kept yet, as `leads.alerts.triggers.rule_set` reads one."""

    id: int
    kind: RuleKind
    query: str


def preview(
    kind: RuleKind,
    query: str,
    *,
    clinics: Sequence[Clinic],
    index: LeadIndex,
    coverage: Coverage | None,
    tag: Tag,
    now: datetime,
    others: Collection[str] = (),
) -> Preview:
    """What the rule would have brought; not the mentions `others`, which are not the clinic.

    Raises:
        QueryError: the query string does not fit the kind; names the key.
        StorageError: the index cannot be read.
    """
    condition: Condition = read(kind, query, clinics=clinics, now=now)
    match condition:
        case LeadCondition(query=asked):
            return _leads(index, asked, now)
        case MentionCondition():
            draft = _Draft(id=0, kind=kind, query=query)
            return _mentions(index, condition, RuleSet([draft], clinics, now=now), tag, now, others)
        case SpikeCondition():
            return _spikes(index, condition, now)
        case SourceCondition(sources=names):
            outcomes = [outcome for outcome, told_by in TOLD_BY.items() if told_by == kind]
            return _troubles(coverage, names, outcomes, now)


def tokens_only(mentions: Sequence[Mention]) -> list[Tags]:
    """Tags that know a text's words and nothing else: enough for a rule without fields."""
    nothing = Intent(*(1 / len(INTENT_NAMES) for _ in INTENT_NAMES))
    return [
        Tags(
            symptoms=(),
            specialties=(),
            intent=nothing,
            intent_label="other",
            region=None,
            tokens=tuple(words(cut(blank_noise(normalise(mention.post.full_text))))),
        )
        for mention in mentions
    ]


def _first_day(now: datetime) -> date:
    return now.astimezone(BEIJING).date() - timedelta(days=DAYS - 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), BEIJING)


def _days(counts: Mapping[date, int], now: datetime) -> tuple[tuple[date, int], ...]:
    days = [_first_day(now) + timedelta(days=n) for n in range(DAYS)]
    return tuple((day, counts.get(day, 0)) for day in days)


def _by_day(index: LeadIndex, query: LeadQuery) -> dict[date, int]:
    return {date.fromisoformat(day): count for day, count in index.facets(query, ["day"])["day"].items()}


def _leads(index: LeadIndex, query: LeadQuery, now: datetime) -> Preview:
    asked = replace(query, since=_midnight(_first_day(now)), sort="newest", limit=SAMPLES)
    samples = tuple(
        Sample(
            text=hit.lead.post.full_text,
            at=hit.lead.post.published_at,
            about=f"需求 {round(hit.lead.need * 100)}，{hit.lead.post.source}",
            href=f"/lead/{hit.lead.id}",
        )
        for hit in index.search(asked, now=now).items
    )
    return Preview(days=_days(_by_day(index, asked), now), samples=samples)


def _mentions(
    index: LeadIndex,
    condition: MentionCondition,
    rule: RuleSet,
    tag: Tag,
    now: datetime,
    others: Collection[str],
) -> Preview:
    since = _midnight(_first_day(now))
    clinic_id = condition.clinics[0] if len(condition.clinics) == 1 else ""
    newest = index.mentions(clinic_id=clinic_id, since=since, limit=MOST_MENTIONS)
    recent = [mention for mention in newest if mention.id not in others]
    occasions = (of_mention(mention, tags) for mention, tags in zip(recent, tag(recent), strict=True))
    found = [mention for mention, rules in zip(recent, rule.match(occasions), strict=True) if rules]
    counts = Counter(mention.post.published_at.astimezone(BEIJING).date() for mention in found)
    samples = tuple(
        Sample(
            text=mention.post.full_text,
            at=mention.post.published_at,
            about=f"提到 {mention.term}，{mention.post.source}",
            href="/mentions?clinic=" + mention.clinic_id,
        )
        for mention in found[:SAMPLES]
    )
    note = f"只看了最近 {MOST_MENTIONS} 条提及。" if len(newest) == MOST_MENTIONS else ""
    return Preview(days=_days(counts, now), samples=samples, note=note)


def _spikes(index: LeadIndex, condition: SpikeCondition, now: datetime) -> Preview:
    """The days that stand out among all that is asked for together."""
    first = _first_day(now)
    past = _midnight(first - timedelta(weeks=WEEKS))
    query = LeadQuery(symptoms=condition.symptoms, area=condition.area, since=past)
    counts = _by_day(index, query)
    collected = set(_by_day(index, LeadQuery(since=past)))
    samples = []
    for day, count in _days(counts, now):
        before = [day - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
        found = spike(count, [counts.get(each, 0) for each in before if each in collected])
        if found and count >= condition.factor * max(found.usual, 1):
            text = f"{count} 条，平时的这一天约 {found.usual:g} 条"
            samples.append(Sample(text=text, at=_midnight(day), about="突增"))
    note = "柱子是相关线索的条数；下面是突增的日子。提醒时按每个症状、每个城市分别看，这里是合在一起的估计。"
    return Preview(days=_days(counts, now), samples=tuple(samples[::-1][:SAMPLES]), note=note)


def _troubles(
    coverage: Coverage | None, names: Sequence[str], outcomes: Sequence[str], now: datetime
) -> Preview:
    since = _midnight(_first_day(now))
    runs = coverage.runs(limit=MOST_RUNS) if coverage is not None else ()
    found = [
        run
        for run in runs
        if run.outcome in outcomes
        and run.started >= since
        and not run.asked.get("recheck")
        and (not names or run.source in names)
    ]
    told = _once_a_day((run.source, run.started) for run in found)
    samples = tuple(
        Sample(text=run.reason, at=run.started, about=run.source, href=f"/coverage/{run.source}")
        for run in found[:SAMPLES]
    )
    note = "同一个来源一天只提醒一次。" if found else ""
    return Preview(days=_days(told, now), samples=samples, note=note)


def _once_a_day(found: Iterable[tuple[str, datetime]]) -> Counter[date]:
    return Counter(day for _, day in {(source, at.astimezone(BEIJING).date()) for source, at in found})
