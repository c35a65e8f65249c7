"""Near-duplicates: the same advert, chain post or cross-posted question is one lead. Pure.

A signature is a MinHash of the text's character pairs (rensa, 64 permutations, fixed seed), folded into 16
bands of four: two texts that share a band are candidates, and are near-duplicates when their shingles have a
Jaccard similarity of at least 0.8. The chance that a pair at 0.8 shares a band is 1-(1-0.8^4)^16 = 99.98 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import add

import numpy as np
from rensa import RMinHash

from nlp.text.normal import blank_noise, normalise

SIMILAR = 0.8
SHORT = 12
_PERMUTATIONS, _BANDS, _SEED = 64, 16, 20261122
# Odd 64-bit constant of the splitmix64 generator (Steele et al. 2014): spreads four hashes over one key.
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SKIPPED = re.compile(r"[^\w]+|_+|//")


def shingles(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters, without punctuation, blanks, handles, links and emoji codes."""
    plain = _SKIPPED.sub("", blank_noise(normalise(text)))
    return frozenset(map(add, plain, plain[1:])) if len(plain) > 1 else frozenset((plain,))


def bands(batch: Sequence[frozenset[str]]) -> list[tuple[int, ...]]:
    """For each shingle set 16 signed 64-bit keys; sets that share one are candidates for folding."""
    if not batch:
        return []
    digests = RMinHash.digests_from_token_sets([list(parts) for parts in batch], _PERMUTATIONS, _SEED)
    rows = np.array(digests, dtype=np.uint64).reshape(len(batch), _BANDS, -1)
    with np.errstate(over="ignore"):
        keys = np.arange(1, _BANDS + 1, dtype=np.uint64)[None, :] * _MIX
        for column in range(rows.shape[2]):
            keys = (keys ^ rows[:, :, column]) * _MIX
            keys ^= keys >> np.uint64(29)
    return [tuple(row) for row in keys.view(np.int64).tolist()]


def similar(parts: frozenset[str], others: frozenset[str], *, same_author: bool) -> bool:
    """Jaccard similarity of two shingle sets is at least 0.8.

    Two people may well write the same few words ("智齿发炎怎么办"), so texts of fewer than 12 character
    pairs are near-duplicates only when one person wrote both.
    """
    if not same_author and min(len(parts), len(others)) < SHORT:
        return False
    shared = len(parts & others)
    return shared >= SIMILAR * (len(parts) + len(others) - shared)
