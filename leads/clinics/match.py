"""找对人: which specialty words are about, and who near treats it. Pure; no diagnosis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leads.models import Clinic, DoctorCard, Precision
from leads.scoring.distance import distance_km, reach
from leads.scoring.fit import near
from nlp.models import Region, Symptom, Tags
from nlp.symptoms import lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGuess:
    """A likely specialty and what speaks for it: (words of the text, name of the symptom)."""

    code: str
    name: str
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A clinic that treats it, with the doctors that do; `precision` and kilometres only of a known place."""

    clinic: Clinic
    doctors: tuple[DoctorCard, ...]
    distance_km: float | None
    precision: Precision | None


def fields_of(tags: Tags) -> tuple[FieldGuess, ...]:
    """The specialties asked for by what somebody has now; that with most reasons first."""
    reasons: dict[str, dict[tuple[str, str], None]] = {}
    for symptom in tags.symptoms:
        if symptom.present:
            # A child is seen by who knows children first.
            for code in ("pediatrics", symptom.specialty) if symptom.child else (symptom.specialty,):
                reasons.setdefault(code, {})[(symptom.surface, symptom.name)] = None
    names = lexicon.load().specialties
    guesses = [
        FieldGuess(code=code, name=names.get(code, code), reasons=tuple(why)) for code, why in reasons.items()
    ]
    return tuple(sorted(guesses, key=lambda guess: -len(guess.reasons)))


def urgent_of(tags: Tags) -> tuple[Symptom, ...]:
    """What should be seen within hours."""
    return tuple(each for each in tags.symptoms if each.present and each.urgency == "hours")


def choices(clinics: Iterable[Clinic], codes: Iterable[str], region: Region | None) -> tuple[Offer, ...]:
    """The clinics that treat one of these specialties and whose reach holds the place, nearest first.

    Without a known place all that treat it, by name. A clinic without specialties treats everything.
    """
    wanted = frozenset(codes)
    found = []
    for clinic in clinics:
        treats = not clinic.specialties or bool(wanted & set(clinic.specialties))
        choice = _choice(clinic, wanted, region) if wanted and treats else None
        if choice is not None:
            found.append(choice)
    return tuple(sorted(found, key=lambda each: (each.distance_km or 0.0, each.clinic.name)))


def _choice(clinic: Clinic, wanted: frozenset[str], region: Region | None) -> Offer | None:
    doctors = tuple(card for card in clinic.cards if not card.specialties or wanted & set(card.specialties))
    if region is None:
        return Offer(clinic=clinic, doctors=doctors, distance_km=None, precision=None)
    distance = distance_km(clinic.lat, clinic.lon, region.lat, region.lon)
    precision = reach(region, near(clinic), distance)
    if precision is None:
        return None
    return Offer(clinic=clinic, doctors=doctors, distance_km=distance, precision=precision)
