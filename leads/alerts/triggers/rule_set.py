"""Which rules something new satisfies: all rules in one pass over what is known of it. Pure.

Everything a rule can ask for is a key: a word of the text, a tag, a clinic, a place it is near. A rule is a
list of clauses, sets of keys of which one has to be there; what keys cannot say (NEAR, NOT, phrases, need) is
asked of the few rules that are left. Each rule is filed under the keys of its rarest clause, and there under
those of the next, so a post looks at the rules that share two things with it and at no others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Protocol

from leads.errors import QueryError
from leads.index.terms import CELL_STEPS, area_term, cell_term, near_terms, province_only_term
from leads.models import (
    SEVERITIES,
    All,
    AnyOf,
    Clinic,
    DownTo,
    Lead,
    LeadQuery,
    Mention,
    Near,
    Nearby,
    Needs,
    Phrase,
    RuleKind,
    Tagged,
    Without,
)
from leads.models import Rule as Words
from leads.query.alert_conditions import (
    Condition,
    LeadCondition,
    MentionCondition,
    SourceCondition,
    SpikeCondition,
    read,
    severity_of,
)
from leads.query.fields import FIELDS
from leads.query.holds import Subject, holds, subject, subject_of
from leads.scoring.distance import distance_km, precise_enough, reach
from nlp.models import Region, Tags

Key = Hashable  # a word, or (field, value)
Clause = frozenset[Key]  # one of these has to be there
_NEVER = datetime.min.replace(tzinfo=UTC)  # where no condition depends on the time
_MOST_PAIRS = 64  # a rule is filed under this many pairs of keys at most


class RuleLike(Protocol):
    """What is read of a rule; leads.records.tables.work.Rule fits."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> RuleKind: ...
    @property
    def query(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Something new, as rules see it."""

    kind: RuleKind
    keys: frozenset[Key]
    subject: Subject
    region: Region | None = None


_NOTHING = Subject(tokens=(), known=frozenset(), tagged=frozenset(), need=0.0)


def of_lead(lead: Lead) -> Occasion:
    """A new lead."""
    asked = subject_of(lead)
    return Occasion(kind="lead", keys=asked.known | asked.tagged, subject=asked, region=lead.tags.region)


def of_mention(mention: Mention, tags: Tags) -> Occasion:
    """A new mention; `tags` are those of its post."""
    asked = subject(mention.post, tags)
    mood = mention.sentiment
    keys: set[Key] = {("clinic", mention.clinic_id), ("polarity", mood.polarity)}
    keys |= {("kind", kind) for kind in mood.kinds}
    keys |= {("grave", word) for word in SEVERITIES[: SEVERITIES.index(severity_of(mood.severity)) + 1]}
    return Occasion(kind="mention", keys=asked.known | asked.tagged | keys, subject=asked, region=tags.region)


def of_spike(symptom: str, chain: Sequence[str], factor: float) -> Occasion:
    """`factor` times the usual talk of a symptom; `chain`: adcodes of where, from the province down."""
    areas = {("area", code) for code in chain}
    asked = Subject(tokens=(), known=frozenset(), tagged=frozenset(), need=factor)
    return Occasion(kind="spike", keys=frozenset({("symptom", symptom), *areas}), subject=asked)


def of_source(kind: RuleKind, source: str) -> Occasion:
    """A source that is silent or blocked."""
    return Occasion(kind=kind, keys=frozenset({("source", source)}), subject=_NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A rule, ready to be asked."""

    id: int
    kind: RuleKind
    clauses: tuple[Clause, ...]
    words: Words | None = None
    least: float = 0.0  # of the subject's need; of a spike, its factor
    near: tuple[Near, DownTo] | None = None

    def holds(self, occasion: Occasion, keys: frozenset[Key]) -> bool:
        """Whether the occasion satisfies the rule; `keys` are the occasion's with those of places."""
        asked = occasion.subject
        return (
            asked.need >= self.least
            and not any(map(keys.isdisjoint, self.clauses))
            and (self.words is None or holds(self.words, asked))
        )


class RuleSet:
    """Rules compiled once, asked of many occasions.

    `broken` are the rules that cannot be read any more, and why: their clinic is gone, for example.
    """

    def __init__(
        self,
        rules: Iterable[RuleLike],
        clinics: Sequence[Clinic],
        *,
        now: datetime,
        before: RuleSet | None = None,
    ) -> None:
        """`before` is an earlier set with the same clinics: rules that did not change are not read again."""
        self.broken: dict[int, str] = {}
        self._kept: dict[tuple[int, RuleKind, str], Compiled] = {}
        known = before._kept if before is not None else {}
        for rule in rules:
            key = (rule.id, rule.kind, rule.query)
            try:
                self._kept[key] = known.get(key) or compiled(rule, clinics, now=now)
            except QueryError as error:
                self.broken[rule.id] = str(error)
        self._file()

    @classmethod
    def asking(cls, queries: Mapping[int, LeadQuery]) -> RuleSet:
        """Searches in place of rules, by numbers of their own; what means nothing to a rule is not asked."""
        made = cls((), (), now=_NEVER)
        for number, query in queries.items():
            key: tuple[int, RuleKind, str] = (number, "lead", "")
            made._kept[key] = _compiled(number, "lead", LeadCondition(query=query))
        made._file()
        return made

    def _file(self) -> None:
        self._shelves = {kind: _Shelf() for kind in ("lead", "mention", "spike", "silent", "blocked")}
        self._places = _Places(rule.near for rule in self._kept.values() if rule.near is not None)
        uses = Counter(key for each in self._kept.values() for clause in each.clauses for key in clause)
        for each in self._kept.values():
            self._shelves[each.kind].put(each, uses)

    def __len__(self) -> int:
        return len(self._kept)

    def match(self, occasions: Iterable[Occasion]) -> list[tuple[int, ...]]:
        """For each occasion the ids of the rules it satisfies, ascending."""
        return [self._match(occasion) for occasion in occasions]

    def _match(self, occasion: Occasion) -> tuple[int, ...]:
        keys = occasion.keys
        if occasion.region is not None:
            keys |= self._places.near(occasion.region)
        found = (rule for rule in self._shelves[occasion.kind].candidates(keys))
        return tuple(sorted({rule.id for rule in found if rule.holds(occasion, keys)}))


# --- compiling ------------------------------------------------------------


def compiled(rule: RuleLike, clinics: Sequence[Clinic], *, now: datetime) -> Compiled:
    """One rule, ready to be asked.

    Raises:
        QueryError: the query string cannot be read, for example because a clinic is gone.
    """
    condition = read(rule.kind, rule.query, clinics=clinics, now=now)
    return _compiled(rule.id, rule.kind, condition)


def _compiled(rule_id: int, kind: RuleKind, condition: Condition) -> Compiled:
    match condition:
        case LeadCondition(query=query):
            words = query.words
            near = None if query.near is None else (query.near, query.precision)
            return Compiled(
                id=rule_id,
                kind=kind,
                clauses=(*_of_query(query), *_required(words)),
                words=None if _settled(words) else words,
                least=query.min_need,
                near=near,
            )
        case MentionCondition(words=words):
            clauses = (*_of_mention(condition), *_required(words))
            return Compiled(id=rule_id, kind=kind, clauses=clauses, words=None if _settled(words) else words)
        case SpikeCondition(symptoms=symptoms, area=area, factor=factor):
            spike = _clauses(("symptom", symptoms), ("area", (area,) if area else ()))
            return Compiled(id=rule_id, kind=kind, clauses=spike, least=factor)
        case SourceCondition(sources=sources):
            return Compiled(id=rule_id, kind=kind, clauses=_clauses(("source", sources)))


def _clauses(*wanted: tuple[str, Sequence[str]]) -> tuple[Clause, ...]:
    return tuple(frozenset((field, value) for value in values) for field, values in wanted if values)


# Kinds of fields that are no keys: the words have clauses of their own, the rest is asked of what is found.
_NO_KEYS = frozenset(("words", "place", "km", "precision", "share"))
_KEYED = tuple(each for each in FIELDS if each.in_rules and each.kind not in _NO_KEYS)


def _of_query(query: LeadQuery) -> tuple[Clause, ...]:
    place = () if query.near is None else (frozenset([_place_key(query.near, query.precision)]),)
    return place + _clauses(*((each.name, _several(getattr(query, each.fills))) for each in _KEYED))


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """What is asked for; nothing where a field is empty."""
    return value if isinstance(value, tuple) else (value,) if value else ()


def _of_mention(condition: MentionCondition) -> tuple[Clause, ...]:
    grave = (condition.severity,) if condition.severity != SEVERITIES[0] else ()
    return _clauses(
        ("clinic", condition.clinics),
        ("source", condition.sources),
        ("polarity", condition.polarities),
        ("kind", condition.kinds),
        ("grave", grave),
    )


def _required(rule: Words | None) -> tuple[Clause, ...]:
    """Clauses that hold of everything the words are true of; what more the words say is asked later."""
    match rule:
        case Phrase(tokens):
            return tuple(frozenset([token]) for token in dict.fromkeys(tokens))
        case Nearby(left, right, _):
            return tuple(frozenset([token]) for token in dict.fromkeys(left + right))
        case Tagged(field, value):
            return (frozenset([(field, value)]),)
        case All(parts):
            return tuple(clause for part in parts for clause in _required(part))
        case AnyOf(parts):
            rarest = [min(_required(part), key=_commonness, default=None) for part in parts]
            if None in rarest:
                return ()
            return (frozenset[Key]().union(*filter(None, rarest)),)
        case Needs() | Without() | None:
            return ()


def _settled(rule: Words | None) -> bool:
    """The clauses say all that the words say."""
    match rule:
        case Phrase(tokens):
            return len(tokens) == 1
        case All(parts):
            return all(map(_settled, parts))
        case AnyOf(parts):
            return all(isinstance(part, Tagged) or _settled(part) for part in parts) and not any(
                isinstance(part, All) for part in parts
            )
        case Tagged() | None:
            return True
        case _:
            return False


# How many of the posts have such a key, roughly, in thousandths; words have 1. A post lies in all the
# surroundings of its city at once, and so looks at many keys of places: behind a symptom or a word they cost
# 39 % less of all matching than before it (10,000 rules).
_COMMON: Mapping[str, int] = {
    "near": 15, "symptom": 10, "area": 20, "clinic": 5, "kind": 30, "grave": 80, "specialty": 100,
    "polarity": 300, "source": 300, "intent": 500, "status": 900, "assignee": 900,
}  # fmt: skip


def _commonness(clause: Clause) -> int:
    return sum(_COMMON[key[0]] if isinstance(key, tuple) else 1 for key in clause)


# --- filing ------------------------------------------------------------


@dataclass(slots=True)
class _Place:
    """The rules filed under one key: those that ask for nothing more, and the others by their next key."""

    plain: list[Compiled] = field(default_factory=list)
    more: dict[Key, list[Compiled]] = field(default_factory=dict)


class _Shelf:
    """The rules of one kind, filed by what they need."""

    def __init__(self) -> None:
        self._always: list[Compiled] = []
        self._by: dict[Key, _Place] = {}

    def put(self, rule: Compiled, uses: Mapping[Key, int]) -> None:
        """`uses`: how many rules ask for a key; of two words the rarer is the one that fewer ask for."""
        clauses = sorted(set(rule.clauses), key=lambda each: (_commonness(each), sum(uses[k] for k in each)))
        if not clauses:
            self._always.append(rule)
        elif len(clauses) == 1 or len(clauses[0]) * len(clauses[1]) > _MOST_PAIRS:
            for key in clauses[0]:
                self._by.setdefault(key, _Place()).plain.append(rule)
        else:
            for first, second in product(*clauses[:2]):
                self._by.setdefault(first, _Place()).more.setdefault(second, []).append(rule)

    def candidates(self, keys: frozenset[Key]) -> Iterator[Compiled]:
        """Every rule that may hold; some come more than once."""
        yield from self._always
        for key in self._by.keys() & keys:
            place = self._by[key]
            yield from place.plain
            for second in place.more.keys() & keys:
                yield from place.more[second]


# --- places ------------------------------------------------------------


def _place_key(near: Near, precision: DownTo) -> Key:
    # Text: a dataclass inside of a key is hashed anew at every look, which took most of the time.
    return ("near", f"{near.lat!r},{near.lon!r},{near.km!r},{near.adcode},{precision}")


class _Places:
    """The surroundings rules ask for, and which of them a region lies in."""

    def __init__(self, asked: Iterable[tuple[Near, DownTo]]) -> None:
        self._anywhere: list[tuple[Near, DownTo]] = []
        self._by: dict[str, list[tuple[Near, DownTo]]] = {}
        self._known: dict[tuple[str, str, float, float, float], frozenset[Key]] = {}
        for near, precision in dict.fromkeys(asked):
            terms = near_terms(near, precision)
            if not terms:
                self._anywhere.append((near, precision))
            for term in terms:
                self._by.setdefault(term, []).append((near, precision))

    def near(self, region: Region) -> frozenset[Key]:
        """The keys of the surroundings the region lies in. Divisions come again and again: they are kept."""
        if not self._by and not self._anywhere:
            return frozenset()
        if region.level == "point":
            return self._near(region)
        place = (region.level, region.code, region.lat, region.lon, region.radius_km)
        if place not in self._known:
            self._known[place] = self._near(region)
        return self._known[place]

    def _near(self, region: Region) -> frozenset[Key]:
        found = {each for term in _region_terms(region) for each in self._by.get(term, ())}
        return frozenset(
            _place_key(near, precision)
            for near, precision in (*self._anywhere, *found)
            if _lies_in(region, near, precision)
        )


def _region_terms(region: Region) -> Iterator[str]:
    yield from map(area_term, region.chain)
    if region.level == "province":
        yield province_only_term(region.code)
    for step in CELL_STEPS:
        yield cell_term(region.lat, region.lon, step)


def _lies_in(region: Region, near: Near, asked: DownTo) -> bool:
    distance = distance_km(near.lat, near.lon, region.lat, region.lon)
    precision = reach(region, near, distance)
    return precision is not None and precise_enough(precision, asked)
