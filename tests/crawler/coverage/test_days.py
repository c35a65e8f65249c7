"""Short days are told; weekends, growth and small boards are not taken for them."""

from __future__ import annotations

from datetime import date, timedelta

from crawler.coverage.days import short_days

TODAY = date(2026, 11, 30)  # a Monday


def counts(*numbers: int) -> dict[date, int]:
    """The last of these is yesterday."""
    return {TODAY - timedelta(days=len(numbers) - n): number for n, number in enumerate(numbers)}


STEADY = [30, 32, 28, 31, 29, 33, 30] * 4


def test_a_day_with_a_third_of_what_is_usual_is_short() -> None:
    numbers = [*STEADY]
    numbers[15] = 8
    (found,) = short_days(counts(*numbers), today=TODAY)
    assert (found.day, found.posts) == (TODAY - timedelta(days=28 - 15), 8)
    assert 25 < found.expected < 35


def test_yesterday_is_judged_by_the_days_before_it() -> None:
    assert [each.day for each in short_days(counts(*STEADY, 6), today=TODAY)] == [TODAY - timedelta(days=1)]


def test_weekends_that_are_always_quiet_are_not_short() -> None:
    days = [TODAY - timedelta(days=n) for n in range(56, 0, -1)]
    numbers = {day: 8 if day.weekday() >= 5 else 40 for day in days}
    assert short_days(numbers, today=TODAY) == ()
    quiet = max(day for day in days if day.weekday() == 2)
    assert [each.day for each in short_days({**numbers, quiet: 8}, today=TODAY)] == [quiet]


def test_a_source_that_grows_has_no_short_days() -> None:
    assert short_days(counts(*range(2, 62)), today=TODAY) == ()


def test_small_boards_and_few_days_say_nothing() -> None:
    assert short_days(counts(*[3, 2, 4, 1, 3, 2, 3] * 6), today=TODAY) == ()
    assert short_days(counts(30, 30, 2, 30, 30), today=TODAY) == ()
    assert short_days({}, today=TODAY) == ()


def test_today_is_never_short() -> None:
    assert short_days({**counts(*STEADY), TODAY: 1}, today=TODAY) == ()
