"""The funnel: how many of the leads somebody worked on got how far, and how long each step took. Pure.

A stage counts as reached when the case stands there or further on; a step taken back does not count, and a
dismissed case keeps what it had reached. Medians are those of the cases of which both times are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from leads.records.journeys import WorkedCase

# In their order; "found" is every case. The status of a case that stands at a stage, or beyond it.
STAGES = ("found", "seen", "replied", "talking", "booked", "visited", "shared")
_RANKS = {"new": 0} | {stage: rank for rank, stage in enumerate(STAGES) if rank}
BY = ("source", "rule", "person")
NONE = ""  # the name of a group of what has no source, rule or person


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One lead's way. `moments`: stage → when it was reached, as far as it was; "posted" too, where known."""

    lead_id: str
    source: str
    rules: tuple[str, ...]
    person: str  # a login; "" for nobody
    moments: Mapping[str, datetime | None]

    def reached(self, stage: str) -> bool:
        """Whether it got there."""
        return stage in self.moments


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStage:
    """How many got here; which part of those of the stage before (None: nobody was there), and the median of
    the hours it took from there (None: of nobody are both times known)."""

    stage: str
    count: int
    rate: float | None
    hours: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelGroup:
    """The same of one source, rule or person."""

    name: str
    stages: tuple[FunnelStage, ...]


def journey(worked: WorkedCase, found_at: datetime | None) -> Journey:
    """A case's way; `found_at` is when its post was read (None: not known any more)."""
    case = worked.case
    moments: dict[str, datetime | None] = {"posted": worked.posted, "found": found_at}
    for step in worked.steps:
        rank = _RANKS.get(step.after)
        if rank is None:  # dismissed: it stays how far it was
            continue
        for stage in STAGES[1 : rank + 1]:
            moments.setdefault(stage, step.at)
        for stage in STAGES[rank + 1 :]:
            moments.pop(stage, None)
    source = case.lead_id.partition("/")[0]
    return Journey(
        lead_id=case.lead_id, source=source, rules=worked.rules, person=case.assignee, moments=moments
    )


def funnel(journeys: Sequence[Journey]) -> tuple[FunnelStage, ...]:
    """Stage by stage, in their order."""
    found = []
    before, count_before = "posted", 0
    for stage in STAGES:
        count = sum(each.reached(stage) for each in journeys)
        rate = count / count_before if count_before else None
        found.append(FunnelStage(stage=stage, count=count, rate=rate, hours=_hours(journeys, before, stage)))
        before, count_before = stage, count
    return tuple(found)


def groups(journeys: Sequence[Journey], by: str) -> tuple[FunnelGroup, ...]:
    """The funnels of each source, rule or person (`BY`), largest first; a case of two rules is in both."""
    names = _NAMES[by]
    known = sorted({name for each in journeys for name in names(each)})
    made = [
        FunnelGroup(name=name, stages=funnel([each for each in journeys if name in names(each)]))
        for name in known
    ]
    return tuple(sorted(made, key=lambda group: (-group.stages[0].count, group.name)))


def chosen(journeys: Iterable[Journey], *, stage: str = "", by: str = "", name: str = "") -> list[Journey]:
    """The very cases that a figure counts."""
    return [
        each
        for each in journeys
        if (not stage or each.reached(stage)) and (by not in BY or name in _NAMES[by](each))
    ]


def _hours(journeys: Iterable[Journey], before: str, stage: str) -> float | None:
    spans = []
    for each in journeys:
        start, end = each.moments.get(before), each.moments.get(stage)
        if start is not None and end is not None:
            spans.append(max(end - start, timedelta()) / timedelta(hours=1))
    return median(spans) if spans else None


_NAMES: Mapping[str, Callable[[Journey], tuple[str, ...]]] = {
    "source": lambda each: (each.source,),
    "rule": lambda each: each.rules or (NONE,),
    "person": lambda each: (each.person,),
}
