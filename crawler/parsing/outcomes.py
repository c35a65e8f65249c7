"""What can come in place of a page that was asked for."""

from __future__ import annotations

from dataclasses import dataclass


class PageError(ValueError):
    """A page that is neither what was asked for nor a refusal nor a block: the layout has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The site answered "no" to this one page. `gone` when what was asked for does not exist (any more)."""

    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The host wants proof of being human, or has had enough of us: it is left alone, for at least
    `seconds` where it says how long; for just so long where its rule says when it opens again (`exact`)."""

    reason: str
    seconds: float = 0.0
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """Nothing more will come until the operator changes something (a key that expired): this run ends, no
    pause is kept, and the page stays open."""

    reason: str
