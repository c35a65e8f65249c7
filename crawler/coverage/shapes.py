"""Whether pages look unlike those of earlier runs: what parsers did not understand, against how often the
source showed it before. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RARE = 0.001  # by chance alone less often than this
FEWEST = 2  # pages; one may be anything
PAST = 10  # earlier runs that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What a run met and did not understand. `names`: name → pages that held it, of `read` pages."""

    read: int
    names: Mapping[str, int] = field(default_factory=dict)


def jumps(now: Met, before: Sequence[Met]) -> tuple[str, ...]:
    """Names that stand on far more pages than the runs `before` would let expect, most pages first. Nothing
    on a first run: there is nothing to compare with.

    Pages of earlier runs give the usual share p = (n + 0.5) / (N + 1) (Jeffreys' half a page); so many pages
    or more by chance are the upper tail of a Poisson variable of mean p times the pages read now.
    """
    past = sum(each.read for each in before)
    if not past:
        return ()
    told = []
    for name, pages in now.names.items():
        usual = (sum(each.names.get(name, 0) for each in before) + 0.5) / (past + 1)
        if pages >= FEWEST and pages > 2 * usual * now.read and _at_least(pages, usual * now.read) < RARE:
            told.append(name)
    return tuple(sorted(told, key=lambda name: (-now.names[name], name)))


def _at_least(number: int, mean: float) -> float:
    """The probability that a Poisson variable of this mean is `number` or more."""
    below = sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(number))
    return max(0.0, 1.0 - below)
