"""Questions are the posts the model wavers about, and no two of them alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nlp.intent.questions import choose, doubt

SHARES = st.floats(min_value=0, max_value=1)
ROWS = st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=4, max_size=4), min_size=1, max_size=12)


def matrix(*rows: list[float]) -> csr_matrix:
    return csr_matrix(np.array(rows, dtype=np.float32))


@given(share=SHARES, threshold=st.floats(min_value=0.05, max_value=0.95))
def test_doubt_is_greatest_on_the_threshold(share: float, threshold: float) -> None:
    there, here = doubt(np.array([threshold, share]), threshold)
    assert there == pytest.approx(1)
    assert 0 < here <= 1 + 1e-12


@given(near=SHARES, far=SHARES)
def test_what_is_farther_from_the_threshold_on_its_side_is_less_doubtful(near: float, far: float) -> None:
    low, high = sorted((near, far))
    below = doubt(np.array([low * 0.38, high * 0.38]), 0.38)
    above = doubt(np.array([0.38 + 0.62 * high, 0.38 + 0.62 * low]), 0.38)
    assert below[0] <= below[1] + 1e-12
    assert above[0] <= above[1] + 1e-12


def test_of_a_family_one_is_asked_then_another_family() -> None:
    rows = matrix([1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0.1, 0], [0, 0, 1, 1])
    assert choose(rows, np.array([0.9, 0.8, 0.8, 0.5]), 2) == [0, 3]


def test_what_was_asked_before_is_not_asked_in_other_words() -> None:
    rows = matrix([1, 1, 0, 0], [0, 0, 1, 1])
    assert choose(rows, np.array([0.9, 0.2]), 2, known=matrix([1, 1, 0, 0])) == [1]


def test_without_posts_there_are_no_questions() -> None:
    assert choose(csr_matrix((0, 4), dtype=np.float32), np.zeros(0), 10) == []


@given(rows=ROWS, data=st.data(), count=st.integers(min_value=0, max_value=15))
def test_questions_are_distinct_rows_with_the_most_doubtful_first(
    rows: list[list[float]], data: st.DataObject, count: int
) -> None:
    doubts = np.array(
        data.draw(st.lists(st.floats(min_value=0.1, max_value=1), min_size=len(rows), max_size=len(rows)))
    )
    chosen = choose(matrix(*rows), doubts, count)
    assert len(chosen) == len(set(chosen)) <= count
    assert set(chosen) <= set(range(len(rows)))
    texts = [tuple(rows[number]) for number in chosen if any(rows[number])]
    assert len(texts) == len(set(texts))  # never two alike; empty rows are like nothing
    if chosen:
        assert doubts[chosen[0]] == doubts.max()
