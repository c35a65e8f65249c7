"""Leads that share the rare words of a post, those that share most first.

A shared word weighs what BM25 calls its inverse document frequency. How often it stands in either post and
how long they are is left out: FTS5 looks every match up for that, at a hundred thousand leads
half of the time of a lead's page, and who asks (`leads.insights.similar`) weighs the texts themselves: its
nDCG@10 is the same to the third digit.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
import orjson

from leads.index.terms import word_term
from nlp.text.dictionary import subwords

RARE_WORDS = 24  # as many of a post's words stand for what it is about
FEWEST_WORDS, MOST_ALIKE = 4, 8_000  # at least so many words; more only while so few posts have one of them
NEWEST = 2_000  # leads of one word that are weighed: where even the rarest stands in more, the newest
COMMON = 1_000  # leads of a word from which on their number is remembered: the more, the longer it takes


class SharedWords:
    """Of one index object. Safe for threads."""

    def __init__(self) -> None:
        self._common: dict[str, int] = {}  # term → leads that have it, as of `_total` leads
        self._total = 0

    def rows(
        self, database: sqlite3.Connection, words: Sequence[str], *, besides: str, total: int, limit: int
    ) -> list[tuple[int, float]]:
        """Rowids of searchable leads with the sums of their weights; `total`: how many leads there are."""
        rare = self._rare(database, words, total, least=2 if besides else 1)
        parts = [_having(database, term) for term in rare]
        found = np.concatenate([np.array([], np.int64), *parts])
        weights = np.repeat([_weight(count, total) for count in rare.values()], list(map(len, parts)))
        rows, inverse = np.unique(found, return_inverse=True)
        scores = np.bincount(inverse, weights, minlength=len(rows))
        order = np.lexsort((-rows, -scores))[: limit + 1].tolist()
        own = database.execute("SELECT rowid FROM leads WHERE id = ?", (besides,)).fetchone()
        best = [(int(rows[at]), float(scores[at])) for at in order]
        return [each for each in best if own is None or each[0] != own[0]][:limit]

    def _rare(
        self, database: sqlite3.Connection, words: Sequence[str], total: int, *, least: int
    ) -> dict[str, int]:
        """The words that fewest leads have, but at least so many: term → leads, the rarest first."""
        terms = {*map(word_term, words), *map(word_term, subwords(tuple(words)))}
        counts = self._counts(database, terms, total)
        kept: dict[str, int] = {}
        posts = 0
        for count, term in sorted((count, term) for term, count in counts.items() if count >= least):
            posts += count
            # Each of these posts is weighed; where even rare words stand in thousands, few words do.
            if len(kept) == RARE_WORDS or (len(kept) >= FEWEST_WORDS and posts > MOST_ALIKE):
                break
            kept[term] = count
        return kept

    def _counts(self, database: sqlite3.Connection, terms: set[str], total: int) -> Mapping[str, int]:
        """Term → leads that have it."""
        if abs(total - self._total) > self._total / 10:
            self._common, self._total = {}, total
        known = {term: self._common[term] for term in terms if term in self._common}
        asked = orjson.dumps(sorted(terms - known.keys())).decode()
        rows = database.execute(
            "SELECT term, doc FROM temp.vocabulary WHERE term IN (SELECT value FROM json_each(?))", (asked,)
        )
        fresh = dict(rows.fetchall())
        self._common |= {term: count for term, count in fresh.items() if count >= COMMON}
        return known | fresh


def _having(database: sqlite3.Connection, term: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rowids of the newest leads that have a word."""
    rows = database.execute(
        "SELECT rowid FROM fts WHERE fts MATCH ? ORDER BY rowid DESC LIMIT ?",
        (f'{{words subwords}} : "{term}"', NEWEST),
    )
    return np.fromiter(chain.from_iterable(rows), np.int64)


def _weight(count: int, total: int) -> float:
    """Inverse document frequency as Lucene's BM25 has it, above 0."""
    return math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5))
