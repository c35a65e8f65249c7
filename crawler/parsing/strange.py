"""What parsers meet and do not understand, counted by whoever listens: a new shape of page shows before posts
are lost by it.

As with warnings, a parser only tells (`note`, `note_names`), and its result is the same whether anybody
listens or not. What is known stands as data beside each parser; a name is a class, an attribute, an element
or a key, never what people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST = 100  # names kept of one page: what is all new is told by its first hundred
_LONGEST = 40
_DIGITS = re.compile(r"\d+")

_listening: ContextVar[set[str] | None] = ContextVar("strange", default=None)


@contextmanager
def listened() -> Iterator[set[str]]:
    """The names noted inside of the block, each once."""
    heard: set[str] = set()
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


def wanted() -> bool:
    """Whether anybody listens: else there is nothing to look for."""
    return _listening.get() is not None


def note(where: str, name: str) -> None:
    """`name` stands in the part of the page called `where` and is not understood; its numbers count as
    one."""
    heard = _listening.get()
    if heard is not None and len(heard) < MOST:
        heard.add(f"{where} {_DIGITS.sub('#', name)[:_LONGEST]}")


def note_names(where: str, names: Iterable[str], known: Collection[str]) -> None:
    """Notes each of `names` (class attributes hold several, parted by blanks) that is not known; a number
    stands as "#"."""
    for attribute in set(names):
        if attribute not in known:
            for name in attribute.split():
                if _DIGITS.sub("#", name) not in known:
                    note(where, name)


def names(text: str) -> frozenset[str]:
    """A list of known names, parted by blanks."""
    return frozenset(text.split())
