"""Which of six intents a text has: a linear model over nlp.intent.features, scored without scikit-learn.

Each of the three blocks (words, characters, cues) is weighted by idf and scaled to length one, as
scikit-learn's TfidfVectorizer does with binary counts; probabilities are the softmax of the scores divided
by a temperature fitted on held-out folds (Guo et al. 2017). Training is nlp.intent.train.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.intent.features import Cues, Doc, own_words, word_grams
from nlp.intent.pairs import PairTable, pair_keys, plain
from nlp.models import INTENTS, Intent, IntentLabel
from nlp.text.normal import DATA

MODEL = DATA / "model"
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Feature → column, for the three kinds of features; columns are numbered through."""

    words: dict[str, int]
    pairs: tuple[str, ...]  # of characters; their columns follow the words'
    cues: dict[str, int]

    @classmethod
    def of(cls, words: Sequence[str], pairs: Sequence[str], cues: Sequence[str]) -> Vocabulary:
        """Numbers the features through in this order."""
        first_cue = len(words) + len(pairs)
        return cls(
            words={word: number for number, word in enumerate(words)},
            pairs=tuple(pairs),
            cues={cue: first_cue + number for number, cue in enumerate(cues)},
        )

    def __len__(self) -> int:
        return len(self.words) + len(self.pairs) + len(self.cues)


def _known(vocabulary: dict[str, int], grams: Iterable[str]) -> set[int]:
    columns = set(map(vocabulary.get, grams))
    columns.discard(None)
    return columns  # type: ignore[return-value]  # None was just taken out


class Vectoriser:
    """Docs → sparse rows. The three blocks of a row (words, characters, cues) each have length one."""

    def __init__(self, vocabulary: Vocabulary, idf: Floats, cues: Cues) -> None:
        self.vocabulary, self.idf, self._cues = vocabulary, idf, cues
        self._pairs = PairTable(vocabulary.pairs, first_column=len(vocabulary.words))

    def entries(self, docs: Sequence[Doc]) -> tuple[Ints, NDArray[np.int32], Floats]:
        """The non-zero entries of the rows: row, column and value of each, in no order."""
        sets = [self._words_and_cues(doc) for doc in docs]
        columns = np.fromiter(chain.from_iterable(chain.from_iterable(sets)), dtype=np.int32)
        sizes = np.array([(len(words), len(cues)) for words, cues in sets], dtype=np.int64)
        pairs, pair_sizes = self._pair_columns(docs)
        # Blocks 3n, 3n + 1 and 3n + 2 are the words, cues and pairs of doc n.
        numbers = np.arange(len(docs)) * 3
        owners = np.concatenate(
            (
                np.repeat(np.stack((numbers, numbers + 1), axis=1).ravel(), sizes.ravel()),
                np.repeat(numbers + 2, pair_sizes),
            )
        )
        columns = np.concatenate((columns, pairs))
        weights = self.idf[columns]
        lengths = np.sqrt(np.bincount(owners, weights=weights * weights, minlength=3 * len(docs)))
        return owners // 3, columns, (weights / lengths[owners]).astype(np.float32)

    def _words_and_cues(self, doc: Doc) -> tuple[set[int], set[int]]:
        own = own_words(doc)
        return (
            _known(self.vocabulary.words, word_grams(doc)),
            _known(self.vocabulary.cues, self._cues.find(doc, own)),
        )

    def _pair_columns(self, docs: Sequence[Doc]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Columns of the known pairs of all docs, each once a doc, and how many each doc has."""
        keys, sizes = pair_keys([plain(doc) for doc in docs])
        columns = self._pairs.find(keys)
        owners = np.repeat(np.arange(len(docs)), sizes)[columns >= 0]
        once = np.unique(owners * len(self.vocabulary) + columns[columns >= 0])
        owners, columns = np.divmod(once, len(self.vocabulary))
        return columns.astype(np.int32), np.bincount(owners, minlength=len(docs))


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
        vocabulary = Vocabulary.of(about["words"], about["pairs"], about["cues"])
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
            "pairs": list(vocabulary.pairs),
            "cues": list(vocabulary.cues),
        }
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        (folder / "intent.json").write_text(text + "\n", encoding="utf-8")

    def probabilities(self, docs: Sequence[Doc]) -> Floats:
        """(len(docs), 6) in the order of `INTENTS`; rows sum to 1."""
        if not docs:
            return np.zeros((0, len(INTENTS)), dtype=np.float32)
        owners, columns, values = self.vectoriser.entries(docs)
        parts = self.weights[columns] * values[:, None]
        # Summing by row six times beats building a sparse matrix for one product.
        sums = [np.bincount(owners, weights=part, minlength=len(docs)) for part in parts.T]
        return softmax((np.stack(sums, axis=1) + self.bias) / self.temperature)

    def predict(self, docs: Sequence[Doc]) -> list[tuple[Intent, IntentLabel]]:
        """Probabilities and the label: seeker from the threshold on, else the likeliest other."""
        rows = self.probabilities(docs).astype(float)
        others = rows[:, 1:].argmax(axis=1) + 1
        labels = np.where(rows[:, 0] >= self.threshold, 0, others)
        return [
            (Intent(*row), INTENTS[label]) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)
        ]


def trained_at(folder: Path = MODEL) -> datetime | None:
    """When the model in this folder was made, to the day for the shipped one; None where nothing says so."""
    try:
        with (folder / "intent.json").open(encoding="utf-8") as file:
            found = re.search(r'"trained":"([^"]+)"', file.read(200))  # it stands before the vocabulary
        at = datetime.fromisoformat(found[1]) if found else None
    except (OSError, ValueError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


def softmax(scores: NDArray[np.floating[Any]]) -> Floats:
    """Row by row, safe for large scores."""
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True), dtype=np.float32)
