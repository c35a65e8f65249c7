"""Which sources may be compared with their own past, and which days each of them was there. Pure.

A source that is new has no past, and one that is blocked no present: a rise or fall made of these is none of
the town's. Both are left out of every comparison and named beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from leads.insights.topics.tails import Floats, poisson_at_most
from leads.sources.states import TROUBLE, SourceState

LEAST_PAST = 28  # days that a source must have been read before the stretch
SURE = 1e-4  # so improbable is a silence that is called one
MUCH = 5.0  # posts on its middle day from which an empty day means that the source was away


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadySources:
    """The sources of a comparison."""

    steady: tuple[str, ...]
    broken: tuple[str, ...]  # blocked or silent in the stretch
    new: tuple[str, ...]
    exposure: Floats  # for each day, the part of what is usually read that was read


def troubled_of(states: Iterable[SourceState]) -> frozenset[str]:
    """Names of the sources whose latest run could not read them."""
    return frozenset(each.source.name for each in states if each.outcome in TROUBLE)


def standing(
    totals: Mapping[str, Floats], stretch: int, *, troubled: Collection[str] = (), first: Mapping[str, date],
    days: Sequence[date],
) -> SteadySources:  # fmt: skip
    """`totals`: source → posts of each of `days`, the last `stretch` of which are judged.

    `first`: the day of each source's first post there is. `troubled`: those the crawler says it cannot read.
    """
    begin = len(days) - stretch
    new = {name for name in totals if (days[begin] - first.get(name, days[-1])).days < LEAST_PAST}
    broken = {
        name for name in totals if name not in new and (name in troubled or _silent(totals[name], stretch))
    }
    steady = [name for name in totals if name not in new | broken]
    return SteadySources(
        steady=tuple(sorted(steady)),
        broken=tuple(sorted(broken)),
        new=tuple(sorted(new)),
        exposure=_there([totals[name] for name in steady], len(days)),
    )


def _silent(posts: Floats, stretch: int) -> bool:
    """Far fewer posts than it has ever had: no town grows so quiet at once."""
    past, seen = posts[:-stretch], float(posts[-stretch:].sum())
    mean = float(np.median(past)) * stretch if len(past) else 0.0
    spread = max(1.0, float(past.var()) / max(float(past.mean()), 1e-9)) if len(past) else 1.0
    chance = poisson_at_most(np.array(seen / spread), np.array(mean / spread))
    return seen < 0.3 * mean and float(chance) < SURE


def _there(posts: Sequence[Floats], days: int) -> Floats:
    """A source that always has posts and has none on a day was not read on it."""
    usual = [float(np.median(each)) for each in posts]
    whole = sum(usual)
    if not whole:
        return np.ones(days)
    away = [
        np.where((each == 0) & (middle >= MUCH), middle, 0.0)
        for each, middle in zip(posts, usual, strict=True)
    ]
    left: Floats = 1.0 - np.sum(away, axis=0) / whole
    return np.maximum(left, 0.0)
