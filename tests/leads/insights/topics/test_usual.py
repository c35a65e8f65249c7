"""What is usual: days that are alike, counts and their scatter, many tests at once, sources that come."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from leads.insights.topics.sources import standing
from leads.insights.topics.usual import Floats, exposures, q_values, usual
from leads.insights.topics.workdays import HOLIDAY, kind_of_day, kinds_of

LAST = date(2026, 11, 20)
DAYS = [LAST - timedelta(days=back) for back in reversed(range(100))]


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 11, 20), 4),  # a Friday
        (date(2026, 11, 22), 6),  # a Sunday
        (date(2026, 10, 1), HOLIDAY),
        (date(2026, 2, 17), HOLIDAY),  # the Spring Festival
        (date(2026, 10, 10), 4),  # a Saturday that is worked, for the holiday before it
    ],
)
def test_the_kind_of_a_day(day: date, kind: int) -> None:
    assert kind_of_day(day) == kind


def test_weekends_are_compared_with_weekends() -> None:
    kinds = kinds_of(DAYS)
    totals = np.array([20.0 if kind >= 5 else 100.0 for kind in kinds])
    exposure = exposures(totals, kinds, 93)
    weekday, sunday = exposure[-1], exposure[DAYS.index(date(2026, 11, 15))]
    assert sunday / weekday == pytest.approx(0.2, abs=0.05)


def seen(last: list[float], usually: float = 4.0) -> Floats:
    rng = np.random.default_rng(1)
    past = rng.poisson(usually, (1, 100 - len(last))).astype(float)
    return np.concatenate([past, [last]], axis=1)


def test_a_burst_is_improbable_and_a_usual_week_is_not() -> None:
    even = np.ones(100)
    burst = usual(seen([12.0] * 7), even, 7)
    assert burst.mean[0] == pytest.approx(28, rel=0.2)
    assert burst.high[0] < 1e-6
    calm = usual(seen([4.0] * 7), even, 7)
    assert calm.high[0] > 0.2
    assert calm.low[0] > 0.2
    assert usual(seen([0.0] * 7), even, 7).low[0] < 1e-4


def test_what_nobody_said_before_is_a_burst_at_once() -> None:
    counts = np.zeros((1, 100))
    counts[0, -1] = 5
    found = usual(counts, np.ones(100), 1)
    assert found.mean[0] < 0.1
    assert found.high[0] < 1e-5


def test_a_burst_in_the_past_does_not_hide_the_next() -> None:
    counts = seen([12.0] * 7)
    counts[0, 70:75] = 60
    assert usual(counts, np.ones(100), 7).mean[0] == pytest.approx(28, rel=0.4)


def test_by_chance_alone_hardly_anything_is_told() -> None:
    rng = np.random.default_rng(7)
    told = sum(
        (q_values(usual(rng.poisson(3.0, (200, 100)).astype(float), np.ones(100), 7).high) <= 0.05).sum()
        for _ in range(20)
    )
    assert told <= 3  # of 4,000 tests


def test_false_discovery_rates_follow_the_order_of_the_tests() -> None:
    assert q_values(np.array([0.01, 0.04, 0.03, 0.5])).tolist() == pytest.approx(
        [0.04, 0.16 / 3, 0.16 / 3, 0.5]
    )


class TestSources:
    FULL = np.full(100, 20.0)

    def first(self, *names: str) -> dict[str, date]:
        return dict.fromkeys(names, DAYS[0])

    def test_a_silent_source_is_broken_and_a_young_one_new(self) -> None:
        silent, young = self.FULL.copy(), self.FULL.copy()
        silent[-7:], young[:80] = 0, 0
        found = standing(
            {"forum": self.FULL, "silent": silent, "young": young},
            7,
            first={**self.first("forum", "silent"), "young": DAYS[80]},
            days=DAYS,
        )
        assert (found.steady, found.broken, found.new) == (("forum",), ("silent",), ("young",))

    def test_what_the_crawler_calls_blocked_is_believed(self) -> None:
        found = standing({"forum": self.FULL}, 7, troubled={"forum"}, first=self.first("forum"), days=DAYS)
        assert found.broken == ("forum",)

    def test_days_on_which_a_source_was_not_read_count_for_less(self) -> None:
        gap = self.FULL.copy()
        gap[40:50] = 0
        found = standing({"a": self.FULL, "b": gap}, 7, first=self.first("a", "b"), days=DAYS)
        assert found.steady == ("a", "b")
        assert found.exposure[45] == 0.5
        assert found.exposure[60] == 1.0

    def test_a_small_source_may_be_quiet(self) -> None:
        rare = np.zeros(100)
        rare[::9] = 1
        found = standing({"rare": rare}, 7, first=self.first("rare"), days=DAYS)
        assert found.steady == ("rare",)
