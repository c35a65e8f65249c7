"""A chain of hashes: each link is made of the one before it and of what it stands for, so that nothing inside
can be changed, left out, put in or moved without every later link being another.

Who may write everything can make a whole new chain; so its end is kept where the chain is not: sealed with a
key that is not in the records, or on paper.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

START = "0" * 64  # before the first


def link(before: str, content: Mapping[str, object]) -> str:
    """The next link, 64 hexadecimal digits. `content` is what JSON can hold, its keys in any order.

    How links are made never changes: old chains are to be verified for ever.
    """
    return hashlib.sha256(f"{before}\n{canonical(content)}".encode()).hexdigest()


def canonical(content: Mapping[str, object]) -> str:
    """One text for one content, whether it comes from memory or back from a database's JSON."""
    plain = json.loads(json.dumps(content))  # tuples become lists, keys texts
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def first_broken(links: Iterable[tuple[str, Mapping[str, object]]], *, after: str = START) -> int | None:
    """Which link, counted from 0, does not follow from `after` and those before it; None: all do."""
    before = after
    for number, (kept, content) in enumerate(links):
        if kept != link(before, content):
            return number
        before = kept
    return None
