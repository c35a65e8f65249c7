"""Intervals hold the truth where views are independent, and the docs say where they are not."""

from __future__ import annotations

import random

import pytest

from benchmarks.coverage import CASES, days, trial
from crawler.coverage.estimate import FEWEST, Recaught, read_again, recaptured


def days_of(*pairs: tuple[int, int]) -> list[Recaught]:
    return [Recaught(shown=shown, known=known) for shown, known in pairs]


def test_the_total_is_chapmans() -> None:
    found = recaptured(50, days_of((10, 8), (10, 9), (10, 7)))
    assert found is not None
    assert found.total == pytest.approx(51 * 31 / 25 - 1)
    assert found.held == 50 + 30 - 24
    assert found.low < found.share < found.high


def test_what_both_views_show_alike_is_all_there_is_as_far_as_they_tell() -> None:
    found = recaptured(40, days_of((10, 10), (10, 10)))
    assert found is not None
    assert (found.share, found.high) == (1.0, 1.0)
    assert 0.75 < found.low < 1.0


def test_too_small_a_second_view_says_nothing() -> None:
    assert recaptured(400, days_of((FEWEST - 1, 5))) is None
    assert recaptured(0, days_of((50, 0))) is None
    assert read_again(days_of((FEWEST - 1, 5)), held=400) is None


def test_things_that_are_lost_together_make_the_interval_wider() -> None:
    scattered = recaptured(100, days_of(*[(10, 8)] * 6))
    together = recaptured(100, days_of(*[(10, 10)] * 4, (10, 4), (10, 4)))
    assert scattered is not None
    assert together is not None
    assert scattered.share == together.share
    assert together.high - together.low > 1.3 * (scattered.high - scattered.low)


def test_pages_read_again_tell_the_share_of_posts_that_were_held() -> None:
    found = read_again(days_of(*[(10, 9)] * 20), held=900)
    assert found is not None
    assert found.share == pytest.approx(0.9)
    assert found.total == pytest.approx(1000)


def test_ends_stay_between_nothing_and_all() -> None:
    chance = random.Random(3)
    for _ in range(300):
        groups = []
        for _ in range(chance.randint(1, 12)):
            shown = chance.randint(1, 30)
            groups.append(Recaught(shown=shown, known=chance.randint(0, shown)))
        both = sum(each.known for each in groups)
        found = recaptured(both + chance.randint(0, 300), groups)
        if found is not None:
            assert 0 <= found.low <= found.share <= found.high <= 1


@pytest.mark.parametrize(("name", "case", "independent"), CASES, ids=[name for name, *_ in CASES])
def test_nine_intervals_of_ten_hold_the_truth_where_the_views_are_independent(
    name: str, case: object, independent: bool
) -> None:
    held = trial(case, 250, seed=7)  # type: ignore[arg-type]  # a row of CASES
    assert (held.holding >= 0.88) is independent, (name, held)
    assert held.off > 0.05 or independent, "where views agree in what they miss, the estimate is too high"


def test_days_that_lost_most_are_told_and_hardly_any_other_is() -> None:
    much, _, none = days(60, seed=7)
    assert much > 0.75
    assert none < 0.01
