"""Makes tone.npz, the model of nlp.tone, of tone.tsv: `python -m nlp.data.build_tone`.

As neutral ones count, besides, posts of the corpus in which nlp.sentiment finds nothing: without them every
second ordinary post would be a complaint.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nlp.intent.corpus import load
from nlp.sentiment import by_cues
from nlp.text.normal import DATA
from nlp.tone import MODEL, TONES, grams

NEUTRAL = 1200  # posts of the corpus; with 400 a tenth of ordinary posts would be complaints
SHORT = 60  # characters
KEPT = 20_000  # runs of the greatest weight
C = 100.0


def examples() -> list[tuple[str, str]]:
    """(tone, text) of tone.tsv, then of the corpus, always the same posts."""
    lines = (DATA / "tone.tsv").read_text(encoding="utf-8").splitlines()
    own = [(tone, text) for tone, _, text in (line.partition("\t") for line in lines)]
    plain = (each.text for each in load() if each.intent in ("seeker", "other", "news_science"))
    short = sorted({text for text in plain if len(text) <= SHORT}, key=_digest)[: 4 * NEUTRAL]
    neutral = [text for text in short if by_cues(text).polarity == "neutral"]
    return own + [("neutral", text) for text in neutral[:NEUTRAL]]


def build() -> None:
    """Train and write."""
    found = examples()
    rows = [grams(text) for _, text in found]
    names = sorted(set().union(*rows))
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=300)
    model.fit(_matrix(rows, names), [TONES.index(tone) for tone, _ in found])
    weights = model.coef_.T
    best = np.sort(np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:KEPT])
    np.savez_compressed(
        MODEL,
        grams=np.array([names[row] for row in best]),
        weights=weights[best].astype(np.float16),
        bias=model.intercept_.astype(np.float32),
    )


def _matrix(rows: Sequence[frozenset[str]], names: Sequence[str]) -> csr_matrix:
    """A row for each text, of length one."""
    column = {name: number for number, name in enumerate(names)}
    known = [sorted(column[gram] for gram in row) for row in rows]
    values = [1 / np.sqrt(len(row)) for row in known for _ in row]
    ends = np.cumsum([0, *map(len, known)])
    return csr_matrix((values, [each for row in known for each in row], ends), shape=(len(rows), len(names)))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()


if __name__ == "__main__":
    build()
