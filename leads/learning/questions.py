"""Which of the leads to ask about next: mostly where the model wavers, sometimes any. Pure.

What is asked about by doubt is no fair sample: how good the model is shows in those drawn by chance.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from leads.models import Drawn, Lead
from nlp.intent.questions import Floats, choose, doubt

A_DAY = 10
LEAST = 20  # judgements without which nothing can be compared
BY_CHANCE = (4, 8)  # of the ten, counted from 0
THRESHOLD = 0.38  # the shipped model's; a clinic's own has it too


def drawn_by(number: int) -> Drawn:
    """How the question of this number of a day, counted from 0, is drawn."""
    return "chance" if number in BY_CHANCE else "doubt"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Leads to choose questions from, without their words; `rows` and `doubts` in the order of `ids`."""

    ids: tuple[str, ...]
    rows: csr_matrix
    doubts: Floats


def pool_of(leads: Sequence[Lead]) -> Pool:
    """The pool of these leads, in their order."""
    return Pool(
        ids=tuple(lead.id for lead in leads),
        rows=word_rows([lead.tags.tokens for lead in leads]),
        doubts=doubt(np.array([lead.tags.intent.seeker for lead in leads]), THRESHOLD),
    )


def next_id(pool: Pool, settled: Collection[str], *, number: int, seed: str) -> str | None:
    """The lead to ask about as question `number` of a day; None when all are settled.

    Of the pool the settled ones are known, and the question is unlike them. The same `seed` draws the same
    one by chance.
    """
    known = np.array([lead_id in settled for lead_id in pool.ids], bool)
    opened = np.flatnonzero(~known)
    if not len(opened):
        return None
    if drawn_by(number) == "chance":
        drawn: int = random.Random(f"{seed} {number}").choice(opened.tolist())  # noqa: S311 - no secret
        return pool.ids[drawn]
    chosen = choose(pool.rows[opened], pool.doubts[opened], 1, known=pool.rows[np.flatnonzero(known)])
    at = int(opened[chosen[0] if chosen else 0])
    return pool.ids[at]


def word_rows(texts: Sequence[Sequence[str]]) -> csr_matrix:
    """Texts as rows of their words, rare ones heavier: ln(1 + n / df); (len(texts), number of words)."""
    counts = Counter(word for words in texts for word in set(words))
    columns = {word: number for number, word in enumerate(sorted(counts))}
    entries = [(row, columns[word]) for row, words in enumerate(texts) for word in set(words)]
    owners, places = np.array(entries, dtype=np.int64).reshape(-1, 2).T
    weights = np.array([math.log1p(len(texts) / counts[word]) for word in columns], dtype=np.float64)
    return csr_matrix((weights[places], (owners, places)), shape=(len(texts), len(columns)))
