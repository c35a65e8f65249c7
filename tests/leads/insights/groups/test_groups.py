"""适合建群吗 from an index: who is counted, seasons that need a year, and the field of a doctor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leads.index.sqlite.index import SqliteIndex
from leads.insights.groups.groups import find, peaks
from leads.models import Lead
from tests.support.builders import NOW, lead, region, symptom

WUHOU = region("武侯区")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def cough(number: int, *, days: float) -> Lead:
    return lead(
        number, f"咳嗽第{number}天", place=WUHOU, symptoms=(symptom("cough", "internal"),), hours=24 * days
    )


def test_too_few_in_a_city_are_left_out(index: SqliteIndex) -> None:
    index.upsert([cough(n, days=n) for n in range(4)])
    assert find(index, "510100", now=NOW, most=200).needs == ()


def test_the_days_between_two_stretches_are_told_by_none(index: SqliteIndex) -> None:
    """Six in the last week, two more in the quarter: 话题 tells the six, so nothing here tells the two."""
    index.upsert([*(cough(n, days=n / 2) for n in range(6)), cough(20, days=50), cough(21, days=60)])
    (need,) = find(index, "510100", now=NOW, most=200).needs
    assert (need.size, need.days) == (6, 7)


def test_a_doctor_sees_the_own_field(index: SqliteIndex) -> None:
    index.upsert([cough(n, days=n) for n in range(6)])
    assert find(index, "510100", now=NOW, most=200, specialties={"dental"}).needs == ()
    assert len(find(index, "510100", now=NOW, most=200, specialties={"internal"}).needs) == 1


def test_a_season_is_told_once_there_is_a_year(index: SqliteIndex) -> None:
    index.upsert([cough(n, days=n % 19) for n in range(60)])
    (need,) = find(index, "510100", now=NOW, most=200).needs
    assert need.season is None
    index.upsert([cough(100 + n, days=40 + 30 * n) for n in range(12)])
    (need,) = find(index, "510100", now=NOW, most=200).needs
    assert need.season == (NOW.month,)


def test_a_peak_is_half_as_much_again_as_the_mean_month() -> None:
    assert peaks([30, 30, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]) == (1, 2)
    assert peaks([9] * 12) == ()
