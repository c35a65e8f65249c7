"""What the page of one lead says about it, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from leads.labels import INTENT_NAMES, LEVEL_NAMES, PERSON_NAMES, distance_text, precision_text
from leads.models import Clinic, Lead, Precision
from leads.query.vocabulary import area_name
from leads.records.cases import describe
from leads.records.tables.work import CaseEvent, Feedback, Note
from leads.scoring.distance import distance_km, reach
from leads.scoring.fit import near
from leads.scoring.need import EVIDENCE_NAMES, URGENCY_NAMES
from nlp.models import INTENTS, Region, Symptom
from nlp.symptoms import lexicon

# How far a kind of evidence can be trusted, as said to a person.
TRUST = {
    "geo": "很可靠：帖子自带的定位",
    "checkin": "很可靠：作者签到",
    "self": "可靠：作者自己说的",
    "text": "一般：文中提到，不一定是作者所在地",
    "board": "一般：版块的城市",
    "ip": "只到省：IP 属地",
    "profile": "较弱：资料里填的",
}


@dataclass(frozen=True, slots=True)
class LabelShare:
    """One intent and how likely it is, 0 to 1."""

    name: str
    share: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomLine:
    """A symptom as found: in which words, whose, and what speaks against it."""

    name: str
    words: str
    specialty: str
    urgency: str
    whose: str
    remarks: tuple[str, ...]
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicLine:
    """One of our clinics, seen from the writer's place. Distance in km; None when no place is known."""

    clinic: Clinic
    treats: bool
    distance: float | None
    precision: Precision | None
    way: str  # zh-CN: kilometres for a point, the area for an area
    surely: str = ""  # zh-CN: how surely within its reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry of a case's story: changes made at once, or a note."""

    at: datetime
    who: str
    changes: tuple[str, ...] = ()
    note: str = ""


def intents(lead: Lead) -> list[LabelShare]:
    """All six, the likeliest first."""
    shares = [
        LabelShare(INTENT_NAMES[label], share, label == lead.tags.intent_label)
        for label, share in zip(INTENTS, lead.tags.intent, strict=True)
    ]
    return sorted(shares, key=lambda each: -each.share)


def symptoms(lead: Lead) -> list[SymptomLine]:
    """What was found, what is present first; the same words said twice stand once."""
    lines = dict.fromkeys(_symptom(each) for each in lead.tags.symptoms)
    return sorted(lines, key=lambda line: not line.present)


def _symptom(found: Symptom) -> SymptomLine:
    against = {
        "否认（不算）": found.negated,
        "以前的事（不算）": found.past,
        "比喻（不算）": found.figurative,
        "别人的事（不算）": found.person == "other",
        "孩子": found.child,
        "长期": found.chronic,
    }
    return SymptomLine(
        name=found.name,
        words=found.surface,
        specialty=lexicon.load().specialties.get(found.specialty, found.specialty),
        urgency=URGENCY_NAMES[found.urgency],
        whose=PERSON_NAMES[found.person],
        remarks=tuple(remark for remark, so in against.items() if so),
        present=found.present,
    )


def place(region: Region | None) -> list[tuple[str, str]]:
    """What is known of the writer's place, as (label, words)."""
    if region is None:
        return []
    full = "".join(dict.fromkeys(filter(None, (region.province, region.city, region.district))))
    said = f"{EVIDENCE_NAMES[region.evidence]}" + (
        f"：“{region.evidence_text}”" if region.evidence_text else ""
    )
    return [
        ("地点", full or region.name),
        ("精确到", LEVEL_NAMES[region.level]),
        ("怎么知道的", said),
        ("把握", TRUST[region.evidence]),
        ("误差半径", f"约 {region.radius_km:.1f} 公里" if region.exact else "不明，距离按所在城市算"),
    ]


def clinics_for(lead: Lead, clinics: Iterable[Clinic]) -> list[ClinicLine]:
    """Our clinics: those that treat it first, the nearest of them first."""
    lines = [_clinic(lead, clinic) for clinic in clinics]
    return sorted(lines, key=lambda line: (not line.treats, line.distance or 0.0, line.clinic.id))


def _clinic(lead: Lead, clinic: Clinic) -> ClinicLine:
    treats = not clinic.specialties or bool(set(clinic.specialties) & set(lead.tags.specialties))
    region = lead.tags.region
    if region is None:
        return ClinicLine(clinic=clinic, treats=treats, distance=None, precision=None, way="不知道")
    distance = distance_km(clinic.lat, clinic.lon, region.lat, region.lon)
    precision = reach(region, near(clinic), distance)
    way = distance_text(region, distance)
    way = way if region.level == "point" or not region.exact else f"{region.name}{way}"
    return ClinicLine(
        clinic=clinic, treats=treats, distance=distance, precision=precision, way=way,
        surely=precision_text(precision),
    )  # fmt: skip


def story(events: Sequence[CaseEvent], notes: Sequence[Note], names: Mapping[str, str]) -> list[Step]:
    """Changes and notes by time, the newest first. `names` are those of logins and clinics."""
    steps = [*_changes(events, names), *_notes(notes)]
    return sorted(steps, key=lambda step: step.at, reverse=True)


def _changes(events: Sequence[CaseEvent], names: Mapping[str, str]) -> Iterator[Step]:
    for _, same in groupby(events, key=lambda event: event.version):
        together = list(same)
        changes = tuple(describe(event, names) for event in together)
        yield Step(at=together[0].at, who=together[0].who, changes=changes)


def _notes(notes: Sequence[Note]) -> Iterator[Step]:
    for note in notes:
        yield Step(at=note.at, who=note.who, note=note.text)


def judged(row: Feedback) -> str:
    """A judgement in words: "不是线索，是广告"."""
    extra = f"：{row.reason}" if row.reason else ""
    match row.kind:
        case "lead":
            return f"是线索{extra}"
        case "not_lead":
            return f"不是线索，是{INTENT_NAMES.get(row.intent, row.intent)}{extra}"
        case "symptom":
            return f"症状不对{extra}"
        case _:
            return f"地点不对{extra}"


def thought(row: Feedback) -> str:
    """What the model thought at the time, in words."""
    said = row.said
    if not said:
        return ""
    known = lexicon.load().concepts
    symptoms = "、".join(known[code].name for code in said["symptoms"] if code in known) or "没有症状"
    place = (
        "没有地点"
        if not said["place"]
        else f"地点 {area_name(said['place'])}（{EVIDENCE_NAMES[said['evidence']]}）"
    )
    return (
        f"{INTENT_NAMES.get(said['intent'], said['intent'])}（求诊可能性 {said['seeker']:.0%}），"
        f"{symptoms}，{place}"
    )
