"""How many searchable leads a day, by place, symptom, source and the like: what insights are made of. Pure.

The embedded index keeps these numbers in a table of its own, in the transaction of each write; a cluster adds
them up by aggregation. Both count what `leads.index.spread.facts_of` says, so both equal a recount any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

Dimension = Literal["day", "city", "district", "symptom", "specialty", "source", "stage", "answered"]
Counts: TypeAlias = Mapping[tuple[str, ...], int]  # values of the dimensions asked for → leads; none is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """A question: leads by these dimensions. Fields left empty do not restrict; days are those of Beijing.

    A lead with several symptoms (or specialties) counts for each of them as soon as they are asked for, and
    one without any for none. Symptoms and specialties are not asked for together.
    """

    by: tuple[Dimension, ...]
    since: date | None = None  # the first day
    until: date | None = None  # the day after the last
    cities: tuple[str, ...] = ()  # adcodes
    symptoms: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self._asks("symptom", self.symptoms) and self._asks("specialty", self.specialties):
            raise ValueError("symptoms and specialties together would count a lead for each pair")

    def _asks(self, dimension: Dimension, values: tuple[str, ...]) -> bool:
        return dimension in self.by or bool(values)

    @property
    def per(self) -> Literal["lead", "symptom", "specialty"]:
        """What a lead counts once for."""
        if self._asks("symptom", self.symptoms):
            return "symptom"
        return "specialty" if self._asks("specialty", self.specialties) else "lead"
