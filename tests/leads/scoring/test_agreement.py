"""When a second reader may decide: only when it is surely better than the model alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.scoring.agreement import CONTROL, LEAST, Agreement, ReadTwice, agreement, is_control, wilson


def judged(*, right: int, of: int, own: int) -> Agreement:
    """`right` and `own` of `of` posts the second reader and the model alone have right."""
    return agreement(ReadTwice(own=number < own, second=number < right, meant=True) for number in range(of))


@pytest.mark.parametrize(
    ("right", "of", "share"),
    [(0, 10, 0.0), (5, 10, 0.2366), (95, 100, 0.8882), (100, 100, 0.9630), (1, 1, 0.2065)],
)
def test_the_lower_end_is_wilsons(right: int, of: int, share: float) -> None:
    assert wilson(right, of) == pytest.approx(share, abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_the_lower_end_is_below_the_share_and_grows_with_the_evidence(of: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, of))
    assert 0 <= wilson(right, of) <= right / of + 1e-12
    assert wilson(2 * right, 2 * of) >= wilson(right, of) - 1e-12


def test_without_judgements_nothing_is_decided() -> None:
    assert not Agreement().decides
    assert Agreement().at_least == 0
    assert agreement([]).real_though_denied == 0.5


@pytest.mark.parametrize(
    ("right", "of", "own", "decides"),
    [
        (LEAST, LEAST, 50, True),
        (LEAST - 1, LEAST - 1, 50, False),  # too few
        (80, 100, 71, True),  # at least 71.1 %
        (80, 100, 72, False),
        (80, 100, 80, False),
        (60, 100, 90, False),
        (900, 1000, 879, True),  # at least 88.0 %
        (900, 1000, 880, False),
    ],
)
def test_it_decides_when_it_is_surely_better(right: int, of: int, own: int, decides: bool) -> None:
    assert judged(right=right, of=of, own=own).decides is decides


def test_what_it_denies_is_counted_apart() -> None:
    found = agreement(
        [ReadTwice(own=True, second=False, meant=meant) for meant in (True, False, False)]
        + [ReadTwice(own=True, second=True, meant=True)]
    )
    assert (found.judged, found.own, found.second, found.denied, found.missed) == (4, 2, 3, 3, 1)
    assert found.real_though_denied == pytest.approx(2 / 5)


def test_about_one_post_in_ten_is_kept_apart_for_measuring() -> None:
    kept = sum(is_control(f"{number:032x}") for number in range(10_000))
    assert 10_000 / CONTROL * 0.85 < kept < 10_000 / CONTROL * 1.15
