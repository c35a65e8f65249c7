"""Corpus → intent model. One command (`tingzhen train`), deterministic, under two minutes.

Two linear models over nlp.intent.features and nlp.intent.pairs are added up: multinomial logistic regression,
sharp on what resembles the corpus, and complement naive Bayes (Rennie et al. 2003), better with texts unlike
it. The sum is linear too, so tagging costs nothing more. Temperature and threshold are chosen on folds that
never split a corpus file, so that a topic is always judged by a model that has not seen it.
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
from sklearn.naive_bayes import ComplementNB

from nlp.intent.features import Cues, Doc, own_words, word_grams
from nlp.intent.matrix import matrix
from nlp.intent.model import Floats, IntentModel, Vectoriser, Vocabulary, softmax
from nlp.intent.pairs import pair_keys, pair_text, plain
from nlp.models import INTENTS, IntentLabel

SEED = 20261122
SMOOTHING = 0.3  # of the complement counts; 1 and 3 lost 3 and 14 points of held-out macro-F1
FOLDS = 4
STRENGTH = 16.0  # C; 0.5 to 16 were tried, held-out loss fell all the way and flattened at 8
MIN_WORDS, MIN_PAIRS, MIN_CUES = 2, 2, 3  # a feature must stand in as many posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model, and what the models of the folds said of the posts they had not seen."""

    model: IntentModel
    held_out: Floats  # probabilities (n, 6), in corpus order


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
    # A blank is no word: it is what is left of an emoji code or a link, or a habit of some writers.
    return sorted(gram for gram, n in counter.items() if n >= least and gram.strip())


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
    rows, wanted = matrix(vectoriser, docs), numbers(labels)
    weights, bias = blend(rows, wanted, strength)
    return IntentModel(vectoriser, weights, bias, temperature=1.0, threshold=0.5)


def blend(rows: csr_matrix, wanted: NDArray[np.int64], strength: float) -> tuple[Floats, Floats]:
    """Weights (columns, 6) and bias (6) of the two models' sum, the second scaled to the first's spread."""
    logistic = estimator(strength).fit(rows, wanted)
    bayes = ComplementNB(alpha=SMOOTHING).fit(rows, wanted)
    sharp = logistic.coef_.T
    # The mean over classes changes no probability; without it the spreads could not be compared.
    broad = bayes.feature_log_prob_.T - bayes.feature_log_prob_.mean(axis=0)[:, None]
    scale = float((rows @ sharp).std() / (rows @ broad).std())
    weights = np.ascontiguousarray(sharp + scale * broad, dtype=np.float32)
    return weights, logistic.intercept_.astype(np.float32)


def estimator(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=200, tol=1e-3, random_state=SEED)


def numbers(labels: Iterable[IntentLabel]) -> NDArray[np.int64]:
    return np.array([INTENTS.index(label) for label in labels])


def held_out_scores(
    docs: Sequence[Doc], labels: Sequence[IntentLabel], groups: Sequence[str], strength: float
) -> Floats:
    """Scores (n, 6) of each doc by the model of the folds it is not in."""
    scores = np.zeros((len(docs), len(INTENTS)), dtype=np.float32)
    for train, test in GroupKFold(n_splits=FOLDS).split(docs, labels, groups):
        model = fit([docs[i] for i in train], [labels[i] for i in train], strength)
        rows: csr_matrix = matrix(model.vectoriser, [docs[i] for i in test])
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
    """The lowest threshold, in steps of 0.01 from 0.2 to 0.8, with an F1 within a point of the best.

    F1 is flat around its top, and a lead that is missed costs a clinic more than one looked at in vain.
    """
    scores = {step / 100: f1(seeker >= step / 100, is_seeker) for step in range(20, 81)}
    best = max(scores.values())
    return min(step for step, value in scores.items() if value >= best - 0.01)


def f1(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall; 0 when nothing is found."""
    hits = float((found & wanted).sum())
    return 2 * hits / (float(found.sum()) + float(wanted.sum())) if hits else 0.0


def train(docs: Sequence[Doc], labels: Sequence[IntentLabel], groups: Sequence[str]) -> Trained:
    """The final model on everything, with temperature and threshold from held-out folds."""
    wanted = numbers(labels)
    scores = held_out_scores(docs, labels, groups, STRENGTH)
    temperature = fit_temperature(scores, wanted)
    held_out = softmax(scores / temperature)
    threshold = best_threshold(held_out[:, 0].astype(float), wanted == 0)
    model = replace(fit(docs, labels, STRENGTH), temperature=temperature, threshold=threshold)
    return Trained(model=model, held_out=held_out)
