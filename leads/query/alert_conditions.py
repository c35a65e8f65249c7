"""What a rule looks for: its query string, read and checked. Pure.

The keys are those of the lead page's address, so that a search becomes a rule by its address. A rule is asked
about what is new, so some fields mean nothing to it (`SearchField.in_rules`) and are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from leads.errors import QueryError
from leads.labels import COMPLAINT_NAMES, POLARITY_NAMES, SEVERITY_NAMES
from leads.models import SEVERITIES, Clinic, LeadQuery, Rule, RuleKind, Severity
from leads.query.fields import BY_NAME, FIELDS
from leads.query.search import to_query
from leads.query.words import parse as parse_words
from nlp.models import ComplaintKind, Polarity

DROPPED = frozenset(field.name for field in FIELDS if not field.in_rules)
LONGEST = 2000
DEFAULT_FACTOR = 2.0  # a spike is at least this many times what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCondition:
    """A new lead that this query would find."""

    query: LeadQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionCondition:
    """A new mention for which all that is given holds; empty fields do not restrict."""

    words: Rule | None = None
    clinics: tuple[str, ...] = ()  # ids
    sources: tuple[str, ...] = ()
    polarities: tuple[Polarity, ...] = ()
    kinds: tuple[ComplaintKind, ...] = ()  # any of these
    severity: Severity = "low"  # at least this grave


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeCondition:
    """Much more talk of a symptom in a city than usual."""

    symptoms: tuple[str, ...] = ()  # codes; empty for every one
    area: str = ""  # adcode; "" for everywhere
    factor: float = DEFAULT_FACTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCondition:
    """A source that brings nothing, or keeps us out."""

    sources: tuple[str, ...] = ()  # names; empty for every one


Condition = LeadCondition | MentionCondition | SpikeCondition | SourceCondition
Fields = Mapping[str, tuple[str, ...]]
W = TypeVar("W", bound=str)

KEYS: Mapping[RuleKind, frozenset[str]] = {
    "lead": frozenset(field.name for field in FIELDS if field.in_rules),
    "mention": frozenset(("q", "clinic", "source", "polarity", "kind", "severity")),
    "spike": frozenset(("symptom", "area", "factor")),
    "silent": frozenset(("source",)),
    "blocked": frozenset(("source",)),
}


def read(kind: RuleKind, query: str, *, clinics: Sequence[Clinic], now: datetime) -> Condition:
    """The condition of a rule's query string.

    Raises:
        QueryError: names the key that is unknown or has a wrong value, and what to write instead.
    """
    fields = _fields(kind, query)
    return _READERS[kind](fields, clinics, now)


def tidied(kind: RuleKind, query: str) -> str:
    """The query string as stored: without what means nothing to a rule, keys in their order.

    Raises:
        QueryError: a key that this kind of rule does not know.
    """
    pairs = [(key, value) for key, values in _fields(kind, query).items() for value in values]
    return urlencode(pairs)


def severity_of(level: int) -> Severity:
    """The word for the severity of a sentiment (0 to 3)."""
    return SEVERITIES[max(0, min(level, 3))]


def _fields(kind: RuleKind, query: str) -> Fields:
    if len(query) > LONGEST:
        raise QueryError(f"规则的条件太长（{len(query)} 字）：请不要超过 {LONGEST} 字。")
    fields: dict[str, tuple[str, ...]] = {}
    for key, value in parse_qsl(query.lstrip("?")):
        if key in DROPPED or not value.strip():
            continue
        if key not in KEYS[kind]:
            raise QueryError(f"规则的条件 {key!r} 不认识：可用 {'、'.join(sorted(KEYS[kind]))}。")
        fields[key] = tuple(dict.fromkeys((*fields.get(key, ()), value.strip())))
    return fields


def _one(fields: Fields, key: str, default: str = "") -> str:
    values = fields.get(key, (default,))
    if len(values) > 1:
        raise QueryError(f"规则的条件 {key} 写了 {len(values)} 次：请只留一个。")
    return values[0]


def _lead(fields: Fields, clinics: Sequence[Clinic], now: datetime) -> Condition:
    asked = {name: values if BY_NAME[name].many else _one(fields, name) for name, values in fields.items()}
    return LeadCondition(query=to_query(asked, clinics=clinics, now=now))


def _mention(fields: Fields, clinics: Sequence[Clinic], now: datetime) -> Condition:
    return MentionCondition(
        words=parse_words(_one(fields, "q")),
        clinics=tuple(_clinic(name, clinics) for name in fields.get("clinic", ())),
        sources=fields.get("source", ()),
        polarities=tuple(_word(value, POLARITY_NAMES, "polarity") for value in fields.get("polarity", ())),
        kinds=tuple(_word(value, COMPLAINT_NAMES, "kind") for value in fields.get("kind", ())),
        severity=_word(_one(fields, "severity", "low"), SEVERITY_NAMES, "severity"),
    )


def _spike(fields: Fields, clinics: Sequence[Clinic], now: datetime) -> Condition:
    asked = {"symptom": fields.get("symptom", ()), "area": _one(fields, "area")}
    query = to_query(asked, clinics=clinics, now=now)
    return SpikeCondition(symptoms=query.symptoms, area=query.area, factor=_factor(_one(fields, "factor")))


def _source(fields: Fields, clinics: Sequence[Clinic], now: datetime) -> Condition:
    return SourceCondition(sources=fields.get("source", ()))


_READERS: Mapping[RuleKind, Callable[[Fields, Sequence[Clinic], datetime], Condition]] = {
    "lead": _lead,
    "mention": _mention,
    "spike": _spike,
    "silent": _source,
    "blocked": _source,
}


def _clinic(name: str, clinics: Sequence[Clinic]) -> str:
    for clinic in clinics:
        if name in (clinic.id, clinic.name):
            return clinic.id
    known = "、".join(clinic.id for clinic in clinics) or "（一个都没有）"
    raise QueryError(f"clinic {name!r} 不认识：可用 {known}。")


def _word(value: str, names: Mapping[W, str], field: str) -> W:
    for word, name in names.items():
        if value in (word, name):
            return word
    raise QueryError(f"{field} {value!r} 不认识：可用 {'、'.join(names)}。")


def _factor(text: str) -> float:
    try:
        value = float(text or DEFAULT_FACTOR)
    except ValueError:
        value = 0.0
    if not 1.2 <= value <= 100:
        raise QueryError(f"factor {text!r} 不可用：请给 1.2 到 100 之间的倍数。")
    return value
