"""The reply helper: pieces filled in for one lead, and a text with what it must not say marked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leads.models import Clinic, Lead
from leads.records.snippets import fitting
from leads.records.tables.work import Snippet
from leads.replies.compliance import Objection, check
from leads.replies.starters import Filled, fill, fitting_starters
from leads.web.lead.view import ClinicLine


@dataclass(frozen=True, slots=True)
class PieceChoice:
    """A piece that fits the lead; `key` names it in the address."""

    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a checked text; `title` says what is wrong with it, "" for nothing."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A text, in runs, and what it must not say."""

    text: str
    runs: tuple[Run, ...]
    findings: tuple[Objection, ...]


def choices(lead: Lead, pieces: Sequence[Snippet], clinics: Sequence[Clinic]) -> list[PieceChoice]:
    """The clinic's own pieces that fit this lead, then the shipped ones."""
    symptoms = {symptom.code for symptom in lead.tags.symptoms if not symptom.figurative}
    own = fitting(pieces, symptoms, [clinic.id for clinic in clinics])
    return [PieceChoice(f"own:{piece.id}", piece.title, piece.text) for piece in own] + [
        PieceChoice(f"starter:{starter.key}", starter.title, starter.text)
        for starter in fitting_starters(symptoms)
    ]


def for_mention(pieces: Sequence[Snippet], clinic_id: str) -> list[PieceChoice]:
    """The clinic's own pieces that go with no symptom: what is shipped answers symptoms, not what is said of
    a clinic."""
    own = fitting(pieces, (), [clinic_id])
    return [PieceChoice(f"own:{piece.id}", piece.title, piece.text) for piece in own]


def filled(choice: PieceChoice, lead: Lead, line: ClinicLine | None) -> Filled:
    """The piece with what is known of the lead and the clinic filled in."""
    return fill(choice.text, values(lead, line))


def values(lead: Lead, line: ClinicLine | None) -> Mapping[str, str]:
    """What the variables stand for; "" where it is not known."""
    present = dict.fromkeys(symptom.name for symptom in lead.tags.symptoms if symptom.present)
    clinic = line.clinic if line else None
    return {
        "clinic": clinic.name if clinic else "",
        "doctor": clinic.doctors[0] if clinic and clinic.doctors else "",
        "distance": _distance(lead, line),
        "symptom": "、".join(list(present)[:2]),
    }


def _distance(lead: Lead, line: ClinicLine | None) -> str:
    """Only for a point: the seat of an area says nothing of a writer's way."""
    region = lead.tags.region
    if line is None or line.distance is None or region is None or region.level != "point":
        return ""
    return "不到 1 公里" if line.distance < 1 else f"大约 {line.distance:.0f} 公里"


def checked(text: str, platform: str = "") -> Checked:
    """The text with what it must not say where it is to stand."""
    findings = check(text, platform)
    runs: list[Run] = []
    at = 0
    for found in findings:
        if found.end <= at:
            continue  # inside of one that is marked already
        runs += [
            Run(text[at : max(at, found.start)]),
            Run(text[max(at, found.start) : found.end], found.title),
        ]
        at = found.end
    runs.append(Run(text[at:]))
    return Checked(text=text, runs=tuple(run for run in runs if run.text), findings=findings)
