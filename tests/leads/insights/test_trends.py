"""Tables for plots: whole stretches of days, no figure under five, and none by taking one from another."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.index.daily import Counts
from leads.insights.few import LEAST
from leads.insights.trends import COLUMNS, GRAINS, calendar, table

SINCE, UNTIL = date(2026, 9, 1), date(2026, 10, 1)
DAYS = [(SINCE + timedelta(days=number)).isoformat() for number in range(30)]
COUNTS: st.SearchStrategy[Counts] = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from([*"abcdefghij", ""])), st.integers(1, 12), max_size=80
)


def test_a_busy_city_is_told_day_by_day() -> None:
    counts: Counts = {(day, "toothache"): 6 for day in DAYS}
    found = table(counts, SINCE, UNTIL)
    assert found.columns == ("toothache",)
    assert [counts for _, counts in found.rows] == [(6,)] * 30


def test_a_year_is_told_by_weeks_however_busy() -> None:
    year = [(UNTIL - timedelta(days=number)).isoformat() for number in range(1, 365)]
    counts: Counts = {(day, "toothache"): 50 for day in year}
    found = table(counts, UNTIL - timedelta(days=364), UNTIL)
    assert [counts for _, counts in found.rows] == [(350,)] * 52


@pytest.mark.parametrize(("each", "rows"), [(6, 30), (2, 4), (0, 1)])
def test_a_quiet_one_in_longer_stretches(each: int, rows: int) -> None:
    counts: Counts = {(day, "toothache"): each for day in DAYS if each} or {(DAYS[0], "toothache"): 1}
    assert len(table(counts, SINCE, UNTIL).rows) == rows


def test_the_largest_have_columns_and_the_others_are_the_rest() -> None:
    counts: Counts = {(day, code): 10 + number for day in DAYS for number, code in enumerate("abcdefgh")}
    found = table(counts, SINCE, UNTIL)
    assert found.columns == tuple("hgfedc")
    assert found.rest == (10 + 11,) * 30


@given(COUNTS)
def test_no_figure_is_under_five(counts: Counts) -> None:
    found = table(counts, SINCE, UNTIL)
    assert len(found.columns) <= COLUMNS
    figures = [count for _, row in found.rows for count in row] + list(found.rest)
    assert all(count is None or count >= LEAST for count in figures)


@given(COUNTS)
def test_the_stretches_are_all_days_once_and_equal(counts: Counts) -> None:
    stretches = [stretch for stretch, _ in table(counts, SINCE, UNTIL).rows]
    assert stretches[0].first == SINCE
    assert stretches[-1].after == UNTIL
    assert all(one.after == next_.first for one, next_ in pairwise(stretches))
    assert len({(each.after - each.first).days for each in stretches[1:]}) <= 1
    assert {(each.after - each.first).days for each in stretches[1:]} <= set(GRAINS)


def test_a_calendar_tells_full_days_empty_ones_and_not_those_to_come() -> None:
    monday, wednesday = date(2026, 9, 7), date(2026, 9, 9)
    (week,) = calendar({("2026-09-07",): 7, ("2026-09-08",): 3}, monday, wednesday)
    assert week.counts == (7, None, 0, None, None, None, None)
