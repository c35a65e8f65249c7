"""Which posts to ask a person about: those the model doubts most, and no two alike. Pure.

A judgement teaches most where the model wavers (uncertainty sampling, Lewis and Gale 1994), but the posts it
wavers about come in families: ten of one kind teach as much as two. So posts are taken one after the other,
each by doubt x distance to what is known or was taken already (as in Xu, Akella and Zhang 2007,
Incorporating Diversity and Density in Active Learning for Relevance Feedback).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

Floats = NDArray[np.float64]
EDGE = 1e-6  # a probability is never taken for certain


def doubt(seeker: NDArray[np.floating[Any]], threshold: float) -> Floats:
    """How near each p(seeker) is to the threshold: 1 on it, towards 0 far away, by log odds.

    Doubt is 4q(1 - q), where q is p(seeker) with its odds shifted so that the threshold becomes one half.
    """
    share = np.clip(np.asarray(seeker, dtype=np.float64), EDGE, 1 - EDGE)
    odds = share / (1 - share) * (1 - threshold) / threshold
    found: Floats = 4 * odds / (1 + odds) ** 2
    return found


def choose(rows: csr_matrix, doubts: Floats, count: int, *, known: csr_matrix | None = None) -> list[int]:
    """Numbers of up to `count` rows (n, columns), the best question first.

    `doubts` (n,) weigh the rows; `known` (m, columns) are rows that were asked about before. Of equals the
    first is taken; a row like one taken (or known) to the last feature is not.
    """
    unit = _unit(rows)
    distance = np.ones(unit.shape[0])
    if known is not None and known.shape[0]:
        distance = np.minimum(distance, 1 - (unit @ _unit(known).T).toarray().max(axis=1))
    chosen: list[int] = []
    while len(chosen) < count:
        worth = doubts * distance
        best = int(worth.argmax()) if len(worth) else 0
        if not len(worth) or worth[best] <= EDGE:
            break
        chosen.append(best)
        distance = np.minimum(distance, 1 - (unit @ unit[best].T).toarray().ravel())
        distance[best] = 0.0
    return chosen


def _unit(rows: csr_matrix) -> csr_matrix:
    """Rows of length one; empty ones stay empty, as far from all others as can be."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64)).ravel()
    return csr_matrix(diags(1 / np.where(lengths > 0, lengths, 1.0)) @ rows)
