"""The meaning of a query, written as plainly as possible: what every index is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from leads.index.base import FACETS, Facet
from leads.index.daily import Daily
from leads.index.spread import facet_values, facts_of
from leads.models import PRECISIONS, Lead, LeadQuery, Near, Precision
from leads.query.holds import holds, subject_of
from leads.scoring.distance import distance_km, precise_enough, reach


def matching(leads: Iterable[Lead], query: LeadQuery) -> set[str]:
    """Ids of the leads that satisfy the query."""
    return {lead.id for lead in leads if matches(lead, query)}


def matches(lead: Lead, query: LeadQuery) -> bool:
    post, tags = lead.post, lead.tags
    present = {symptom.code for symptom in tags.symptoms if symptom.present}
    return (
        holds(query.words, subject_of(lead))
        and (not query.symptoms or bool(present & set(query.symptoms)))
        and (not query.specialties or bool(set(tags.specialties) & set(query.specialties)))
        and (not query.intents or tags.intent_label in query.intents)
        and (not query.sources or post.source in query.sources)
        and (not query.statuses or lead.status in query.statuses)
        and (not query.assignees or lead.assignee in query.assignees)
        and lead.need >= query.min_need
        and (query.since is None or post.published_at >= query.since)
        and (query.until is None or post.published_at < query.until)
        and _in_area(lead, query)
        and _is_near(lead, query)
    )


def facets(leads: Iterable[Lead], query: LeadQuery) -> dict[Facet, dict[str, int]]:
    """How the matching leads spread."""
    counted: dict[Facet, Counter[str]] = {name: Counter() for name in FACETS}
    for lead in leads:
        if matches(lead, query):
            for name, values in facet_values(lead).items():
                counted[name].update(values)
    return {name: dict(counter) for name, counter in counted.items()}


def precisions(leads: Iterable[Lead], query: LeadQuery) -> dict[Precision, int]:
    """How the matching leads are near."""
    if query.near is None:
        return {}
    everyone = replace(query, precision="possible")
    found = Counter(_precision(lead, query.near) for lead in leads if matches(lead, everyone))
    return {precision: found[precision] for precision in PRECISIONS}


def _in_area(lead: Lead, query: LeadQuery) -> bool:
    region = lead.tags.region
    return not query.area or (region is not None and query.area in region.chain)


def _is_near(lead: Lead, query: LeadQuery) -> bool:
    if query.near is None:
        return True
    precision = _precision(lead, query.near)
    return precision is not None and precise_enough(precision, query.precision)


def _precision(lead: Lead, near: Near) -> Precision | None:
    region = lead.tags.region
    if region is None:
        return None
    return reach(region, near, distance_km(near.lat, near.lon, region.lat, region.lon))


def daily(leads: Iterable[Lead], asked: Daily) -> dict[tuple[str, ...], int]:
    """Daily counts, lead by lead."""
    counted: Counter[tuple[str, ...]] = Counter()
    for lead in leads:
        facts = facts_of(lead)
        day = date.fromisoformat(facts.day)
        if (
            (asked.since is None or day >= asked.since)
            and (asked.until is None or day < asked.until)
            and (not asked.cities or facts.city in asked.cities)
            and (not asked.sources or facts.source in asked.sources)
        ):
            for code in _codes(lead, asked):
                counted[tuple(code if name == asked.per else getattr(facts, name) for name in asked.by)] += 1
    return dict(counted)


def _codes(lead: Lead, asked: Daily) -> Iterable[str]:
    if asked.per == "lead":
        return [""]
    wanted = asked.symptoms or asked.specialties
    return [code for code in facet_values(lead)[asked.per] if not wanted or code in wanted]
