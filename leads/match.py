"""Which posts concern which clinic: brand names found in one pass, and who could treat a lead. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from leads.geo import distance_km, reach
from leads.models import Clinic, Near
from nlp.models import Tags
from nlp.text import normalise


def near(clinic: Clinic) -> Near:
    """The clinic's own surroundings as a query's point."""
    return Near(lat=clinic.lat, lon=clinic.lon, km=clinic.reach_km, adcode=clinic.adcode)


def serves(clinic: Clinic, tags: Tags) -> bool:
    """The clinic treats what the post is about, and the writer may be near.

    A post without a known place may be anywhere, so it counts; one known to be elsewhere does not.
    """
    if clinic.specialties and not set(clinic.specialties) & set(tags.specialties):
        return False
    region = tags.region
    if region is None:
        return True
    distance = distance_km(clinic.lat, clinic.lon, region.lat, region.lon)
    return reach(region, near(clinic), distance) is not None


@dataclass(frozen=True, slots=True)
class Brand:
    """A name found in a text, and whose it is."""

    clinic_id: str
    term: str


class BrandMatcher:
    """Finds the names of clinics and doctors in normalised text, one pass for all of them."""

    def __init__(self, clinics: Sequence[Clinic]) -> None:
        self._owners: list[tuple[Clinic, str]] = [
            (clinic, term)
            for clinic in clinics
            for term in (clinic.name, *clinic.aliases, *clinic.doctors)
            if normalise(term).strip()
        ]
        terms = [normalise(term).strip() for _, term in self._owners]
        self._matcher = AhoCorasick(terms, matchkind=MatchKind.Standard) if terms else None

    def find(self, text: str) -> list[Brand]:
        """At most one brand a clinic, its first name in the text; `text` is normalised."""
        if self._matcher is None:
            return []
        found: dict[str, Brand] = {}
        for index, _, _ in self._matcher.find_matches_as_indexes(text, overlapping=True):
            clinic, term = self._owners[index]
            if clinic.id not in found and not any(normalise(word) in text for word in clinic.exclude):
                found[clinic.id] = Brand(clinic.id, term)
        return list(found.values())
