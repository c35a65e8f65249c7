"""Which of six intents a text has: a linear model over nlp.features, scored without scikit-learn.

Each of the three blocks (words, characters, cues) is weighted by idf and scaled to length one, as
scikit-learn's TfidfVectorizer does with binary counts; probabilities are the softmax of the scores divided
by a temperature fitted on held-out folds (Guo et al. 2017). Training is nlp.train.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from nlp.features import Cues, Doc, char_grams, own_words, word_grams
from nlp.models import INTENTS, Intent, IntentLabel
from nlp.text import DATA

MODEL = DATA / "model"
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Feature → column, for the three kinds of features; columns are numbered through."""

    words: dict[str, int]
    chars: dict[str, int]
    cues: dict[str, int]

    def __len__(self) -> int:
        return len(self.words) + len(self.chars) + len(self.cues)


def _known(vocabulary: dict[str, int], grams: Iterable[str]) -> set[int]:
    columns = set(map(vocabulary.get, grams))
    columns.discard(None)
    return columns  # type: ignore[return-value]  # None was just taken out


class Vectoriser:
    """Docs → sparse rows. The three blocks of a row each have length one."""

    def __init__(self, vocabulary: Vocabulary, idf: Floats, cues: Cues) -> None:
        self.vocabulary, self.idf, self._cues = vocabulary, idf, cues

    def rows(self, docs: Sequence[Doc]) -> csr_matrix:
        """float32 matrix (len(docs), len(vocabulary))."""
        known, sizes = self._columns(docs)
        columns = np.fromiter(chain.from_iterable(known), dtype=np.int32, count=sum(sizes))
        blocks = np.array(sizes, dtype=np.int64)
        values = self.idf[columns]
        owners = np.repeat(np.arange(len(sizes)), blocks)
        lengths = np.sqrt(np.bincount(owners, weights=values * values, minlength=len(sizes)))
        values = (values / lengths[owners]).astype(np.float32)
        indptr = np.concatenate(([0], np.cumsum(blocks.reshape(-1, 3).sum(axis=1))))
        return csr_matrix((values, columns, indptr), shape=(len(docs), len(self.vocabulary)))

    def _columns(self, docs: Sequence[Doc]) -> tuple[list[set[int]], list[int]]:
        """For each doc three sets of columns (words, characters, cues), and their sizes."""
        words, chars, cues = self.vocabulary.words, self.vocabulary.chars, self.vocabulary.cues
        known: list[set[int]] = []
        for doc in docs:
            own = own_words(doc)
            known.append(_known(words, word_grams(doc)))
            known.append(_known(chars, char_grams(own)))
            known.append(_known(cues, self._cues.find(doc, own)))
        return known, list(map(len, known))


@dataclass(frozen=True, slots=True)
class IntentModel:
    """A trained model: `weights` (columns, 6), `bias` (6), both float32."""

    vectoriser: Vectoriser
    weights: Floats
    bias: Floats
    temperature: float
    threshold: float  # p(seeker) from which a text is labelled seeker

    @classmethod
    def load(cls, folder: Path = MODEL) -> IntentModel:
        """The shipped model, or another folder's.

        Raises:
            FileNotFoundError: no model there; `tingzhen train` makes one.
        """
        about = json.loads((folder / "intent.json").read_text(encoding="utf-8"))
        with np.load(folder / "intent.npz", allow_pickle=False) as arrays:
            weights, bias, idf = arrays["weights"], arrays["bias"], arrays["idf"]
        numbers = iter(range(len(idf)))
        vocabulary = Vocabulary(
            words={word: next(numbers) for word in about["words"]},
            chars={gram: next(numbers) for gram in about["chars"]},
            cues={cue: next(numbers) for cue in about["cues"]},
        )
        vectoriser = Vectoriser(vocabulary, idf, Cues.load())
        return cls(vectoriser, weights, bias, about["temperature"], about["threshold"])

    def save(self, folder: Path, about: dict[str, object]) -> None:
        """Writes intent.npz and intent.json; `about` is kept beside the vocabulary (date, scores …)."""
        folder.mkdir(parents=True, exist_ok=True)
        vocabulary = self.vectoriser.vocabulary
        np.savez_compressed(
            folder / "intent.npz", weights=self.weights, bias=self.bias, idf=self.vectoriser.idf
        )
        record = {
            **about,
            "temperature": self.temperature,
            "threshold": self.threshold,
            "words": list(vocabulary.words),
            "chars": list(vocabulary.chars),
            "cues": list(vocabulary.cues),
        }
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        (folder / "intent.json").write_text(text + "\n", encoding="utf-8")

    def probabilities(self, docs: Sequence[Doc]) -> Floats:
        """(len(docs), 6) in the order of `INTENTS`; rows sum to 1."""
        if not docs:
            return np.zeros((0, len(INTENTS)), dtype=np.float32)
        scores = (self.vectoriser.rows(docs) @ self.weights + self.bias) / self.temperature
        return softmax(scores)

    def predict(self, docs: Sequence[Doc]) -> list[tuple[Intent, IntentLabel]]:
        """Probabilities and the label: seeker from the threshold on, else the likeliest other."""
        rows = self.probabilities(docs).astype(float)
        others = rows[:, 1:].argmax(axis=1) + 1
        labels = np.where(rows[:, 0] >= self.threshold, 0, others)
        return [
            (Intent(*row), INTENTS[label]) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)
        ]


def softmax(scores: Floats) -> Floats:
    """Row by row, safe for large scores."""
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True), dtype=np.float32)
