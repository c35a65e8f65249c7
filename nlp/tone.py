"""How a short mention speaks where it has none of the words that nlp.sentiment knows ("把我上颌打通了").

A linear model over runs of one to three characters, scored without scikit-learn; `nlp/data/build_tone.py`
trains it on `nlp/data/tone.tsv`. It guesses, so it is asked last, and is graver than a complaint only when it
is fairly sure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nlp.text.normal import DATA, normalise

Tone = Literal["neutral", "praise", "slight", "grave", "injury", "dispute", "media"]
TONES: tuple[Tone, ...] = get_args(Tone)
MODEL = DATA / "tone.npz"
LONGEST = (
    200  # characters; longer texts say what they mean in some word that is known, or are about much else
)
SURE = 0.6  # least probability of harm, law and media: a wrong one wakes somebody at night
_NO_WORD = re.compile(r"\W+")


def grams(text: str) -> frozenset[str]:
    """Runs of one to three characters, signs and spaces alike."""
    plain = _NO_WORD.sub(" ", normalise(text))
    return frozenset(plain[at : at + size] for size in (1, 2, 3) for at in range(len(plain) - size + 1))


@dataclass(frozen=True, slots=True)
class ToneModel:
    """`weights` has a row for each known run and a column for each tone, `bias` a number for each tone."""

    rows: dict[str, int]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    @cache
    def load(cls, path: Path = MODEL) -> ToneModel:
        """The shipped model."""
        with np.load(path, allow_pickle=False) as file:
            rows = {gram: row for row, gram in enumerate(file["grams"].tolist())}
            return cls(rows, file["weights"].astype(np.float32), file["bias"].astype(np.float32))

    def tone(self, text: str) -> Tone:
        """The likeliest; "neutral" for a text that is long or has no known run."""
        known = [self.rows[gram] for gram in grams(text[: LONGEST + 1]) if gram in self.rows]
        if len(text) > LONGEST or not known:
            return "neutral"
        scores = self.weights[sorted(known)].sum(axis=0) / np.sqrt(len(known)) + self.bias
        chances = np.exp(scores - scores.max())
        best = int(chances.argmax())
        found = TONES[best]
        if found in ("injury", "dispute", "media") and chances[best] < SURE * chances.sum():
            return "grave"
        return found
