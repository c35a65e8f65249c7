"""How many leads of a list are real: a range that is meant to hold nine times out of ten. Pure.

The model's p(seeker) holds where seekers are as frequent as in its corpus; a source where one post in thirty
seeks is not such a place. There the odds of every lead are off by one factor (prior shift: Saerens, Latinne
and Decaestecker 2002, Adjusting the Outputs of a Classifier to New a Priori Probabilities), and a source that
is unlike the corpus in other ways has the model less sure than it says: log odds' = trust x log odds + shift.

Instead of the one best shift (what Saerens' EM ends at) every pair of a grid keeps its weight: the prior,
times how well it explains the judgements people made of that source's leads. The count is a sum of coins that
are not alike (Poisson-binomial), mixed over the grid; what lies between its 4 % and 96 % points is the range.
Without judgements it would go from nothing to all, so it is not told before there are ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from leads.models import Lead

Floats = NDArray[np.float64]
TAIL = 0.04  # of each end left out; 0.05 would be nine in ten if the world were as simple as the grid
LEAST = 10  # judgements of a list's sources without which the range would say nearly nothing
MOST = 400  # leads that are counted; the work grows with the square
RECENT = timedelta(days=90)  # judgements older than that say little of today
SPREAD = (
    2.2  # standard deviation of the shift among sources: 3 to 60 % seekers in place of 36, and worse models
)
CENTRE = -1.2  # most places that are read have fewer seekers than the corpus
TRUSTS = {0.25: 0.2, 0.5: 0.25, 0.75: 0.25, 1.0: 0.3}  # prior of how far log odds are believed
EDGE = 0.005  # a share is never taken for certain
NEGLIGIBLE = 1e-4  # of the weight of the heaviest pair: pairs below are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLead:
    """What a person said of a lead whose p(seeker) was `share`."""

    share: float
    real: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Of `leads`, at least `low` and at most `high` are real, nine times out of ten."""

    leads: int
    low: int
    high: int
    judged: int  # judgements of these leads' sources behind it

    @property
    def told(self) -> bool:
        """There are judgements enough to say it."""
        return self.leads > 0 and self.judged >= LEAST

    def __str__(self) -> str:
        """ "这 20 条里，预计 16–19 条是真的", or what it takes to say so; "" for no leads."""
        if not self.leads:
            return ""
        if not self.told:
            return f"再判断 {LEAST - self.judged} 条同来源的线索，这里就会说预计多少条是真的"
        count = str(self.low) if self.low == self.high else f"{self.low}–{self.high}"
        return f"这 {self.leads} 条里，预计 {count} 条是真的"


def shares(leads: Iterable[Lead]) -> dict[str, list[float]]:
    """p(seeker) of the first 400 leads, by source."""
    found: dict[str, list[float]] = {}
    for lead in islice(leads, MOST):
        found.setdefault(lead.post.source, []).append(lead.tags.intent.seeker)
    return found


def expected_of(leads: Iterable[Lead], judged: Mapping[str, Sequence[JudgedLead]]) -> Expected:
    """The range for these leads, the first 400 of them."""
    return expected(shares(leads), judged)


def expected(found: Mapping[str, Sequence[float]], judged: Mapping[str, Sequence[JudgedLead]]) -> Expected:
    """`found` are p(seeker) of the leads of each source, `judged` what was said of others of the same."""
    total = np.ones(1)
    for source, each in found.items():
        total = np.convolve(total, _count(_log_odds(each), judged.get(source, ())))
    below = np.cumsum(total)
    return Expected(
        leads=len(total) - 1,
        low=int(np.searchsorted(below, TAIL)),
        high=min(int(np.searchsorted(below, 1 - TAIL)), len(total) - 1),
        judged=sum(len(judged.get(source, ())) for source in found),
    )


def _count(log_odds: Floats, judged: Sequence[JudgedLead]) -> Floats:
    """Probabilities that 0, 1, … of these leads are real."""
    trusts, shifts, weights = _weighed(judged)
    chances = _sigmoid(trusts[:, None] * log_odds + shifts[:, None])
    counts = np.zeros((len(weights), len(log_odds) + 1))
    counts[:, 0] = 1
    for number in range(len(log_odds)):
        chance = chances[:, number : number + 1]
        known = counts[:, : number + 1].copy()
        counts[:, : number + 1] = known * (1 - chance)
        counts[:, 1 : number + 2] += known * chance
    mixed: Floats = weights @ counts
    return mixed


def _weighed(judged: Sequence[JudgedLead]) -> tuple[Floats, Floats, Floats]:
    """Trust, shift and weight of the pairs worth keeping; weights sum to 1."""
    trusts, shifts, log_weights = _grid()
    if judged:
        signs = np.where([each.real for each in judged], 1.0, -1.0)
        log_odds = _log_odds([each.share for each in judged])
        explained = signs * (trusts[:, None] * log_odds + shifts[:, None])
        log_weights = log_weights - np.logaddexp(0, -explained).sum(axis=1)
    weights = np.exp(log_weights - log_weights.max())
    kept = weights > NEGLIGIBLE
    return trusts[kept], shifts[kept], weights[kept] / weights[kept].sum()


@cache
def _grid() -> tuple[Floats, Floats, Floats]:
    steps = np.arange(-9.0, 6.01, 0.25)
    trusts = np.repeat(list(TRUSTS), len(steps))
    shifts = np.tile(steps, len(TRUSTS))
    prior = np.repeat(np.log(list(TRUSTS.values())), len(steps)) - ((shifts - CENTRE) / SPREAD) ** 2 / 2
    return trusts, shifts, prior


def _log_odds(shares: Sequence[float]) -> Floats:
    kept = np.clip(np.array(shares, dtype=np.float64), EDGE, 1 - EDGE)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def _sigmoid(values: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-values))
    return share
