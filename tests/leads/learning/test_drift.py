"""A week whose posts are unlike those before is told; chance and small numbers are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.index.sqlite.index import SqliteIndex
from leads.learning.drift import LEAST, drift, stability
from leads.models import Lead
from tests.support.builders import NOW, lead, tags

SHARES = st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=50)


@given(shares=SHARES)
def test_what_is_alike_has_no_drift(shares: list[float]) -> None:
    assert stability(shares, shares) == pytest.approx(0)


@given(recent=SHARES, before=SHARES)
def test_drift_is_never_negative_and_the_same_both_ways(recent: list[float], before: list[float]) -> None:
    found = stability(recent, before)
    assert found >= 0
    assert found == pytest.approx(stability(before, recent))


def test_chance_is_no_drift() -> None:
    rng = np.random.default_rng(1)
    drawn = [rng.beta(4, 2, size=400).tolist() for _ in range(20)]
    assert max(stability(one, other) for one, other in zip(drawn[::2], drawn[1::2], strict=True)) < 0.25


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def stretch(first: int, count: int, *, hours: float, seeker: float) -> list[Lead]:
    made = [lead(n, f"{n}号牙疼", hours=hours) for n in range(first, first + count)]
    return [replace(each, tags=tags(each.post.full_text, seeker=seeker)) for each in made]


def test_a_week_unlike_the_month_before_is_told(index: SqliteIndex) -> None:
    index.upsert(stretch(0, LEAST, hours=24 * 20, seeker=0.95))
    index.upsert(stretch(LEAST, LEAST, hours=24, seeker=0.45))
    found = drift(index, now=NOW)
    assert found.shifted
    assert (found.recent, found.before) == (LEAST, LEAST)


def test_few_leads_say_nothing(index: SqliteIndex) -> None:
    index.upsert(stretch(0, LEAST, hours=24 * 20, seeker=0.95))
    index.upsert(stretch(LEAST, LEAST - 1, hours=24, seeker=0.45))
    found = drift(index, now=NOW)
    assert found.index is None
    assert not found.shifted
