"""声量: how often a clinic, its doctors and its competitors are spoken of, in which mood, and what about.

The clinic's own figures are of the mentions that are stored, so they change with every deletion; posts of
competitors are not stored, only counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from leads.clinics.name_forms import names
from leads.index.base import LeadIndex
from leads.insights.few import merged
from leads.insights.summary import GRAVE
from leads.insights.voice.aspects import aspects, spoken_of
from leads.insights.voice.series import WeekBlock, Window, enough, series
from leads.models import BEIJING, Clinic, Mention
from leads.records import Records, heard, mentions
from leads.records.heard import RivalDay
from nlp.models import Polarity
from nlp.text.normal import normalise

MOST = 5_000  # mentions read, the newest
WORDS = 12  # shown of an aspect
NEWEST = 8  # complaints
Whose = Literal["own", "doctor", "rival"]
_DAY = timedelta(days=1)
MOODS: tuple[Polarity, ...] = ("praise", "neutral", "complaint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name in the window; no figure of a row is under five, nor is what the others of its row leave."""

    whose: Whose
    name: str
    total: int
    moods: Mapping[str, int]  # those that may be told
    rest: int  # of the other moods together
    grave: int | None  # complaints of weight; None: too few, or all but too few, or not counted
    weeks: tuple[WeekBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectVoice:
    """What is said about one thing; counts under five are 0, their words are not told."""

    code: str
    name: str
    praise: int
    praise_words: tuple[str, ...]  # the most frequent first
    complaint: int
    complaint_words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTable:
    """A clinic's voice from `since` to before `until`."""

    clinic_id: str
    since: date
    until: date
    names: tuple[Named, ...]  # the clinic first, then doctors, then competitors
    few: tuple[str, ...]  # names that too few spoke of
    aspects: tuple[AspectVoice, ...]
    sources: Mapping[str, int]  # the clinic's mentions by source
    other_sources: int
    cut: bool  # older mentions than were read
    complaints: tuple[Mention, ...]  # the newest

    @property
    def own(self) -> Named | None:
        """The clinic itself, where enough spoke of it."""
        return next((each for each in self.names if each.whose == "own"), None)

    @property
    def shared(self) -> tuple[Named, ...]:
        """Those among whom the voice is shared: doctors are part of their clinic's."""
        return tuple(each for each in self.names if each.whose != "doctor")

    def to_json(self) -> dict[str, object]:
        """For programs."""
        whole = sum(each.total for each in self.shared)
        return {
            "clinic": self.clinic_id,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "names": [_name_json(each, whole, Window(today=self.until - _DAY)) for each in self.names],
            "few": list(self.few),
            "aspects": [
                {
                    "code": each.code,
                    "name": each.name,
                    "praise": each.praise,
                    "praise_words": list(each.praise_words),
                    "complaint": each.complaint,
                    "complaint_words": list(each.complaint_words),
                }
                for each in self.aspects
            ],
            "sources": dict(self.sources),
            "other_sources": self.other_sources,
            "cut": self.cut,
        }


def _name_json(each: Named, whole: int, window: Window) -> dict[str, object]:
    return {
        "whose": each.whose,
        "name": each.name,
        "total": each.total,
        "share": None if each.whose == "doctor" else round(each.total / whole, 3),
        "moods": dict(each.moods),
        "rest": each.rest,
        "grave": each.grave,
        "weeks": [
            {
                "since": window.start(block.first).isoformat(),
                "until": window.start(block.after).isoformat(),
                "count": block.count,
            }
            for block in each.weeks
        ],
    }


def find(index: LeadIndex, records: Records, clinic: Clinic, *, now: datetime) -> VoiceTable:
    """The clinic's voice in the last 26 weeks.

    Raises:
        StorageError: the index or the records cannot be read.
    """
    window = Window(today=now.astimezone(BEIJING).date())
    with records.reading() as session:
        rivals = heard.rival_days(session, clinic.id, since=window.since, until=window.until, grave=GRAVE)
    own, cut = read(index, records, clinic, window)
    return of_mentions(clinic, own, rivals, window, cut=cut)


def read(
    index: LeadIndex, records: Records, clinic: Clinic, window: Window
) -> tuple[Sequence[Mention], bool]:
    """The clinic's mentions, newest first, without those that turned out another's; whether there were more.

    Raises:
        StorageError: the index or the records cannot be read.
    """
    since = datetime.combine(window.since, time(), BEIJING)
    found = index.mentions(clinic_id=clinic.id, since=since, limit=MOST)
    with records.reading() as session:
        others = mentions.others_among(session, [each.id for each in found])
    return [each for each in found if each.id not in others], len(found) >= MOST


def of_mentions(
    clinic: Clinic, own: Sequence[Mention], rivals: Iterable[RivalDay], window: Window, *, cut: bool = False
) -> VoiceTable:
    """The same of what was read. Pure."""
    own = [each for each in own if window.week(day_of(each)) is not None]
    tallies = [_tally("own", clinic.name, own)]
    tallies += [
        _tally("doctor", name, [each for each in own if names_doctor(each, clinic, name)])
        for name in clinic.doctors
    ]
    tallies += _rivals(rivals, clinic)
    told = [each for each in tallies if enough(each.total)]
    sources = merged(Counter(each.post.source for each in own))
    return VoiceTable(
        clinic_id=clinic.id,
        since=window.since,
        until=window.until,
        names=tuple(each.told(window) for each in told),
        few=tuple(each.name for each in tallies if not enough(each.total)),
        aspects=_aspects(own),
        sources=sources.rows,
        other_sources=sources.rest,
        cut=cut,
        complaints=tuple(each for each in own if each.sentiment.polarity == "complaint")[:NEWEST],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """Everything about a name, few or many."""

    whose: Whose
    name: str
    days: Sequence[tuple[date, str, int]]  # day, mood, posts
    graves: int | None

    @property
    def total(self) -> int:
        return sum(count for _, _, count in self.days)

    def told(self, window: Window) -> Named:
        moods: Counter[str] = Counter()
        for _, mood, count in self.days:
            moods[mood] += count
        held = merged(moods)
        return Named(
            whose=self.whose,
            name=self.name,
            total=self.total,
            moods={mood: held.rows[mood] for mood in MOODS if mood in held.rows},
            rest=held.rest,
            grave=_part(self.graves, held.rows.get("complaint", 0)),
            weeks=series(((day, count) for day, _, count in self.days), window),
        )


def _part(count: int | None, whole: int) -> int | None:
    """A count that is part of one that is told."""
    if count is None or count > whole:
        return None
    return count if all(not each or enough(each) for each in (count, whole - count)) else None


def _tally(whose: Whose, name: str, found: Iterable[Mention]) -> _Tally:
    found = list(found)
    return _Tally(
        whose=whose,
        name=name,
        days=[(day_of(each), each.sentiment.polarity, 1) for each in found],
        graves=sum(
            each.sentiment.polarity == "complaint" and each.sentiment.severity >= GRAVE for each in found
        ),
    )


def _rivals(days: Iterable[RivalDay], clinic: Clinic) -> list[_Tally]:
    """Those the clinic names, the most spoken of first; one it names no more is left out."""
    heard_of: dict[str, list[RivalDay]] = {name: [] for name in clinic.competitors}
    for each in days:
        if each.term in heard_of:
            heard_of[each.term].append(each)
    tallies = [
        _Tally(
            whose="rival",
            name=name,
            days=[(each.day, each.polarity, each.posts) for each in found],
            graves=_graves(each for each in found if each.polarity == "complaint"),
        )
        for name, found in heard_of.items()
    ]
    return sorted(tallies, key=lambda each: -each.total)


def _graves(days: Iterable[RivalDay]) -> int | None:
    counts = [each.graves for each in days]
    return None if None in counts else sum(filter(None, counts))


def _aspects(own: Iterable[Mention]) -> tuple[AspectVoice, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    words: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for mention in own:
        mood = mention.sentiment
        for code, said in spoken_of(mention.post.full_text, mood.cues).items():
            counts[(code, mood.polarity)] += 1
            words[(code, mood.polarity)].update(said)
    told = {key: count for key, count in counts.items() if enough(count)}
    return tuple(
        AspectVoice(
            code=code,
            name=aspect.name,
            praise=told.get((code, "praise"), 0),
            praise_words=_most(words[(code, "praise")]) if (code, "praise") in told else (),
            complaint=told.get((code, "complaint"), 0),
            complaint_words=_most(words[(code, "complaint")]) if (code, "complaint") in told else (),
        )
        for code, aspect in aspects().items()
        if (code, "praise") in told or (code, "complaint") in told
    )


def _most(words: Counter[str]) -> tuple[str, ...]:
    ordered = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return tuple(word for word, _ in ordered[:WORDS])


def names_doctor(mention: Mention, clinic: Clinic, doctor: str) -> bool:
    """Whether a mention of the clinic is of this doctor: found by the name, or the name stands in it."""
    if mention.term == doctor:
        return True
    forms = [each.text for each in names(clinic) if each.how == "doctor" and each.term == doctor]
    text = normalise(mention.post.full_text)
    return any(form in text for form in forms)


def day_of(mention: Mention) -> date:
    """In Beijing."""
    return mention.post.published_at.astimezone(BEIJING).date()


def behind(
    clinic: Clinic,
    own: Iterable[Mention],
    *,
    polarity: str = "",
    aspect: str = "",
    doctor: str = "",
    grave: bool = False,
    days: tuple[date, date] | None = None,
) -> list[Mention]:
    """The mentions behind one figure, in their order. Pure. `days`: the first and the one after the last."""
    return [
        each
        for each in own
        if (not polarity or each.sentiment.polarity == polarity)
        and (not grave or each.sentiment.severity >= GRAVE)
        and (not doctor or names_doctor(each, clinic, doctor))
        and (not aspect or aspect in spoken_of(each.post.full_text, each.sentiment.cues))
        and (days is None or days[0] <= day_of(each) < days[1])
    ]
