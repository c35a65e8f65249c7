"""What a clinic's answers change in a trained model: a small correction on top of it. Pure.

A few hundred answers cannot teach a model of 98,000 features, but they can tell it how the posts of one place
are unlike its corpus. So the model stays, and its scores are shifted along the main directions in which posts
differ (latent semantic analysis, Deerwester et al. 1990), which words that nobody was asked about share with
those somebody was. The shift is a logistic regression with the model's own scores as offset, drawn to zero.

People err: an answer is believed as far as `MISTAKEN` lets it (the forward correction of Patrini et al. 2017,
Making Deep Neural Networks Robust to Label Noise), so that one that contradicts the model flatly moves it
little. The corrected model is linear in the same features; tagging costs nothing more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

from nlp.intent.model import Floats, IntentModel, softmax
from nlp.models import INTENTS

# 100 to 300 directions, a pull of 1 to 16 and errors of 0 to 0.2 were tried on the posts of
# benchmarks/ten_questions.py: a strong pull gains as much as a weak one and varies half as much.
DIRECTIONS = 300
PULL = 16.0  # of each direction's share to zero
BIAS_PULL = 0.3  # of the intents' own shares: a place may well have more adverts than the corpus
MISTAKEN = 0.1  # share of answers that are taken to be wrong
SEED = 20261130
Doubles = NDArray[np.float64]


def directions(rows: csr_matrix) -> Floats:
    """(columns, k): the main directions of posts (n, columns), the widest of which spreads by 1; k <= 300."""
    count = min(DIRECTIONS, min(rows.shape) - 1)
    _, spread, found = randomized_svd(rows, count, n_iter=3, random_state=SEED)
    widest = float(spread[0]) / rows.shape[0] ** 0.5
    return np.ascontiguousarray(found.T / widest, dtype=np.float32)


def corrected(model: IntentModel, space: Floats, rows: csr_matrix, answers: NDArray[np.int64]) -> IntentModel:
    """The model with the answers (n,), numbers of `INTENTS`, to the posts `rows` (n, columns) learnt.

    `space` is what `directions` gave for posts like those to be tagged. Without answers nothing changes.
    """
    before = (rows @ model.weights + model.bias).astype(np.float64) / model.temperature
    seen = np.hstack([np.ones((rows.shape[0], 1)), rows @ space]).astype(np.float64)
    shift = _fit(seen, before, np.eye(len(INTENTS))[answers])
    return replace(
        model,
        weights=(model.weights + model.temperature * (space @ shift[1:])).astype(np.float32),
        bias=(model.bias + model.temperature * shift[0]).astype(np.float32),
    )


def _fit(seen: Doubles, before: Doubles, said: Doubles) -> Doubles:
    """Shift (1 + k, 6) of scores `before` (n, 6) along `seen` (n, 1 + k) that explains what was `said`."""
    shape = seen.shape[1], said.shape[1]
    pull = np.full(shape, PULL)
    pull[0] = BIAS_PULL
    wrong = MISTAKEN / (said.shape[1] - 1)  # each other intent's part

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        shift = flat.reshape(shape)
        share = softmax(before + seen @ shift).astype(np.float64)
        right = (share * said).sum(axis=1)
        told = wrong + (1 - MISTAKEN - wrong) * right
        slope = ((1 - MISTAKEN - wrong) * right / told)[:, None] * (share - said)
        value = -np.log(told).sum() + (pull * shift * shift).sum() / 2
        return float(value), (seen.T @ slope + pull * shift).ravel()

    start = np.zeros(shape[0] * shape[1])
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150})
    found: Doubles = best.x.reshape(shape)
    return found
