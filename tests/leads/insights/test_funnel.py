"""How far cases got and how long it took; every figure is the length of its list."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from leads.insights.funnel import BY, STAGES, Journey, chosen, funnel, groups, journey
from leads.records.journeys import WorkedCase
from leads.records.tables.work import Case, CaseEvent
from tests.support.builders import NOW


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def worked(number: int, *steps: tuple[float, str], who: str = "", rules: tuple[str, ...] = ()) -> WorkedCase:
    lead_id = f"{'forum' if number % 2 else 'weibo'}/{number}"
    case = Case(lead_id=lead_id, opened_at=NOW, changed_at=NOW, assignee=who)
    events = [
        CaseEvent(lead_id=lead_id, at=at(hours), who="lin", field="status", after=status)
        for hours, status in steps
    ]
    return WorkedCase(case=case, steps=events, posted=at(-2), rules=rules)


def journeys() -> list[Journey]:
    several = [
        worked(1, (1, "seen"), (3, "replied"), (9, "booked"), who="lin", rules=("牙", "附近")),
        worked(2, (2, "seen"), (4, "replied"), who="lin", rules=("牙",)),
        worked(3, (5, "seen"), who="wang"),
        worked(4),
    ]
    return [journey(each, at(0)) for each in several]


def counts(found: list[Journey]) -> list[int]:
    return [each.count for each in funnel(found)]


def test_counts_rates_and_medians_step_by_step() -> None:
    found = {each.stage: each for each in funnel(journeys())}
    assert {stage: (each.count, each.rate) for stage, each in found.items()} == {
        "found": (4, None), "seen": (3, 0.75), "replied": (2, 2 / 3), "talking": (1, 0.5),
        "booked": (1, 1.0), "visited": (0, 0.0), "shared": (0, None),
    }  # fmt: skip
    assert [found[stage].hours for stage in ("found", "seen", "replied", "visited")] == [2, 2, 2, None]


def test_a_step_over_others_reaches_them_at_once() -> None:
    way = journey(worked(1, (2, "booked")), at(0))
    assert [stage for stage in STAGES if way.reached(stage)] == [
        "found", "seen", "replied", "talking", "booked",
    ]  # fmt: skip


def test_a_step_back_takes_it_back_and_a_dismissal_does_not() -> None:
    back = journey(worked(1, (1, "booked"), (2, "seen"), (5, "replied")), at(0))
    assert not back.reached("booked")
    assert back.moments["replied"] == at(5)
    assert back.moments["seen"] == at(1)
    gone = journey(worked(1, (1, "replied"), (2, "dismissed")), at(0))
    assert gone.reached("replied")


def test_what_is_not_known_any_more_is_in_no_median() -> None:
    old = journey(worked(1, (1, "seen")), None)
    assert [each.hours for each in funnel([old])][:2] == [None, None]


@pytest.mark.parametrize("by", BY)
def test_every_figure_is_the_length_of_its_list(by: str) -> None:
    found = journeys()
    for stage in funnel(found):
        assert len(chosen(found, stage=stage.stage)) == stage.count
    for group in groups(found, by):
        for stage in group.stages:
            assert len(chosen(found, stage=stage.stage, by=by, name=group.name)) == stage.count


def test_a_case_of_two_rules_is_in_both() -> None:
    assert [(each.name, each.stages[0].count) for each in groups(journeys(), "rule")] == [
        ("", 2), ("牙", 2), ("附近", 1),
    ]  # fmt: skip


def test_of_nothing_there_is_nothing() -> None:
    assert counts([]) == [0] * len(STAGES)
    assert groups([], "source") == ()
