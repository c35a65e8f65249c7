"""How likely counts so low, or so high, are: the tails of the Poisson and the negative binomial distribution.

As scipy.stats has them (a test compares), by the functions of scipy.special that it uses itself: loading all
of scipy.stats takes 35 MB and is a part of the start of every server.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def poisson_at_most(count: Floats, mean: Floats) -> Floats:
    """P(X ≤ count); `count` (any shape) is rounded down, `mean` > 0."""
    return _at_least_none(special.pdtr(np.maximum(np.floor(count), 0), mean), count, below=0.0)


def poisson_more_than(count: Floats, mean: Floats) -> Floats:
    """P(X > count)."""
    return _at_least_none(special.pdtrc(np.maximum(np.floor(count), 0), mean), count, below=1.0)


def binomial_at_most(count: Floats, size: Floats, chance: Floats) -> Floats:
    """P(X ≤ count) of a negative binomial with mean size · (1 - chance) / chance."""
    found = special.betainc(size, np.maximum(np.floor(count), 0) + 1, chance)
    return _at_least_none(found, count, below=0.0)


def binomial_more_than(count: Floats, size: Floats, chance: Floats) -> Floats:
    """P(X > count)."""
    found = special.betaincc(size, np.maximum(np.floor(count), 0) + 1, chance)
    return _at_least_none(found, count, below=1.0)


def _at_least_none(found: Floats, count: Floats, *, below: float) -> Floats:
    out: Floats = np.where(np.floor(count) < 0, below, found)
    return out
