"""Sizes of groups: none under five, none by taking one from another, and no group above what was set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from leads.insights.few import LEAST, nested
from leads.insights.groups.cells import ANY, MIXED, circles, stretch, told

SIZES = st.dictionaries(
    st.tuples(
        st.sampled_from(["510104", "510107", "510105", ""]),
        st.sampled_from(["child", "pregnant", "elder", "student", ""]),
    ),
    st.integers(1, 30),
)


@given(SIZES)
def test_all_are_told_or_none(counts: dict[tuple[str, str], int]) -> None:
    """So that the sum known from another page leaves no remainder to learn from."""
    found = told(counts)
    whole = sum(counts.values())
    assert sum(found.values()) == (whole if whole >= LEAST else 0)
    assert all(size >= LEAST for size in found.values())


@given(SIZES)
def test_a_district_has_all_of_its_people_or_hides_in_the_city(counts: dict[tuple[str, str], int]) -> None:
    found = told(counts)
    for district in {district for district, _ in found} - {MIXED}:
        assert sum(n for (place, _), n in found.items() if place == district) == sum(
            n for (place, _), n in counts.items() if place == district
        )


def test_few_of_a_stage_are_put_together_in_their_district() -> None:
    counts = {("510107", "child"): 9, ("510107", "elder"): 2, ("510107", ""): 4, ("510104", "child"): 6}
    assert told(counts) == {("510107", "child"): 9, ("510107", MIXED): 6, ("510104", "child"): 6}


def test_few_of_a_district_take_the_smallest_other_along() -> None:
    counts = {("510107", "child"): 9, ("510104", "child"): 2, ("510105", "elder"): 6}
    assert told(counts) == {("510107", "child"): 9, (MIXED, MIXED): 8}


@given(
    st.lists(st.integers(0, 12), min_size=4, max_size=4).map(
        lambda more: [sum(more[: n + 1]) for n in range(4)]
    )
)
def test_stretches_of_two_pages_differ_by_nothing_or_by_five(totals: list[int]) -> None:
    at = stretch(totals)
    others = [figure.count for figure in nested(totals[:3])]  # what the page of topics tells
    if at is None:
        assert totals[-1] < LEAST
    else:
        assert all(totals[at] == other or abs(totals[at] - other) >= LEAST for other in others)


@given(SIZES, st.integers(5, 80))
def test_groups_hold_everybody_and_are_not_too_large(counts: dict[tuple[str, str], int], most: int) -> None:
    cells = told(counts)
    found = circles(cells, most)
    assert sum(each.size for each in found) == sum(cells.values())
    assert all(each.size <= most * each.parts for each in found)


def test_a_group_that_grows_is_split_by_place_then_by_stage_of_life() -> None:
    cells = {("510107", "child"): 40, ("510107", "elder"): 30, ("510104", "child"): 20}

    def split(most: int) -> list[tuple[str, str, int, int]]:
        return [(each.district, each.stage, each.size, each.parts) for each in circles(cells, most)]

    assert split(90) == [(ANY, ANY, 90, 1)]
    assert split(70) == [("510107", ANY, 70, 1), ("510104", ANY, 20, 1)]
    assert split(35) == [("510107", "child", 40, 2), ("510107", "elder", 30, 1), ("510104", ANY, 20, 1)]
