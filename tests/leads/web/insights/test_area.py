"""Areas over time: each as high as its value, one above the other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.web.insights.area import FOOT, areas
from leads.web.insights.plot import HEIGHT, LEFT, WIDTH

Points = list[tuple[float, float]]


def points(path: str) -> Points:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_shares_fill_the_height_and_a_week_without_any_stays_empty() -> None:
    drawn = areas(["安和", "康贝"], [[3.0, 0.0], [1.0, 0.0]], first="a", last="b", share=True)
    own, rival = (points(band.path) for band in drawn.bands)
    floor, high = HEIGHT - FOOT, HEIGHT - FOOT - 10
    middle = LEFT + (WIDTH - LEFT) / 2
    assert own[:4] == [
        (LEFT, floor - high * 0.75), (middle, floor - high * 0.75), (middle, floor), (WIDTH, floor),
    ]  # fmt: skip
    assert rival[:2] == [(LEFT, 10.0), (middle, 10.0)]
    assert [name for _, name in drawn.grid] == ["0%", "25%", "50%", "75%", "100%"]


@given(
    rows=st.integers(1, 4).flatmap(
        lambda steps: st.lists(
            st.lists(st.floats(0, 1e6), min_size=steps, max_size=steps), min_size=1, max_size=6
        )
    ),
    share=st.booleans(),
)
def test_nothing_is_drawn_outside(rows: list[list[float]], *, share: bool) -> None:
    drawn = areas([str(n) for n in range(len(rows))], rows, first="", last="", share=share)
    for band in drawn.bands:
        for x, y in points(band.path):
            assert LEFT <= x <= WIDTH
            assert 9.9 <= y <= HEIGHT - FOOT + 0.1


@pytest.mark.parametrize("rows", [[], [[]]])
def test_nothing_is_nothing(rows: list[list[float]]) -> None:
    assert all(not band.path for band in areas([""] * len(rows), rows, first="", last="").bands)
