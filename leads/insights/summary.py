"""A stretch of time in numbers: new leads by symptom and place, mentions, what rose, gaps, cases waiting.

Numbers and places only: no words of a post, so that a report that was sent tells nothing of a person. What
feeds of news say under their own name stands beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from heapq import merge
from typing import Any
from urllib.parse import urlencode

from leads.index.base import LeadIndex
from leads.insights.report import ReportPart, ReportRow
from leads.labels import NOWHERE, OUTCOMES, SNOOZED
from leads.models import CASE_STATUSES, Clinic, Lead, LeadQuery, Mention
from leads.query.search import nowhere, of_clinic, spelled
from leads.scoring.expected import MOST, JudgedLead, expected_of
from leads.sources.estimates import short
from leads.sources.states import TROUBLE, SourceState
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

TOP = 8  # rows of a table
MOST_LEADS = 20_000  # read for one report
PAGE = 1000
COUNTED = (*(status for status in CASE_STATUSES if status != "dismissed"), SNOOZED)
MOST_MENTIONS = 5_000
GRAVE = 2  # severity of a complaint from which it is told apart
# Something rose when it came at least so often, and so many times as often as before.
RISE_LEAST, RISE_FACTOR = 3, 1.5
INCOMPLETE = (*TROUBLE, "truncated")  # runs after which something may be missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How often something came, and how often in the stretch before."""

    name: str
    count: int
    before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandVoice:
    """How a clinic was spoken of."""

    clinic: str
    total: int
    before: int
    praise: int
    complaint: int
    grave: int  # complaints of weight
    rivals: tuple[tuple[str, int], ...] = ()  # share of voice: name → posts, the clinic's own among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of leads: how many it has, and the query string that opens it."""

    name: str  # of the clinic; "" for leads of no known place
    count: int
    query: str
    maybe: int = 0  # beside them, who may be near by the uncertainty of the place alone: counted nowhere else
    maybe_query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsLine:
    """What a feed of news tells; `others` is how many more entries tell the same."""

    post_id: str
    title: str
    url: str
    source: str
    others: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Everything a report says; JSON-ready by `to_json`. `since` and `until` are ISO times with zone."""

    since: str
    until: str
    leads: int
    leads_before: int
    urgent: int  # leads with a need of at least 0.7
    days: tuple[tuple[str, int], ...]  # ISO date → new leads, the last day last
    symptoms: tuple[Counted, ...]
    places: tuple[Counted, ...]
    risen: tuple[Counted, ...]  # what came more often than before, the steepest first
    voices: tuple[BrandVoice, ...]
    gaps: tuple[str, ...]  # a sentence a source in trouble
    waiting: tuple[Counted, ...]  # cases by status
    overdue: int
    cut: bool = False  # there was more than could be read
    lists: tuple[Listed, ...] = ()  # the same leads as the lists of the clinics show them
    unplaced: Listed | None = None  # leads of which no place is known: in none of these lists
    expected: str = ""  # how many of the leads are real, as a person reads it; "" where it cannot be told
    news: tuple[NewsLine, ...] = ()  # of the industry, in the daily report
    parts: tuple[ReportPart, ...] = ()  # topics, questions, the funnel, how much was read

    def to_json(self) -> dict[str, Any]:
        """For a JSON column."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Summary:
        """Back again."""
        counted = {
            name: tuple(Counted(**each) for each in values[name])
            for name in ("symptoms", "places", "risen", "waiting")
        }
        return cls(
            **{
                **values,
                **counted,
                "voices": tuple(_voice(each) for each in values["voices"]),
                "days": tuple((day, count) for day, count in values["days"]),
                "gaps": tuple(values["gaps"]),
                "lists": tuple(Listed(**each) for each in values.get("lists", ())),
                "parts": tuple(
                    ReportPart(**{**each, "rows": tuple(ReportRow(**row) for row in each["rows"])})
                    for each in values.get("parts", ())
                ),
                "news": tuple(NewsLine(**each) for each in values.get("news", ())),
                "unplaced": Listed(**values["unplaced"]) if values.get("unplaced") else None,
            }
        )


