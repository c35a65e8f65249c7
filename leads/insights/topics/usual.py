"""What is usual for many series of daily counts, and how unusual a stretch is. Pure.

Quasi-Poisson: a series' mean of a day is its rate x the exposure of the day, its variance `dispersion` x the
mean. Earlier bursts are weighed down once, by their Anscombe residuals (as Noufaily et al. 2013 do for
outbreaks, https://doi.org/10.1002/sim.5595); younger days weigh more, so that seasons are followed. A
stretch's count is then compared with a negative binomial of the predicted mean and variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leads.insights.topics.tails import Floats, binomial_at_most, binomial_more_than
from leads.insights.topics.workdays import HOLIDAY, KINDS

HALF_LIFE = 21.0  # days
BURST = 2.58  # residuals above this are earlier bursts: one day in a hundred by chance
PRIOR = 0.5  # posts that a series is given in its past, so that one without any has a rate
POOLED = 20.0  # days that the dispersion of all series together weighs against a series' own
DRIFT = 0.12  # how far a mean may have drifted since: a seventh in the three weeks of a half-life
_MIDDLE_OF_CHI = 0.455  # median of chi squared with one degree of freedom
_PRIOR_OF_KIND = 30.0  # posts that speak for a kind of day being like any other


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """For each series: what was seen in the stretch, what was to be expected, and how unusual that is."""

    seen: Floats
    mean: Floats
    high: Floats  # probability of so many or more
    low: Floats  # of so few or fewer


def exposures(totals: Floats, kinds: Sequence[int], past: int) -> Floats:
    """How much of an average day each day is, by its kind, learnt from the first `past` days' totals."""
    kind = np.asarray(kinds)
    mean = max(float(totals[:past].mean()), 1e-9) if past else 1.0
    factors = np.ones(KINDS)
    for number in range(KINDS):
        days = totals[:past][kind[:past] == number]
        # A day of nothing but reposts must not move its weekday: the middle day, not the mean.
        share = float(np.median(days)) / mean if len(days) else 1.0
        known = mean * len(days)
        factors[number] = (share * known + _PRIOR_OF_KIND) / (known + _PRIOR_OF_KIND)
    if not np.any(kind[:past] == HOLIDAY):
        factors[HOLIDAY] = factors[6]  # no holiday in the past: like a Sunday
    out: Floats = factors[kind]
    return out


def usual(counts: Floats, exposure: Floats, stretch: int) -> Usual:
    """`counts`: series x days, `exposure`: days; the last `stretch` days are judged by those before."""
    past, e = counts[:, :-stretch], exposure[:-stretch]
    ages = np.arange(past.shape[1], 0, -1)
    weights = np.broadcast_to(0.5 ** (ages / HALF_LIFE), past.shape).copy()
    rate = _rate(past, e, weights)
    residuals = _residuals(past, np.maximum(rate[:, None] * e, 1e-9))
    weights = np.where(residuals > BURST, weights / np.maximum(residuals, BURST) ** 2, weights)
    rate = _rate(past, e, weights)
    spread = _dispersion(past, rate, e, weights)
    ahead = float(exposure[-stretch:].sum())
    seen, mean = counts[:, -stretch:].sum(axis=1), rate * ahead
    of_rate = spread * rate * (weights**2 @ e) / np.maximum(weights @ e, 1e-9) ** 2
    variance = spread * mean + of_rate * ahead**2 + (DRIFT * mean) ** 2
    return Usual(seen=seen, mean=mean, **_tails(seen, mean, variance))


def _rate(past: Floats, e: Floats, weights: Floats) -> Floats:
    """Posts a day of exposure 1."""
    rate: Floats = ((weights * past).sum(axis=1) + PRIOR) / np.maximum(weights @ e, 1.0)
    return rate


def _dispersion(past: Floats, rate: Floats, e: Floats, weights: Floats) -> Floats:
    """Variance / mean, at least 1; own days and those of all series together."""
    mean = np.maximum(rate[:, None] * e, 1e-9)
    known = (e > 0) & (mean > 0.05)  # a day on which next to nothing is expected tells nothing
    chi = np.where(known, weights * (past - mean) ** 2 / mean, 0.0).sum(axis=1)
    size = np.where(known, weights, 0.0).sum(axis=1)
    pooled = max(1.0, float(chi.sum()) / max(float(size.sum()), 1e-9))
    out: Floats = np.maximum(1.0, (chi + POOLED * pooled) / (size + POOLED))
    return out


def _residuals(past: Floats, mean: Floats) -> Floats:
    """Anscombe's, by the middle day's scatter: that of all days holds the very bursts that are looked for."""
    spread = np.maximum(1.0, np.median((past - mean) ** 2 / mean, axis=1) / _MIDDLE_OF_CHI)
    out: Floats = 1.5 * (past ** (2 / 3) - mean ** (2 / 3)) / (mean ** (1 / 6) * np.sqrt(spread)[:, None])
    return out


def _tails(seen: Floats, mean: Floats, variance: Floats) -> dict[str, Floats]:
    size = mean**2 / np.maximum(variance - mean, 1e-9 * np.maximum(mean, 1e-9))
    chance = size / (size + mean)
    return {"high": binomial_more_than(seen - 1, size, chance), "low": binomial_at_most(seen, size, chance)}


def q_values(p: Floats) -> Floats:
    """The smallest false discovery rate at which each test is taken (Benjamini and Hochberg 1995)."""
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    out = np.empty(len(p))
    out[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return out
