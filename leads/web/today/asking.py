"""What people around a clinic ask these days, for a glance: counted anew every ten minutes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from leads.index.base import LeadIndex
from leads.index.spread import city_of
from leads.insights.questions.questions import find
from leads.insights.topics.topics import Span
from leads.models import Clinic

FRESH = timedelta(minutes=10)
SHOWN = 3
_SPAN: Span = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOften:
    """A question, how many people asked it in seven days, and where their posts are."""

    title: str
    people: int
    url: str


class QuestionsOfTheWeek:
    """The most asked of each city, as one process last counted them; no words of a post are kept."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, frozenset[str]], tuple[datetime, Sequence[AskedOften]]] = {}
        self._one_counts = threading.Lock()

    def often(
        self, index: LeadIndex, clinic: Clinic | None, *, now: datetime, specialties: frozenset[str]
    ) -> Sequence[AskedOften]:
        """The most asked around this clinic; raises StorageError."""
        if clinic is None:
            return ()
        key = (city_of(clinic.adcode), specialties)
        with self._one_counts:
            at, found = self._known.get(key, (None, ()))
            if at is None or not at <= now < at + FRESH:
                found = _count(index, *key, now)
                self._known[key] = now, found
            return found


def _count(index: LeadIndex, city: str, specialties: frozenset[str], now: datetime) -> Sequence[AskedOften]:
    questions = find(index, now=now, span=_SPAN, city=city, specialties=specialties)
    return tuple(
        AskedOften(
            title=f"{each.symptom_name}：{each.title}",
            people=each.people,
            url="/questions/posts?" + urlencode({"city": city, "span": _SPAN, "key": each.key}),
        )
        for each in questions[:SHOWN]
    )
