"""How many of a list are real: the range holds nine times out of ten, also where seekers are rare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.scoring.expected import LEAST, MOST, Expected, JudgedLead, expected, expected_of
from tests.support.builders import lead

DAYS, LIST = 1000, 12
THRESHOLD = 0.4
chances = st.floats(0, 1)


def judged(right: int, wrong: int, share: float = 0.9) -> list[JudgedLead]:
    return [JudgedLead(share=share, real=True)] * right + [JudgedLead(share=share, real=False)] * wrong


def source(rng: np.random.Generator, seekers: float, size: int) -> tuple[list[float], list[bool]]:
    """What a model says of `size` leads of a source where this share of posts seeks, and what they are.

    It is surer than it should be: the log odds of both kinds are drawn too far apart for their frequency.
    """
    share, real = list[float](), list[bool]()
    while len(real) < size:
        is_real = bool(rng.random() < seekers)
        log_odds = rng.normal(2.5, 2.0) if is_real else rng.normal(-2.5, 2.0)
        said = float(1 / (1 + np.exp(-log_odds)))
        if said >= THRESHOLD:
            share.append(said)
            real.append(is_real)
    return share, real


def held(seekers: float, said: int) -> float:
    """Share of simulated days on which the range held."""
    rng = np.random.default_rng(20261130)
    hits = 0
    for _ in range(DAYS):
        share, real = source(rng, seekers, LIST + said)
        known = [JudgedLead(share=p, real=r) for p, r in zip(share[LIST:], real[LIST:], strict=True)]
        told = expected({"x": share[:LIST]}, {"x": known})
        hits += told.low <= sum(real[:LIST]) <= told.high
    return hits / DAYS


@pytest.mark.parametrize("seekers", [0.03, 0.10, 0.36])
def test_the_range_holds_on_nine_days_out_of_ten(seekers: float) -> None:
    assert held(seekers, said=LEAST) >= 0.9


def width(known: Sequence[JudgedLead]) -> int:
    told = expected({"x": [0.9] * 20}, {"x": known})
    return told.high - told.low


def test_judgements_narrow_the_range() -> None:
    assert width(judged(27, 3)) < width(judged(9, 1)) < width([])


def test_what_people_found_moves_the_range() -> None:
    mostly, hardly = (expected({"x": [0.9] * 20}, {"x": judged(right, 20 - right)}) for right in (18, 2))
    assert hardly.high < mostly.low


def test_what_was_said_of_another_source_says_nothing() -> None:
    other = expected({"x": [0.9] * 20}, {"y": judged(0, 30)})
    assert other == expected({"x": [0.9] * 20}, {})
    assert not other.told


@given(st.dictionaries(st.sampled_from("xyz"), st.lists(chances, max_size=12)), st.integers(0, 9))
def test_the_range_is_one_of_the_list(found: dict[str, list[float]], wrong: int) -> None:
    told = expected(found, {"x": judged(9 - wrong, wrong, share=1.0)})
    assert 0 <= told.low <= told.high <= told.leads == sum(map(len, found.values()))


def test_a_long_list_is_cut() -> None:
    assert expected_of([lead(1)] * (MOST + 1), {}).leads == MOST


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Expected(leads=20, low=16, high=19, judged=10), "这 20 条里，预计 16–19 条是真的"),
        (Expected(leads=1, low=1, high=1, judged=30), "这 1 条里，预计 1 条是真的"),
        (Expected(leads=20, low=0, high=20, judged=7), "再判断 3 条同来源的线索，这里就会说预计多少条是真的"),
        (Expected(leads=0, low=0, high=0, judged=30), ""),
    ],
)
def test_how_it_is_said(told: Expected, said: str) -> None:
    assert str(told) == said
