"""没人回答的需求: where people of a city asked for something and nobody answered.

A need in a district stands out by how many more than usual of its posts stayed without an answer, beside what
the rest of the city gets for all needs: so neither the largest district nor the commonest need is first by
itself.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from leads.index.base import LeadIndex
from leads.index.daily import Counts, Daily
from leads.insights.few import LEAST
from leads.insights.topics.topics import SPAN_DAYS, Span, days_of
from nlp.symptoms import lexicon

SURE = 1.0  # standard deviations above the city's own share from which a need is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A need in a district: how many leads asked, how many nobody answered, and the city's usual part."""

    district: str  # adcode
    symptom: str
    name: str
    unanswered: int  # at least `LEAST`
    asked: int  # of those of which it is known; as many as `unanswered`, or at least `LEAST` more
    usual: float  # part of all posts of the city that stay without an answer, 0..1
    strength: float  # standard deviations above it

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "district": self.district,
            "symptom": self.symptom,
            "name": self.name,
            "unanswered": self.unanswered,
            "asked": self.asked,
            "usual": round(self.usual, 3),
        }


def stretch(span: Span, now: datetime) -> tuple[date, date]:
    """First day and the day after the last of a span: posts of today have had no day to be answered yet."""
    _, today = days_of(span, now)
    return today - timedelta(days=SPAN_DAYS[span]), today


def find(
    index: LeadIndex, city: str, span: Span, *, now: datetime, specialties: Collection[str] = ()
) -> tuple[Need, ...]:
    """The needs of a city (adcode; "" for everywhere) that stay without an answer, the most striking first.

    Raises:
        StorageError: the index cannot be read.
    """
    since, until = stretch(span, now)
    asked = Daily(
        by=("district", "symptom", "answered"), cities=(city,) if city else (), since=since, until=until
    )
    return of_counts(index.daily(asked), specialties=specialties)


def of_counts(counts: Counts, *, specialties: Collection[str] = ()) -> tuple[Need, ...]:
    """The same of counts by (district, symptom, answered). Pure."""
    concepts = lexicon.load().concepts
    cells: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for (district, symptom, known), count in counts.items():
        if known and district:
            cells[(district, symptom)][known == "no"] += count
    answered_all, waiting_all = (sum(cell[side] for cell in cells.values()) for side in (0, 1))
    usual = (waiting_all + 1) / (answered_all + waiting_all + 2)
    found = []
    for (district, symptom), (answered, waiting) in cells.items():
        if symptom not in concepts or (specialties and concepts[symptom].specialty not in specialties):
            continue
        asked = answered + waiting
        strength = (waiting - asked * usual) / math.sqrt(max(asked * usual * (1 - usual), 1e-9))
        if waiting >= LEAST and strength >= SURE:
            found.append(
                Need(
                    district=district,
                    symptom=symptom,
                    name=concepts[symptom].name,
                    unanswered=waiting,
                    # Fewer than five that were answered are not told apart.
                    asked=asked if answered >= LEAST else waiting,
                    usual=usual,
                    strength=strength,
                )
            )
    return tuple(sorted(found, key=lambda need: (-need.strength, need.district, need.symptom)))
