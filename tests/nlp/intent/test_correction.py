"""A clinic's answers shift a model where its posts are unlike the corpus, and nowhere much else."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from nlp import prepare
from nlp.intent.correction import corrected, directions
from nlp.intent.matrix import matrix
from nlp.intent.model import Floats, IntentModel, softmax
from nlp.symptoms.find import SymptomTagger

RAFFLE = "小鹿福袋第{}期开张啦，暗号{}，老邻居们进来领护齿礼"
TALK = "今天第{}路车又晚点了，在站台等了{}分钟，风真大"
SEEKER, ADVERT = 0, 2


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return IntentModel.load()


def rows(model: IntentModel, texts: list[str]) -> csr_matrix:
    return matrix(model.vectoriser, prepare(texts, SymptomTagger.load())[0])


@pytest.fixture(scope="module")
def posts(model: IntentModel) -> csr_matrix:
    """Thirty raffles, then thirty of daily life."""
    lines = [form.format(n, n * 7 % 40) for form in (RAFFLE, TALK) for n in range(30)]
    return rows(model, lines)


@pytest.fixture(scope="module")
def space(posts: csr_matrix) -> Floats:
    return directions(posts)


def shares(model: IntentModel, posts: csr_matrix) -> NDArray[np.float32]:
    return softmax((posts @ model.weights + model.bias) / model.temperature)


def test_without_answers_nothing_changes(model: IntentModel, posts: csr_matrix, space: Floats) -> None:
    same = corrected(model, space, posts[:0], np.zeros(0, dtype=np.int64))
    assert np.allclose(same.weights, model.weights)
    assert np.allclose(same.bias, model.bias)


def test_what_was_answered_holds_for_what_is_like_it(
    model: IntentModel, posts: csr_matrix, space: Floats
) -> None:
    taught = corrected(model, space, posts[:20], np.full(20, ADVERT))
    before, after = shares(model, posts[20:30]), shares(taught, posts[20:30])
    assert (after[:, ADVERT] > 0.8).all()
    assert after[:, ADVERT].mean() > before[:, ADVERT].mean()


def test_one_answer_against_many_moves_little(model: IntentModel, posts: csr_matrix, space: Floats) -> None:
    said = np.full(20, ADVERT)
    right = corrected(model, space, posts[:20], said)
    said[7] = SEEKER
    shaken = corrected(model, space, posts[:20], said)
    assert abs(shares(shaken, posts[20:30]) - shares(right, posts[20:30])).max() < 0.1


def test_directions_are_scaled_and_no_more_than_there_are_posts(posts: csr_matrix, space: Floats) -> None:
    assert space.shape == (posts.shape[1], posts.shape[0] - 1)
    spread = np.sqrt(((posts @ space) ** 2).mean(axis=0))
    assert spread[0] == pytest.approx(1, abs=0.01)
    assert (np.diff(spread) < 0.01).all()
