"""Which index this is, and how far crawls have come in it: what cursors are held against. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Stamp:
    """`marks` counts the pages that crawls have stored; None where the index cannot count them."""

    id: str
    marks: int | None = 0

    @classmethod
    def new(cls) -> Self:
        return cls(uuid4().hex)

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` made."""
        name, _, marks = text.partition(":")
        return cls(name, int(marks) if marks else None)

    def __str__(self) -> str:
        return self.id if self.marks is None else f"{self.id}:{self.marks}"

    def holds(self, known: Stamp) -> bool:
        """Whether this is the index that once said `known`, and no older copy of it."""
        if self.id != known.id:
            return False
        return self.marks is None or known.marks is None or self.marks >= known.marks


@dataclass(frozen=True, slots=True)
class Changes:
    """How far the searchable leads have come; equal ones, asked of one index object, hold the same leads.

    `written` counts changes, `removed` differs as soon as a lead is searchable no more: erased, expired, or
    folded under another.
    """

    written: int
    removed: int
