"""Who could treat a lead. Pure; who is spoken of: leads.clinics.name_matcher."""

from __future__ import annotations

from collections.abc import Iterable

from leads.models import Clinic, Near
from leads.scoring.distance import distance_km, reach
from nlp.models import Tags


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


def nearest(clinics: Iterable[Clinic], tags: Tags) -> Clinic | None:
    """Of the clinics that serve a post of a known place the nearest; None without any."""
    region = tags.region
    if region is None:
        return None
    fitting = [clinic for clinic in clinics if serves(clinic, tags)]
    return min(
        fitting, key=lambda each: distance_km(each.lat, each.lon, region.lat, region.lon), default=None
    )
