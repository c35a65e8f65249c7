"""Figures that single nobody out, whatever is taken from what."""

from __future__ import annotations

from itertools import accumulate, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.insights.few import LEAST, Figure, blocks, merged, nested


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([7, 12, 30], ["7", "12", "30"]),
        ([8, 11, 11], ["8", "8 多", "8 多"]),  # three more would be told by the difference
        ([2, 9, 9], ["不足 5", "9", "9"]),
        ([0, 0, 3], ["0", "0", "不足 5"]),
    ],
)
def test_stretches_that_hold_each_other(counts: list[int], told: list[str]) -> None:
    assert [str(figure) for figure in nested(counts)] == told


@given(parts=st.lists(st.integers(0, 12), min_size=1, max_size=5))
def test_no_difference_of_two_stretches_is_few(parts: list[int]) -> None:
    counts = list(accumulate(parts))
    told = nested(counts)
    figures = [0, *(figure.count for figure in told)]
    for one, other in combinations(figures, 2):
        assert other - one == 0 or other - one >= LEAST
    for figure, count in zip(told, counts, strict=True):
        assert figure == Figure(count=figure.count, more=figure.count < count)
        assert 0 <= count - figure.count < LEAST


@given(counts=st.dictionaries(st.integers(0, 50), st.integers(0, 15), max_size=12))
def test_no_row_and_no_rest_of_a_table_is_few(counts: dict[int, int]) -> None:
    told = merged(counts)
    assert all(count >= LEAST and counts[row] == count for row, count in told.rows.items())
    rest = sum(counts.values()) - sum(told.rows.values())
    assert told.rest == (rest if rest >= LEAST else 0)
    # What the sum gives away is nothing, enough, or all there is.
    assert rest == 0 or rest >= LEAST or not told.rows


@given(counts=st.lists(st.integers(0, 9), max_size=40))
def test_days_are_put_together_until_they_are_enough(counts: list[int]) -> None:
    found = blocks(counts)
    assert all(count >= LEAST and count == sum(counts[start:end]) for start, end, count in found)
    assert [start for start, _, _ in found] == [0, *(end for _, end, _ in found)][: len(found)]
    if found:
        assert found[-1][1] == len(counts)
    else:
        assert sum(counts) < LEAST
