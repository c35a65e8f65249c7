"""The tails of counts, against scipy.stats."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leads.insights.topics.tails import (
    Floats,
    binomial_at_most,
    binomial_more_than,
    poisson_at_most,
    poisson_more_than,
)

COUNTS = st.floats(-2, 3000) | st.integers(-1, 3000).map(float)
MEANS = st.floats(1e-9, 3000)


@given(count=COUNTS, mean=MEANS)
def test_poisson(count: float, mean: float) -> None:
    seen, usual = np.array([count]), np.array([mean])
    np.testing.assert_allclose(poisson_at_most(seen, usual), stats.poisson.cdf(seen, usual), rtol=1e-9)
    np.testing.assert_allclose(poisson_more_than(seen, usual), stats.poisson.sf(seen, usual), rtol=1e-9)


@given(count=COUNTS, size=st.floats(1e-3, 1e4), chance=st.floats(1e-6, 1 - 1e-6))
def test_negative_binomial(count: float, size: float, chance: float) -> None:
    seen, many, each = np.array([count]), np.array([size]), np.array([chance])
    at_most, more = stats.nbinom.cdf(seen, many, each), stats.nbinom.sf(seen, many, each)
    np.testing.assert_allclose(binomial_at_most(seen, many, each), at_most, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(binomial_more_than(seen, many, each), more, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [(poisson_at_most, [0.0, 0.1353, 0.4060]), (poisson_more_than, [1.0, 0.8647, 0.5940])],
)
def test_many_at_once(tail: Callable[[Floats, Floats], Floats], expected: list[float]) -> None:
    found = tail(np.array([-1.0, 0.0, 1.0]), np.full(3, 2.0))
    np.testing.assert_allclose(found, expected, atol=1e-4)
