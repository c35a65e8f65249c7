"""How often a second reader is right where the model was in doubt, by what people said. Pure.

It may decide only when that is sure: enough judgements, and the lower end of what its share may be (Wilson
score interval, 95 %) above the share the model alone gets right on the same posts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt

LEAST = 100  # judgements without which nothing is decided
Z = 1.96  # of a 95 % interval
CONTROL = 10  # one lead in so many is neither shown nor decided, so that measuring can go on


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTwice:
    """Whether the model, the second reader and a person take a doubtful post for a lead."""

    own: bool
    second: bool
    meant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of `judged` posts the model alone had `own` right, the second reader `second`."""

    judged: int = 0
    own: int = 0
    second: int = 0
    denied: int = 0  # posts the second reader took for no lead
    missed: int = 0  # … that were one

    @property
    def at_least(self) -> float:
        """The share the second reader has right, at the lower end of its interval; 0 without judgements."""
        return wilson(self.second, self.judged)

    @property
    def decides(self) -> bool:
        """It may put leads down."""
        return self.judged >= LEAST and self.at_least > self.own / self.judged

    @property
    def real_though_denied(self) -> float:
        """The share of real leads among those it denies (Laplace's rule: a half without any)."""
        return (self.missed + 1) / (self.denied + 2)


def agreement(read: Iterable[ReadTwice]) -> Agreement:
    """Count."""
    found = list(read)
    denied = [each for each in found if not each.second]
    return Agreement(
        judged=len(found),
        own=sum(each.own == each.meant for each in found),
        second=sum(each.second == each.meant for each in found),
        denied=len(denied),
        missed=sum(each.meant for each in denied),
    )


def wilson(right: int, of: int) -> float:
    """Lower end of the Wilson score interval of a share; E. B. Wilson, JASA 22 (1927), 209."""
    if not of:
        return 0.0
    share, square = right / of, Z * Z
    middle = share + square / (2 * of)
    spread = Z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + square / of))


def is_control(key: str) -> bool:
    """Whether the post of this question is kept apart; the same on every machine."""
    digest = blake2b(key.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % CONTROL == 0
