"""Spikes, silent and blocked sources: what stands out, and each told once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.coverage.runs import Outcome
from crawler.coverage.store import Coverage
from leads.alerts.messages.message import Payload
from leads.alerts.triggers.causes import Causes
from leads.alerts.triggers.watch import Spike, spike, troubles, watch
from leads.index.sqlite.index import SqliteIndex
from leads.sources.states import TOLD_BY, TROUBLE
from tests.support.alert_world import World
from tests.support.builders import NOW, lead, region, symptom


@pytest.mark.parametrize(
    ("count", "before", "expected"),
    [
        (12, [2, 3, 2, 3], Spike(count=12, usual=2.5)),
        (12, [10, 12, 9, 11], None),  # as usual
        (20, [10, 12, 9, 11], None),  # more, but chance does that
        (40, [10, 12, 9, 11], Spike(count=40, usual=10.5)),
        (5, [0, 0, 0], Spike(count=5, usual=0)),
        (4, [0, 0, 0], None),  # too few to be worth a word
        (100, [1, 1], None),  # nobody knows yet what is usual
        (100, [], None),
        (30, [2, 50, 3, 2, 2], Spike(count=30, usual=2)),  # one wild week does not hide the next
        (30, [5, 40, 6, 38, 5, 41], None),  # it always swings like that
        (140, [100, 101, 99, 100], None),  # clear, but not half as much again
        (160, [100, 101, 99, 100], Spike(count=160, usual=100)),
    ],
)
def test_what_stands_out(count: int, before: list[int], expected: Spike | None) -> None:
    assert spike(count, before) == expected


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def fill(index: SqliteIndex, today: int, *, weeks: int = 4, place: str = "武侯区") -> None:
    """Two toothaches each same weekday before, `today` ones today."""
    days = [(7 * 24 * week + 1, 2) for week in range(1, weeks + 1)] + [(1, today)]
    numbers = iter(range(10_000))
    index.upsert(
        [
            lead(n, f"牙{n}疼", hours=hours + n / 1000, place=region(place), symptoms=(symptom(),))
            for hours, count in days
            for n in (next(numbers) for _ in range(count))
        ]
    )


def look(world: World, coverage: Coverage | None = None, *, days: int = 0) -> tuple[int, int]:
    return watch(
        world.records,
        world.index,
        coverage,
        sources=["forum", "other"],
        writer=Causes(),
        now=NOW + timedelta(days=days),
    )


def test_a_spike_is_told_once_a_day_and_city(world: World) -> None:
    world.rule("spike", "symptom=牙痛&area=成都", world.person("lin"))
    fill(world.index, today=14)
    assert look(world) == (1, 1)
    assert look(world) == (0, 0)
    [alert] = world.alerts()
    assert alert.cause_id == "spike:toothache:510100:2026-11-20"
    assert Payload.from_json(alert.payload).title == "成都市 牙痛 的求诊突然变多"


@pytest.mark.parametrize(
    ("query", "today", "weeks"),
    [
        ("area=北京", 14, 4),  # elsewhere
        ("symptom=发热", 14, 4),
        ("factor=10", 14, 4),  # seven times is not enough
        ("", 4, 4),
        ("", 14, 2),  # too new to know
    ],
)
def test_what_nobody_asked_for_or_is_usual_is_not_told(
    world: World, query: str, today: int, weeks: int
) -> None:
    world.rule("spike", query, world.person("lin"))
    fill(world.index, today=today, weeks=weeks)
    look(world)
    assert world.alerts() == []


def test_without_a_rule_for_spikes_nothing_is_looked_for(world: World) -> None:
    fill(world.index, today=14)
    assert look(world) == (0, 0)
    world.rule("spike", "", world.person("lin"))
    assert look(world) == (1, 1)  # and then what is going on already is told


@pytest.fixture
def coverage(tmp_path: Path) -> Iterator[Coverage]:
    with closing(Coverage(tmp_path / "coverage.sqlite")) as opened:
        yield opened


def run(coverage: Coverage, source: str, outcome: Outcome, *, days: int = 0, recheck: bool = False) -> None:
    now = NOW + timedelta(days=days)
    number = coverage.start_run(source, {"recheck": True} if recheck else {}, now)
    coverage.finish_run(number, outcome, "登录页", now + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("silent", "silent"), ("blocked", "blocked"), ("refused", "blocked"), ("ok", ""), ("truncated", "")],
)
def test_which_runs_are_trouble(coverage: Coverage, outcome: Outcome, kind: str) -> None:
    run(coverage, "forum", outcome)
    assert [each.kind for each in troubles(coverage, ["forum", "other"])] == ([kind] if kind else [])


def test_a_source_in_trouble_is_told_once_a_day(world: World, coverage: Coverage) -> None:
    world.rule("blocked", "source=forum", world.person("lin"))
    world.rule("blocked", "source=other", world.person("wu"))
    run(coverage, "forum", "blocked")
    run(coverage, "forum", "ok", recheck=True)  # visits of stored posts say nothing of new ones
    assert look(world, coverage) == (1, 1)
    run(coverage, "forum", "blocked")
    assert look(world, coverage) == (0, 0)
    run(coverage, "forum", "blocked", days=1)
    assert look(world, coverage, days=1) == (1, 1)
    run(coverage, "forum", "ok", days=2)
    assert look(world, coverage, days=2) == (0, 0)
    first = world.alerts()[0]
    assert Payload.from_json(first.payload).lines == ("登录页",)
    assert first.severity == "high"


def test_a_doctor_does_not_hear_of_sources(world: World, coverage: Coverage) -> None:
    world.rule("silent", "", world.person("gu", "doctor", ["anhe"]))
    run(coverage, "forum", "silent")
    assert look(world, coverage) == (1, 0)


def test_what_a_rule_tells_of_a_source_is_trouble_there_too() -> None:
    assert set(TOLD_BY) < set(TROUBLE)