def _voice(values: Mapping[str, Any]) -> BrandVoice:
    return BrandVoice(
        **{**values, "rivals": tuple((name, count) for name, count in values.get("rivals", ()))}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From `since` to before `until`; `days` is how many days the plot shows, the last ending at `until`."""

    since: datetime
    until: datetime
    zone: tzinfo
    days: int = 7

    @property
    def before(self) -> datetime:
        """Where the stretch of the same length before it begins."""
        return self.since - (self.until - self.since)

    @property
    def first(self) -> datetime:
        """The earliest moment any number needs."""
        return min(self.before, self.until - timedelta(days=self.days))


def summarise(
    stretch: Stretch,
    *,
    leads: Iterable[Lead],
    mentions: Iterable[Mention],
    clinics: Sequence[Clinic],
    gaps: Sequence[str],
    waiting: Sequence[Counted],
    overdue: int,
    rivals: Mapping[str, Mapping[str, int]] | None = None,
    lists: Sequence[Listed] = (),
    unplaced: Listed | None = None,
    judged: Mapping[str, Sequence[JudgedLead]] | None = None,
    news: Sequence[NewsLine] = (),
    parts: Sequence[ReportPart] = (),
) -> Summary:
    """The numbers of a stretch; `leads` and `mentions` reach back to `stretch.first`. Pure.

    `rivals`: clinic id → name → posts, for the share of voice. `judged`: source → what was said of its leads.
    """
    tally = _Tally()
    for lead in leads:
        tally.add(lead, stretch)
    now, past = tally.now, tally.past
    told = expected_of(now.newest, judged or {})
    symptoms = _compared(now.symptoms, past.symptoms)
    return Summary(
        since=stretch.since.isoformat(),
        until=stretch.until.isoformat(),
        leads=now.leads,
        leads_before=past.leads,
        urgent=now.urgent,
        days=_days(tally.days, stretch),
        symptoms=symptoms[:TOP],
        places=_compared(now.places, past.places)[:TOP],
        risen=_risen(symptoms),
        voices=_voices(mentions, clinics, stretch, rivals or {}),
        gaps=tuple(gaps),
        waiting=tuple(waiting),
        overdue=overdue,
        cut=tally.read >= MOST_LEADS,
        lists=tuple(lists),
        unplaced=unplaced if unplaced is not None and unplaced.count else None,
        expected=str(told) if told.told else "",
        news=tuple(news),
        parts=tuple(parts),
    )


class _Half:
    """Counts of one of the two stretches."""

    def __init__(self) -> None:
        self.leads = self.urgent = 0
        self.symptoms: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.newest: list[Lead] = []


class _Tally:
    """All counts, filled lead by lead, so that no long list of leads is held."""

    def __init__(self) -> None:
        self.now, self.past, self.days, self.read = _Half(), _Half(), Counter[date](), 0

    def add(self, lead: Lead, stretch: Stretch) -> None:
        self.read += 1
        at = lead.post.published_at
        self.days[at.astimezone(stretch.zone).date()] += 1
        if not stretch.before <= at < stretch.until:
            return
        half = self.now if at >= stretch.since else self.past
        half.leads += 1
        if half.leads <= MOST:
            half.newest.append(lead)
        half.urgent += lead.need >= 0.7
        half.symptoms.update({each.code for each in lead.tags.symptoms if each.present})
        half.places[_place(lead)] += 1


def _place(lead: Lead) -> str:
    region = lead.tags.region
    return region.code if region else ""


def _compared(now: Counter[str], past: Counter[str]) -> tuple[Counted, ...]:
    ordered = sorted(now.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Counted(name=code, count=count, before=past[code]) for code, count in ordered)


def _risen(counted: Iterable[Counted]) -> tuple[Counted, ...]:
    rose = [
        each
        for each in counted
        if each.count >= RISE_LEAST and each.count >= RISE_FACTOR * max(each.before, 1)
    ]
    return tuple(sorted(rose, key=lambda each: (-each.count / max(each.before, 1), each.name))[:TOP])


def _days(counts: Counter[date], stretch: Stretch) -> tuple[tuple[str, int], ...]:
    # `until` belongs to the next stretch: a report of midnight ends with yesterday.
    last = (stretch.until - timedelta(seconds=1)).astimezone(stretch.zone).date()
    found = (last - timedelta(days=back) for back in reversed(range(stretch.days)))
    return tuple((day.isoformat(), counts[day]) for day in found)


def _voices(
    mentions: Iterable[Mention],
    clinics: Sequence[Clinic],
    stretch: Stretch,
    rivals: Mapping[str, Mapping[str, int]],
) -> tuple[BrandVoice, ...]:
    empty = BrandVoice(clinic="", total=0, before=0, praise=0, complaint=0, grave=0)
    found = {clinic.id: replace(empty, clinic=clinic.name) for clinic in clinics}
    for mention in mentions:
        voice, at = found.get(mention.clinic_id), mention.post.published_at
        if voice is None or not stretch.before <= at < stretch.until:
            continue
        found[mention.clinic_id] = _heard(voice, mention, now=at >= stretch.since)
    for clinic_id, counts in rivals.items():
        if clinic_id in found:
            ordered = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
            found[clinic_id] = replace(found[clinic_id], rivals=ordered)
    return tuple(voice for voice in found.values() if voice.total or voice.before or voice.rivals)


def _heard(voice: BrandVoice, mention: Mention, *, now: bool) -> BrandVoice:
    if not now:
        return replace(voice, before=voice.before + 1)
    mood = mention.sentiment
    bad = mood.polarity == "complaint"
    return replace(
        voice,
        total=voice.total + 1,
        praise=voice.praise + (mood.polarity == "praise"),
        complaint=voice.complaint + bad,
        grave=voice.grave + (bad and mood.severity >= GRAVE),
    )


# --- reading ------------------------------------------------------------


def read_leads(
    index: LeadIndex, stretch: Stretch, clinics: Sequence[Clinic] | None, *, now: datetime
) -> Iterator[Lead]:
    """Leads a report counts, newest first, each once: those of these clinics' lists (None: everything).

    Dismissed ones are left out, as of the lists that `lists_of` names.
    """
    queries = [LeadQuery()] if clinics is None else [of_clinic(clinic) for clinic in clinics]
    read: set[str] = set()
    every = [_newest(index, query, stretch, now) for query in queries]
    for lead in merge(*every, key=lambda lead: -lead.post.published_at.timestamp()):
        if lead.id not in read:
            read.add(lead.id)
            yield lead
        if len(read) >= MOST_LEADS:
            return


def _newest(index: LeadIndex, query: LeadQuery, stretch: Stretch, now: datetime) -> Iterator[Lead]:
    query = replace(
        query, since=stretch.first, until=stretch.until, statuses=COUNTED, sort="newest", limit=PAGE
    )
    while True:
        page = index.search(query, now=now)
        yield from (hit.lead for hit in page.items)
        if not page.cursor:
            return
        query = replace(query, cursor=page.cursor)


def lists_of(index: LeadIndex, stretch: Stretch, clinics: Sequence[Clinic]) -> tuple[Listed, ...]:
    """The list of each clinic for this stretch."""
    return tuple(_list_of(index, stretch, clinic) for clinic in clinics)


def _list_of(index: LeadIndex, stretch: Stretch, clinic: Clinic) -> Listed:
    near = index.precisions(_in(stretch, of_clinic(clinic)))
    asked = [*spelled(clinic), *_within(stretch)]
    return Listed(
        name=clinic.name,
        count=near["sure"],
        query=urlencode(asked),
        maybe=near["likely"],
        maybe_query=urlencode([*asked, ("precision", "maybe")]),
    )


def unplaced_of(index: LeadIndex, stretch: Stretch, clinics: Sequence[Clinic]) -> Listed:
    """Leads of what these clinics treat that may be anywhere."""
    treats = [clinic.specialties for clinic in clinics]
    codes = tuple(dict.fromkeys(code for each in treats for code in each)) if all(treats) else ()
    named = [("area", NOWHERE), *(("specialty", code) for code in codes)]
    query = _in(stretch, LeadQuery(words=nowhere(), specialties=codes))
    return Listed(name="", count=index.count(query), query=urlencode([*named, *_within(stretch)]))


def _in(stretch: Stretch, query: LeadQuery) -> LeadQuery:
    return replace(query, since=stretch.since, until=stretch.until, statuses=COUNTED)


def _within(stretch: Stretch) -> list[tuple[str, str]]:
    return [
        ("since", stretch.since.isoformat()),
        ("until", stretch.until.isoformat()),
        *(("status", status) for status in COUNTED),
    ]


def read_mentions(
    index: LeadIndex, stretch: Stretch, clinics: Sequence[Clinic], others: Collection[str] = ()
) -> Iterator[Mention]:
    """Mentions of these clinics, without the ids in `others`: those turned out to be somebody else's."""
    for clinic in clinics:
        found = index.mentions(clinic_id=clinic.id, since=stretch.before, limit=MOST_MENTIONS)
        yield from (each for each in found if each.id not in others)


def gap_sentences(states: Sequence[SourceState], since: datetime) -> list[str]:
    """What is missing or in trouble, a sentence a source."""
    found = []
    for state in states:
        parts = [f"{gap.reason}" for gap in state.gaps if gap.at >= since]
        parts += short(state.source, state.boards, state.posts)
        if state.run is not None and state.run.outcome in INCOMPLETE:
            reason = f"（{state.run.reason}）" if state.run.reason else ""
            parts.insert(0, OUTCOMES[state.run.outcome] + reason)
        if parts:
            found.append(f"{state.source.name}：{'；'.join(dict.fromkeys(parts))}"[:300])
    return found


def symptom_name(code: str) -> str:
    """A symptom as people call it."""
    concept = lexicon.load().concepts.get(code)
    return concept.name if concept else code


def place_name(code: str) -> str:
    """A division as people call it."""
    division = Gazetteer.load().by_code(code) if code else None
    return division.name if division else "地点不明"
