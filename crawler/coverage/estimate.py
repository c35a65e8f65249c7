"""How much was read of what there is, from two views of the same things: capture–recapture. Pure.

What the first view (lists) shows is caught and marked; the second (a board's feed, pages read again) catches
once more, and the share of marked ones in it tells the share that was marked at all. It holds where the views
are independent: whether one of them shows a thing says nothing about whether the other does. Where both miss
the same things, the estimate is too high (docs/coverage.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

LEVEL = 0.90  # how often an interval should hold the truth
FEWEST = 10  # things in the second view; fewer say nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Shares are of all there is, 0 to 1; `low` and `high` are the ends of the interval of `LEVEL`."""

    share: float
    low: float
    high: float
    held: int  # things read, by whichever view
    total: float  # things there are, estimated


@dataclass(frozen=True, slots=True, kw_only=True)
class Recaught:
    """Things that the second view showed together (of one day, on one page), and how many of them the first
    had shown."""

    shown: int
    known: int


def recaptured(first: int, second: Sequence[Recaught]) -> Estimate | None:
    """From how many things the first view showed, and what the second did. None where the second is too
    small, or the first empty.

    Total: Chapman (1951), N = (first + 1)(second + 1) / (both + 1) - 1, which is Lincoln–Petersen's
    first × second / both with less bias (Seber, The Estimation of Animal Abundance, 2nd ed. 1982, 3.1). The
    interval is that of the share that the first view caught, turned into totals by N = first / share.
    """
    shown, both = sum(each.shown for each in second), sum(each.known for each in second)
    if shown < FEWEST or not first:
        return None
    held = first + shown - both
    total = max((first + 1) * (shown + 1) / (both + 1) - 1, float(held))
    low, high = _interval(second, among=total)
    return Estimate(
        share=held / total,
        low=min(held * low / first, held / total),
        high=max(min(held * high / first, 1.0), held / total),
        held=held,
        total=total,
    )


def read_again(pages: Sequence[Recaught], held: int) -> Estimate | None:
    """From pages that were read again, of a source of which `held` posts are. None where there is too
    little."""
    shown, known = sum(page.shown for page in pages), sum(page.known for page in pages)
    if shown < FEWEST or not held:
        return None
    share = known / shown
    total = held / share if share else float(held)
    low, high = _interval(pages, among=total)
    return Estimate(share=share, low=low, high=high, held=held, total=total)


def _interval(groups: Sequence[Recaught], *, among: float) -> tuple[float, float]:
    """Both ends for the share of known things in a sample of groups out of `among` things.

    Things of a group are lost together, so they count for less than as many single ones: their number is
    divided by the design effect, the variance between groups of the ratio Σ known / Σ shown over that of
    single things (Cochran, Sampling Techniques, 3rd ed. 1977, 6.4 and 9A.2). What was looked at is certain,
    so a large sample counts for more: its number is divided by 1 - shown / among (the same, 2.6). The
    interval is Wilson's score with continuity correction (Newcombe, Statistics in Medicine 17, 1998, method
    4).
    """
    shown, known = sum(each.shown for each in groups), sum(each.known for each in groups)
    share = known / shown
    rest = max(1 - shown / among, 0.05)
    return _wilson(share, shown / _design_effect(groups, share) / rest, _quantile(len(groups)))


def _quantile(groups: int) -> float:
    """Student's for the variance between so many groups, by its distance from the normal one (Abramowitz and
    Stegun, 26.7.5); of one group nothing is known, and things count as single."""
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    return z if groups < 2 else z + (z**3 + z) / (4 * (groups - 1))


def _design_effect(groups: Sequence[Recaught], share: float) -> float:
    shown = sum(each.shown for each in groups)
    single = share * (1 - share) / shown
    if len(groups) < 2 or not single:
        return 1.0
    spread = sum((each.known - share * each.shown) ** 2 for each in groups)
    between = spread * len(groups) / (len(groups) - 1) / shown**2
    return max(1.0, between / single)


def _wilson(share: float, number: float, z: float) -> tuple[float, float]:
    """Both ends of the interval for a share seen in `number` things."""
    n, p, q = number, share, 1 - share
    below = sqrt(max(z * z - 2 - 1 / n + 4 * p * (n * q + 1), 0.0))
    above = sqrt(max(z * z + 2 - 1 / n + 4 * p * (n * q - 1), 0.0))
    low = (2 * n * p + z * z - 1 - z * below) / (2 * (n + z * z))
    high = (2 * n * p + z * z + 1 + z * above) / (2 * (n + z * z))
    return (max(low, 0.0) if p > 0 else 0.0), (min(high, 1.0) if p < 1 else 1.0)
