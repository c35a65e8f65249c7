"""Are the posts of late like those before? If not, what the model says of them may no longer hold.

Compared is how sure the model is of its leads: the population stability index of p(seeker) between the last
week and the four before (Siddiqi 2006, Credit Risk Scorecards, where 0.25 and more is a shift to act on).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from leads.index.base import LeadIndex
from leads.models import LeadQuery

WEEK = timedelta(days=7)
BEFORE = timedelta(days=28)
MOST = 2000  # leads of each stretch, the newest
LEAST = 50  # of each, below which a comparison is chance
SHIFTED = 0.25
BORDERS = (0.5, 0.6, 0.7, 0.8, 0.9)  # of p(seeker); leads begin at 0.38


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """`index` is 0 where both stretches are alike; None with too few leads to say."""

    index: float | None
    recent: int  # leads compared
    before: int

    @property
    def shifted(self) -> bool:
        """The leads of the last week are unlike those before."""
        return self.index is not None and self.index >= SHIFTED


def drift(index: LeadIndex, *, now: datetime) -> Drift:
    """The last seven days against the twenty-eight before; raises StorageError."""
    recent, before = _shares(index, now - WEEK, now), _shares(index, now - WEEK - BEFORE, now - WEEK)
    enough = min(len(recent), len(before)) >= LEAST
    return Drift(index=stability(recent, before) if enough else None, recent=len(recent), before=len(before))


def stability(recent: Sequence[float], before: Sequence[float]) -> float:
    """Population stability index: sum of (a - b) ln(a / b) over bins; each bin has half a lead more."""
    bins = len(BORDERS) + 1
    counts = [np.bincount(np.digitize(each, BORDERS), minlength=bins) for each in (recent, before)]
    a, b = ((each + 0.5) / (each + 0.5).sum() for each in counts)
    return float(((a - b) * np.log(a / b)).sum())


def _shares(index: LeadIndex, since: datetime, until: datetime) -> list[float]:
    query = LeadQuery(since=since, until=until, sort="newest", limit=MOST)
    return [hit.lead.tags.intent.seeker for hit in index.search(query, now=until).items]
