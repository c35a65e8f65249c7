"""The counts beside the filters of the lead page: how many leads each choice would leave."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from leads.index.base import Facet, LeadIndex
from leads.models import DownTo, LeadQuery
from leads.query.fields import BY_NAME

SHOWN: tuple[Facet, ...] = ("status", "symptom", "specialty", "intent", "source", "assignee")
# A facet, and the field of a query that filters by it.
FILTERS: Mapping[Facet, str] = {facet: BY_NAME[facet].fills for facet in SHOWN}
AGES = ("1d", "3d", "7d", "30d")
_EVER = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Each filter's counts ignore its own choice, so that one sees what another choice would give."""

    total: int  # of the query itself
    facets: Mapping[Facet, Mapping[str, int]]
    precisions: Mapping[DownTo, int]  # leads found when one goes down that far; {} without a place
    ages: Mapping[str, int]  # of AGES and "": leads found when one goes back that far


def count(index: LeadIndex, query: LeadQuery, *, now: datetime) -> Counts:
    """Everything the page counts; several questions to the index."""
    query = replace(query, cursor="", sort="newest")
    free = [facet for facet, field in FILTERS.items() if not getattr(query, field)]
    facets: dict[Facet, Mapping[str, int]] = dict(index.facets(query, free)) if free else {}
    for facet in FILTERS.keys() - free:
        changes: dict[str, Any] = {FILTERS[facet]: ()}
        facets[facet] = index.facets(replace(query, **changes), (facet,))[facet]
    return Counts(
        total=_total(query, facets),
        facets=facets,
        precisions=_down_to(index, query),
        ages=_back_to(index, query, now),
    )


def _total(query: LeadQuery, facets: Mapping[Facet, Mapping[str, int]]) -> int:
    """Every lead has one status."""
    found = facets["status"]
    return sum(found.get(each, 0) for each in query.statuses) if query.statuses else sum(found.values())


def _down_to(index: LeadIndex, query: LeadQuery) -> Mapping[DownTo, int]:
    if query.near is None:
        return {}
    found = index.precisions(query)
    sure, likely = found["sure"], found["sure"] + found["likely"]
    return {"sure": sure, "likely": likely, "maybe": found["likely"], "possible": likely + found["possible"]}


def _back_to(index: LeadIndex, query: LeadQuery, now: datetime) -> Mapping[str, int]:
    moments = [now - timedelta(days=int(age[:-1])) for age in AGES]
    return dict(zip((*AGES, ""), index.counts_since(query, [*moments, _EVER]), strict=True))


class Remembered:
    """Answers kept for a few seconds: one who turns pages or steps back and forth is not counted for anew."""

    def __init__(self, *, seconds: float = 10.0, most: int = 256) -> None:
        self._seconds, self._most = seconds, most
        self._kept: OrderedDict[Hashable, tuple[float, Counts]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Counts]) -> Counts:
        """What was made for this key not long ago, or else is made now."""
        with self._lock:
            found = self._kept.get(key)
        if found is not None and time.monotonic() - found[0] < self._seconds:
            return found[1]
        made = make()
        with self._lock:
            self._kept[key] = (time.monotonic(), made)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Something was changed here."""
        with self._lock:
            self._kept.clear()
