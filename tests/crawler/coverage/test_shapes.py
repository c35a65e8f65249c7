"""A part that pages suddenly have is told; one they always had is not."""

from __future__ import annotations

from crawler.coverage.shapes import Met, jumps

NAME = "正文 citation"


def met(pages: int, read: int) -> Met:
    return Met(read=read, names={NAME: pages} if pages else {})


def test_a_first_run_has_nothing_to_compare_with() -> None:
    assert jumps(met(40, 40), []) == ()


def test_what_no_page_had_and_all_have_is_told() -> None:
    assert jumps(met(5, 5), [met(0, 400)]) == (NAME,)


def test_two_pages_are_enough_where_hundreds_had_none() -> None:
    assert jumps(met(2, 2), [met(0, 400)]) == (NAME,)


def test_what_was_always_there_is_not_told() -> None:
    assert jumps(met(40, 100), [met(38, 100), met(190, 500)]) == ()


def test_one_page_may_be_anything() -> None:
    assert jumps(met(1, 1), [met(0, 4000)]) == ()


def test_runs_of_before_this_was_counted_say_nothing() -> None:
    assert jumps(met(40, 40), [met(0, 0)]) == ()


def test_the_most_frequent_stands_first() -> None:
    now = Met(read=50, names={"a": 10, "b": 40})
    assert jumps(now, [Met(read=500)]) == ("b", "a")
