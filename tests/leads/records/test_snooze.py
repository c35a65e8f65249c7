"""A case left alone until a day: it is in no list of open ones before, and comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leads.actions import change_case
from leads.errors import InputError
from leads.index.sqlite.index import SqliteIndex
from leads.labels import SNOOZED
from leads.models import LeadQuery
from leads.records import Records, caseload, cases, users
from leads.records.caseload import Wanted
from leads.records.cases import CaseChange
from tests.support.builders import lead

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 22)
UNTIL = date(2026, 11, 25)
LEAD = "forum/1"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([lead(1), lead(2, "另一个人牙疼")])
        yield index


@pytest.fixture(autouse=True)
def people(records: Records) -> None:
    with records.transaction() as session:
        users.add_user(session, login="lin", name="林", role="marketer", now=NOW)


def change(records: Records, now: datetime = NOW, **values: Any) -> None:
    with records.transaction() as session:
        cases.change(session, {LEAD: CaseChange(**values)}, who="lin", now=now)


def found(index: SqliteIndex, *statuses: str) -> list[str]:
    return sorted(hit.lead.id for hit in index.search(LeadQuery(statuses=statuses), now=NOW).items)


def open_ones(records: Records, today: date, due: caseload.Due = "") -> list[str]:
    with records.reading() as session:
        listed = caseload.listed(session, Wanted(due=due), today=today, limits=None, limit=9)
        assert caseload.count(session, Wanted(due=due), today=today, limits=None) == len(listed)
    return [case.lead_id for case in listed]


def test_it_leaves_the_lists_and_comes_back_on_its_day(records: Records, index: SqliteIndex) -> None:
    change(records, snoozed_until=UNTIL)
    change_case.sync_index(records, index)
    assert found(index, "new") == ["forum/2"]
    assert found(index, SNOOZED) == [LEAD]
    assert index.facets(LeadQuery(), ["status"])["status"] == {"new": 1, SNOOZED: 1}
    assert open_ones(records, TODAY) == []
    assert open_ones(records, TODAY, "snoozed") == [LEAD]
    change_case.wake(records, index, datetime(2026, 11, 24, 15, 59, tzinfo=UTC))  # a minute before midnight
    assert found(index, "new") == ["forum/2"]
    for _ in range(2):
        change_case.wake(records, index, datetime(2026, 11, 24, 16, 0, tzinfo=UTC))  # Beijing's 25th
        assert found(index, "new") == [LEAD, "forum/2"]
    assert open_ones(records, UNTIL) == [LEAD]
    with records.reading() as session:
        story = cases.history(session, LEAD)
    assert [(each.who, cases.describe(each)) for each in story] == [
        ("lin", "暂缓到：（无） → 2026-11-25"), (cases.CLOCK, "暂缓到：2026-11-25 → （无）"),
    ]  # fmt: skip


def test_a_status_ends_it_but_a_person_does_not(records: Records, index: SqliteIndex) -> None:
    change(records, status="seen", snoozed_until=UNTIL)
    change(records, assignee="lin")
    change_case.sync_index(records, index)
    assert found(index, SNOOZED) == [LEAD]
    change(records, status="replied")
    change_case.sync_index(records, index)
    assert found(index, "replied") == [LEAD]
    assert open_ones(records, TODAY) == [LEAD]


def test_it_is_taken_back(records: Records) -> None:
    change(records, snoozed_until=UNTIL)
    with records.transaction() as session:
        cases.undo(session, at=NOW, who="lin", now=NOW + timedelta(minutes=1))
    assert open_ones(records, TODAY) == [LEAD]


@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=367)])
def test_only_until_a_day_to_come(records: Records, day: date) -> None:
    with pytest.raises(InputError, match="暂缓到"):
        change(records, snoozed_until=day)
