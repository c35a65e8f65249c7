"""What tagging says about a text: frozen records, no behaviour beyond reading themselves.

Offsets are character positions in the *normalised* text (`nlp.text.normal.normalise`), which keeps one output
character for one input character, so they are valid in the original too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

IntentLabel = Literal["seeker", "experience", "advert", "news_science", "figurative", "other"]
INTENTS: tuple[IntentLabel, ...] = ("seeker", "experience", "advert", "news_science", "figurative", "other")

Level = Literal["point", "district", "city", "province"]
# Strongest first (architecture 6). "self" is the writer's own word ("坐标成都", "我在武侯"),
# "text" any other place named.
Evidence = Literal["geo", "checkin", "self", "text", "board", "ip", "profile"]
EVIDENCE_ORDER: tuple[Evidence, ...] = ("geo", "checkin", "self", "text", "board", "ip", "profile")

Person = Literal["self", "family", "other"]
Urgency = Literal["hours", "days", "elective"]
Polarity = Literal["praise", "complaint", "neutral"]
# What a complaint is about: the service or its price; money or right fought over; harm done; made public.
ComplaintKind = Literal["complaint", "dispute", "injury", "media"]
COMPLAINT_KINDS: tuple[ComplaintKind, ...] = ("complaint", "dispute", "injury", "media")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One thing that hurts or is to be treated, as found in the text."""

    code: str  # "toothache": a key of data/lexicon.toml
    name: str  # "牙痛"
    specialty: str  # "dental"
    surface: str  # the words in the text, "牙疼"
    start: int
    end: int
    negated: bool = False  # "不疼了", "排除肺炎"
    past: bool = False  # "去年拔过"
    person: Person = "self"  # who has it
    figurative: bool = False  # "看得我牙疼"
    urgency: Urgency = "days"
    chronic: bool = False
    child: bool = False  # the sufferer is a child: paediatrics is asked besides `specialty`

    @property
    def present(self) -> bool:
        """Someone the writer speaks for has it now, literally."""
        return not (self.negated or self.past or self.figurative or self.person == "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where the writer is, as far as the text and the hints tell. Degrees are WGS-84."""

    code: str  # 6-digit adcode of the finest division known
    name: str  # full name of that division, "武侯区"
    level: Level
    province: str  # full names; "" where not known
    city: str
    district: str
    lat: float
    lon: float
    radius_km: float  # equivalent radius of the division's area; 0.3 for a point
    evidence: Evidence
    evidence_text: str = ""  # the words that say so, "坐标成都"
    exact: bool = True  # False: the point is the city's, the division's own is unknown

    @property
    def chain(self) -> tuple[str, ...]:
        """adcodes from province to the finest level known: ("510000", "510100", "510107")."""
        codes = [self.code[:2] + "0000", self.code[:4] + "00", self.code]
        return tuple(dict.fromkeys(code for code in codes if code <= self.code))


class Intent(NamedTuple):
    """Calibrated probabilities of the six intents; they sum to 1. A tuple, because there is one per post."""

    seeker: float
    experience: float
    advert: float
    news_science: float
    figurative: float
    other: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """How a text speaks of whom it mentions.

    `severity` runs from 0 (none) to 3 (injury, dispute, authorities, media).
    """

    polarity: Polarity
    severity: int
    cues: tuple[str, ...] = ()
    kinds: tuple[ComplaintKind, ...] = ()  # of a complaint, in the order of COMPLAINT_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """All that tagging says of one text."""

    symptoms: tuple[Symptom, ...]
    specialties: tuple[str, ...]  # of the present symptoms first, then of the others; no repeats
    intent: Intent
    intent_label: IntentLabel  # seeker if p(seeker) reaches the model's threshold, else the likeliest other
    region: Region | None
    sentiment: Sentiment | None = None  # only where asked for: mentions
    tokens: tuple[str, ...] = ()  # what the index stores, cut by nlp.text.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """What people of one place say, beside the shipped lexicon and gazetteer; normalised text → code."""

    symptoms: Mapping[str, str] = field(default_factory=dict)  # → code of a concept
    places: Mapping[str, str] = field(default_factory=dict)  # → adcode


NO_WORDS = OwnWords()


class PlaceHintLike(Protocol):
    """What region tagging reads of a source's word on a post's place; crawler.items.PlaceHint fits."""

    @property
    def kind(self) -> Literal["geo", "checkin", "board", "ip", "profile"]: ...
    @property
    def text(self) -> str: ...
    @property
    def lat(self) -> float | None: ...
    @property
    def lon(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A plain `PlaceHintLike`, for callers without the crawler's records. Degrees are WGS-84."""

    kind: Literal["geo", "checkin", "board", "ip", "profile"]
    text: str = ""
    lat: float | None = None
    lon: float | None = None
