"""Slow paths, found by how costs grow: no limit in seconds, which would depend on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TIMES = 4  # as much text; linear work costs 4 times as much, quadratic work 16 times
LIMIT = 8.0  # half way between the two
SHORT = 5_000  # characters
TRIES = 7


def growth(prepare: Callable[[str], T], work: Callable[[T], object], unit: str) -> float:
    """What `TIMES` as much of `unit` over and over costs, in costs of `SHORT` characters of it.

    This thread's own processor time, the least of each; tried again only while it seems too much, because
    what other processes do makes single tries dearer.
    """
    texts = [prepare((unit * length)[:length]) for length in (SHORT, TIMES * SHORT)]
    least = [float("inf")] * 2
    for _ in range(TRIES):
        for number, text in enumerate(texts):
            began = time.thread_time()
            work(text)
            least[number] = min(least[number], time.thread_time() - began)
        # Below a millisecond the clock and the call itself are what is measured.
        found = least[1] / max(least[0], 0.001)
        if found < LIMIT:
            break
    return found
