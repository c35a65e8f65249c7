"""Corpus → intent model. One command (`tingzhen train`), deterministic, under two minutes.

Multinomial logistic regression on nlp.features. Regularisation, temperature and the seeker threshold are
chosen on folds that never split a corpus file, so that a topic is always judged by a model that has not seen
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from nlp.features import Cues, Doc, own_words, word_grams
from nlp.intent import Floats, IntentModel, Vectoriser, Vocabulary, softmax
from nlp.models import INTENTS, IntentLabel
from nlp.pairs import pair_keys, pair_text, plain

SEED = 20261122
FOLDS = 6
STRENGTHS = (8.0, 16.0)  # values of C tried; on more values they were always the best
MIN_WORDS, MIN_PAIRS, MIN_CUES = 2, 2, 3  # a feature must stand in as many posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model, and what its held-out folds said: scores (n, 6) before temperature, in corpus order."""

    model: IntentModel
    held_out: Floats  # probabilities (n, 6)
    strength: float


def count_vocabulary(docs: Sequence[Doc], cues: Cues) -> tuple[Vocabulary, Floats]:
    """Features frequent enough to learn from, and their smoothed idf: ln((1 + n) / (1 + df)) + 1."""
    words, hand = Counter[str](), Counter[str]()
    for doc in docs:
        words.update(set(word_grams(doc)))
        hand.update(cues.find(doc, own_words(doc)))
    pairs = _count_pairs(docs)
    kept = [_frequent(words, MIN_WORDS), _frequent(pairs, MIN_PAIRS), _frequent(hand, MIN_CUES)]
    counts = [
        counter[gram] for counter, grams in zip((words, pairs, hand), kept, strict=True) for gram in grams
    ]
    vocabulary = Vocabulary.of(*kept)
    idf = np.log((1 + len(docs)) / (1 + np.array(counts, dtype=float))) + 1
    return vocabulary, idf.astype(np.float32)


def _frequent(counter: Counter[str], least: int) -> list[str]:
    return sorted(gram for gram, n in counter.items() if n >= least)


def _count_pairs(docs: Sequence[Doc]) -> Counter[str]:
    """In how many docs each pair of characters stands."""
    keys, sizes = pair_keys([plain(doc) for doc in docs])
    kinds, numbers = np.unique(keys, return_inverse=True)
    owners = np.repeat(np.arange(len(docs)), sizes)
    once = np.unique(owners * len(kinds) + numbers) % len(kinds)
    counts = np.bincount(once, minlength=len(kinds))
    return Counter({pair_text(int(kind)): int(n) for kind, n in zip(kinds, counts, strict=True)})


def fit(docs: Sequence[Doc], labels: Sequence[IntentLabel], strength: float) -> IntentModel:
    """A model at temperature 1 and threshold 0.5."""
    cues = Cues.load()
    vocabulary, idf = count_vocabulary(docs, cues)
    vectoriser = Vectoriser(vocabulary, idf, cues)
    classifier = estimator(strength)
    classifier.fit(vectoriser.rows(docs), numbers(labels))
    return IntentModel(
        vectoriser,
        np.ascontiguousarray(classifier.coef_.T, dtype=np.float32),
        classifier.intercept_.astype(np.float32),
        temperature=1.0,
        threshold=0.5,
    )


def estimator(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=400, tol=1e-4, random_state=SEED)


def numbers(labels: Iterable[IntentLabel]) -> NDArray[np.int64]:
    return np.array([INTENTS.index(label) for label in labels])


def held_out_scores(
    docs: Sequence[Doc], labels: Sequence[IntentLabel], groups: Sequence[str], strength: float
) -> Floats:
    """Scores (n, 6) of each doc by the model of the folds it is not in."""
    scores = np.zeros((len(docs), len(INTENTS)), dtype=np.float32)
    for train, test in GroupKFold(n_splits=FOLDS).split(docs, labels, groups):
        model = fit([docs[i] for i in train], [labels[i] for i in train], strength)
        rows: csr_matrix = model.vectoriser.rows([docs[i] for i in test])
        scores[test] = rows @ model.weights + model.bias
    return scores


def fit_temperature(scores: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature with the least log loss (Guo et al. 2017, On Calibration of Modern Neural Networks)."""
    best = minimize_scalar(
        lambda t: log_loss(softmax(scores / t), labels), bounds=(0.2, 3.0), method="bounded"
    )
    return float(best.x)


def log_loss(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """Mean negative log of the probability given to the true label."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-9)).mean())


def best_threshold(seeker: NDArray[np.float64], is_seeker: NDArray[np.bool_]) -> float:
    """The threshold with the highest F1, in steps of 0.01 between 0.2 and 0.8."""
    steps = [step / 100 for step in range(20, 81)]
    return max(steps, key=lambda step: (f1(seeker >= step, is_seeker), -abs(step - 0.5)))


def f1(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall; 0 when nothing is found."""
    hits = float((found & wanted).sum())
    return 2 * hits / (float(found.sum()) + float(wanted.sum())) if hits else 0.0


def train(docs: Sequence[Doc], labels: Sequence[IntentLabel], groups: Sequence[str]) -> Trained:
    """The final model on everything, with settings chosen on held-out folds."""
    wanted = numbers(labels)
    tried = {strength: held_out_scores(docs, labels, groups, strength) for strength in STRENGTHS}
    losses = {
        strength: log_loss(softmax(scores / fit_temperature(scores, wanted)), wanted)
        for strength, scores in tried.items()
    }
    strength = min(losses, key=losses.__getitem__)
    temperature = fit_temperature(tried[strength], wanted)
    held_out = softmax(tried[strength] / temperature)
    threshold = best_threshold(held_out[:, 0].astype(float), wanted == 0)
    model = replace(fit(docs, labels, strength), temperature=temperature, threshold=threshold)
    return Trained(model=model, held_out=held_out, strength=strength)
