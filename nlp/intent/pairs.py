"""Pairs of neighbouring characters of many texts at once, as columns of the model. numpy instead of dicts.

A post has about 80 pairs; making and looking up each in Python took a sixth of all tagging. An
open-addressing table probed with whole arrays takes half of that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.intent.features import Doc, own_words

Ints = NDArray[np.int64]

_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_BITS = 21  # of a code point
_EMPTY = np.uint64(2**64 - 1)
# Odd 64-bit constant of the splitmix64 generator (Steele et al. 2014): spreads keys over the table.
_MIX = np.uint64(0x9E3779B97F4A7C15)


def plain(doc: Doc) -> str:
    """The writer's own words without blanks, each number as one 0."""
    return _DIGITS.sub("0", "".join(own_words(doc).split()))


def pair_keys(texts: Sequence[str]) -> tuple[NDArray[np.uint64], Ints]:
    """Keys of all pairs, text after text, and how many each text has."""
    joined = "".join(texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    keys = (points[:-1] << np.uint64(_BITS)) | points[1:]
    # A pair that begins with a text's last character reaches into the next text.
    inside = np.ones(max(0, len(points) - 1), dtype=bool)
    ends = np.cumsum(lengths) - 1
    inside[ends[(ends >= 0) & (ends < len(inside))]] = False
    return keys[inside], np.maximum(lengths - 1, 0)


def pair_text(key: int) -> str:
    """The two characters of a key."""
    return chr(key >> _BITS) + chr(key & ((1 << _BITS) - 1))


class PairTable:
    """Key → column, for arrays of keys."""

    def __init__(self, pairs: Sequence[str], first_column: int) -> None:
        self._shift = np.uint64(64 - max(4, (4 * len(pairs)).bit_length()))
        size = 1 << (64 - int(self._shift))
        self._keys = np.full(size, _EMPTY, dtype=np.uint64)
        self._columns = np.zeros(size, dtype=np.int32)
        self._mask = np.int64(size - 1)
        keys, _ = pair_keys(pairs)
        self._steps = self._fill(keys, np.arange(len(keys), dtype=np.int32) + np.int32(first_column))

    def _slots(self, keys: NDArray[np.uint64]) -> Ints:
        return ((keys * _MIX) >> self._shift).astype(np.int64)

    def _fill(self, keys: NDArray[np.uint64], columns: NDArray[np.int32]) -> int:
        """Puts all keys in; how many slots the farthest is looked for in. All at once, because one after the
        other took a third of the time that a process needs to begin tagging."""
        slots, steps = self._slots(keys), 0
        while len(keys):
            steps += 1
            free = np.flatnonzero(self._keys[slots] == _EMPTY)
            _, first = np.unique(slots[free], return_index=True)
            put = free[first]  # one key a free slot
            self._keys[slots[put]], self._columns[slots[put]] = keys[put], columns[put]
            left = np.ones(len(keys), dtype=bool)
            left[put] = False
            keys, columns, slots = keys[left], columns[left], (slots[left] + 1) & self._mask
        return steps

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The column of each key, -1 where there is none."""
        slots = self._slots(keys)
        found = np.where(self._keys[slots] == keys, self._columns[slots], np.int32(-1))
        open_ = np.flatnonzero((found < 0) & (self._keys[slots] != _EMPTY))
        for _ in range(1, self._steps):
            if not len(open_):
                break
            slots[open_] = (slots[open_] + 1) & self._mask
            here = self._keys[slots[open_]]
            hit = here == keys[open_]
            found[open_[hit]] = self._columns[slots[open_[hit]]]
            open_ = open_[~hit & (here != _EMPTY)]
        return found
