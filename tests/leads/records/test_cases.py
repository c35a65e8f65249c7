"""Cases: who changed what when, nothing overwritten unseen, the index told in the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import count, product
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from leads.actions import change_case
from leads.errors import ConflictError, InputError, StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.models import CASE_STATUSES
from leads.records import Records, audit, cases, notes, users
from leads.records.cases import KEEP, CaseChange
from leads.records.tables.clinics import ClinicRow
from tests.support.builders import lead

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LEAD = "forum/1"


@pytest.fixture(autouse=True)
def people(records: Records) -> None:
    add_people(records)


def add_people(records: Records) -> None:
    with records.transaction() as session:
        for login in ("lin", "chen"):
            users.add_user(session, login=login, name=login, role="marketer", now=NOW)
        session.add(ClinicRow(id="anhe", name="安和口腔", lat=30.6, lon=104.0, adcode="510107"))


def change(records: Records, who: str = "lin", now: datetime = NOW, **values: Any) -> list[str]:
    with records.transaction() as session:
        return cases.change(session, {LEAD: CaseChange(**values)}, who=who, now=now)


def the_case(records: Records) -> dict[str, str]:
    with records.reading() as session:
        case = cases.get(session, LEAD)
        assert case is not None
        return cases.state(case)


def version(records: Records) -> int:
    with records.reading() as session:
        case = cases.get(session, LEAD)
        return case.version if case else 0


def test_a_change_opens_the_case_and_is_in_its_history(records: Records) -> None:
    assert change(records, status="replied", assignee="chen", due_on=date(2026, 11, 25)) == [LEAD]
    assert the_case(records) | {"status": "replied", "assignee": "chen"} == the_case(records)
    with records.reading() as session:
        events = [(e.field, e.before, e.after, e.who, e.at) for e in cases.history(session, LEAD)]
    assert events == [
        ("status", "new", "replied", "lin", NOW),
        ("assignee", "", "chen", "lin", NOW),
        ("due_on", "", "2026-11-25", "lin", NOW),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"status": "new"},
        {"assignee": ""},
        {"due_on": None},
        {"value_yuan": None},
        {"clinic_id": ""},
        {"reason": "太远"},  # counts for a dismissed case only
    ],
)
def test_what_is_so_already_leaves_no_trace(records: Records, values: dict[str, Any]) -> None:
    assert change(records, **values) == []
    with records.reading() as session:
        assert cases.get(session, LEAD) is None
    change(records, assignee="lin")
    before = version(records)
    assert change(records, assignee="lin") == []
    assert version(records) == before


def test_any_step_is_allowed(records: Records) -> None:
    for before, after in product(CASE_STATUSES, repeat=2):
        change(records, status=before, reason="太远")
        assert change(records, status=after, reason="太远") == ([LEAD] if before != after else [])
        assert before == after == "new" or the_case(records)["status"] == after


def test_a_dismissal_takes_a_reason(records: Records) -> None:
    with pytest.raises(InputError, match="理由"):
        change(records, status="dismissed")
    with pytest.raises(InputError, match="理由"):
        change(records, status="dismissed", reason="  ")
    change(records, status="dismissed", reason=" 太远 ")
    assert the_case(records)["reason"] == "太远"
    with pytest.raises(InputError, match="理由"):
        change(records, reason="")


def test_a_case_taken_up_again_has_no_reason_any_more(records: Records) -> None:
    change(records, status="dismissed", reason="太远")
    change(records, status="talking")
    assert the_case(records)["reason"] == ""


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"status": "won"}, "won"),
        ({"assignee": "nobody-here"}, "nobody-here"),
        ({"clinic_id": "nowhere"}, "nowhere"),
        ({"value_yuan": -1}, "-1"),
        ({"value_yuan": 10_000_001}, "10000001"),
        ({"status": "dismissed", "reason": "长" * 101}, "100"),
    ],
)
def test_what_cannot_be_is_named(records: Records, values: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        change(records, **values)
    with records.reading() as session:
        assert cases.get(session, LEAD) is None


def test_many_change_together_or_not_at_all(records: Records) -> None:
    change(records, status="seen")
    wanted = {"forum/2": CaseChange(status="seen"), LEAD: CaseChange(status="talking", version=99)}
    with pytest.raises(ConflictError), records.transaction() as session:
        cases.change(session, wanted, who="lin", now=NOW)
    with records.reading() as session:
        assert set(cases.get_many(session, wanted)) == {LEAD}
    with records.transaction() as session:
        changed = cases.change(
            session, dict.fromkeys(wanted, CaseChange(status="talking")), who="lin", now=NOW
        )
    assert changed == [LEAD, "forum/2"]


def test_who_decided_on_an_older_version_is_told_what_changed(records: Records) -> None:
    change(records, status="seen", version=0)
    change(records, status="replied", assignee="lin", version=1)
    with pytest.raises(ConflictError) as caught:
        change(records, who="chen", status="dismissed", reason="太远", version=1)
    assert str(caught.value) == (
        "lin 在 11-22 16:00 刚改过这条线索（状态：已看 → 已回复，负责人：（无） → lin）：请看过再决定。"
    )
    assert the_case(records)["status"] == "replied"


def test_a_case_opened_meanwhile_is_a_conflict_too(records: Records) -> None:
    change(records, status="seen")
    with pytest.raises(ConflictError, match="lin"):
        change(records, who="chen", status="replied", version=0)


@pytest.mark.parametrize("there_already", [True, False])
def test_of_two_at_once_one_wins_and_the_other_hears_of_it(records: Records, there_already: bool) -> None:
    if there_already:
        change(records, assignee="lin")
    seen = version(records)
    for _ in range(5):
        gate = Barrier(2)

        def work(who: str, status: str, gate: Barrier = gate, seen: int = seen) -> str:
            gate.wait(timeout=600)
            try:
                change(records, who=who, status=status, version=seen)
            except ConflictError as error:
                return str(error)
            return ""

        before = the_case(records)["status"] if seen else "new"
        choices = [each for each in ("seen", "replied", "talking") if each != before][:2]
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(work, ("lin", "chen"), choices))
        assert sorted(map(bool, outcomes)) == [False, True]
        winner = ("lin", "chen")[outcomes.index("")]
        assert winner in max(outcomes, key=len)
        assert the_case(records)["status"] == choices[outcomes.index("")]
        seen = version(records)


def test_without_a_version_both_changes_happen(records: Records) -> None:
    gate = Barrier(2)

    def work(values: dict[str, Any]) -> None:
        gate.wait(timeout=600)
        change(records, **values)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, [{"status": "seen"}, {"assignee": "chen"}]))
    assert the_case(records) | {"status": "seen", "assignee": "chen"} == the_case(records)
    assert version(records) == 2


def test_a_note_opens_a_case_and_does_not_disturb_who_works_on_it(records: Records) -> None:
    with records.transaction() as session:
        notes.add(session, LEAD, " 电话里说周三来 ", who="lin", now=NOW)
    change(records, status="booked", version=0)
    with records.transaction() as session:
        notes.add(session, LEAD, "改到周四", who="chen", now=NOW)
    change(records, status="visited", version=1)
    with records.reading() as session:
        assert [(note.who, note.text) for note in notes.of(session, LEAD)] == [
            ("lin", "电话里说周三来"),
            ("chen", "改到周四"),
        ]


@pytest.mark.parametrize("text", ["", " \n ", "字" * 2001])
def test_a_note_has_something_to_say_and_not_too_much(records: Records, text: str) -> None:
    with pytest.raises(InputError, match="备注"), records.transaction() as session:
        notes.add(session, LEAD, text, who="lin", now=NOW)


def test_what_was_written_about_a_lead_can_be_forgotten(records: Records) -> None:
    change(records, status="replied")
    with records.transaction() as session:
        notes.add(session, LEAD, "说周三来", who="lin", now=NOW)
        notes.add(session, "forum/2", "另一条", who="lin", now=NOW)
        cases.forget(session, [LEAD])
        assert notes.of(session, LEAD) == []
        assert len(notes.of(session, "forum/2")) == 1
    assert the_case(records)["status"] == "replied"


def test_cases_nobody_touches_go_after_two_years(records: Records) -> None:
    change(records, status="visited")
    with records.transaction() as session:
        notes.add(session, LEAD, "来过了", who="lin", now=NOW)
        assert cases.purge(session, now=NOW + cases.KEPT) == 0
        assert cases.purge(session, now=NOW + cases.KEPT + timedelta(seconds=1)) == 1
        assert cases.get(session, LEAD) is None
        assert (notes.of(session, LEAD), cases.history(session, LEAD)) == ([], [])


class Away:
    """An index that cannot be reached; it is only asked to set cases."""

    def set_case(self, changes: object) -> int:
        raise StorageError("索引连不上。")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        opened.upsert([lead(n) for n in (1, 2, 3)])
        yield opened


def test_the_index_is_told(records: Records, index: SqliteIndex) -> None:
    change(records, status="replied", assignee="chen")
    assert change_case.sync_index(records, index) == 1
    found = index.get(LEAD)
    assert found is not None
    assert (found.status, found.assignee) == ("replied", "chen")
    assert change_case.sync_index(records, index) == 0


def test_an_index_that_was_away_is_told_later(records: Records, index: SqliteIndex) -> None:
    change(records, status="replied")
    away: Any = Away()
    assert change_case.sync_index(records, away) == 0
    assert change_case.sync_index(records, index) == 1


def test_what_the_index_does_not_hold_is_not_told_of(records: Records, index: SqliteIndex) -> None:
    change(records, due_on=date(2026, 12, 1), value_yuan=300, clinic_id="anhe")
    assert change_case.sync_index(records, index) == 0


def test_a_new_index_learns_of_a_lead_that_is_stored_again(
    records: Records, index: SqliteIndex, tmp_path: Path
) -> None:
    change(records, status="booked")
    change_case.sync_index(records, index)
    with SqliteIndex(tmp_path / "again.sqlite") as fresh:
        fresh.upsert([lead(1)])
        assert change_case.sync_index(records, fresh) == 0
        with records.transaction() as session:
            cases.untell(session, [LEAD])
        assert change_case.sync_index(records, fresh) == 1
        found = fresh.get(LEAD)
    assert found is not None
    assert found.status == "booked"


def test_a_change_during_the_telling_is_told_too(records: Records, index: SqliteIndex) -> None:
    class Slow:
        """Between reading the case and hearing of it somebody changes it again."""

        def set_case(self, changes: Any) -> int:
            change(records, status="talking", who="chen")
            return index.set_case(changes)

    change(records, status="replied")
    slow: Any = Slow()
    assert change_case.sync_index(records, slow) >= 1
    change_case.sync_index(records, index)
    found = index.get(LEAD)
    assert found is not None
    assert found.status == "talking"


wanted = st.builds(
    CaseChange,
    status=st.none() | st.sampled_from(CASE_STATUSES),
    assignee=st.none() | st.sampled_from(["", "lin", "chen"]),
    reason=st.none() | st.sampled_from(["", "太远", "广告"]),
    due_on=st.just(KEEP) | st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    value_yuan=st.just(KEEP) | st.none() | st.integers(0, 10_000),
    clinic_id=st.none() | st.sampled_from(["", "anhe"]),
)


_numbers = count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(wanted, max_size=12))
def test_a_history_leads_to_the_present_state(records: Records, changes: list[CaseChange]) -> None:
    lead_id, last = f"forum/h{next(_numbers)}", 0
    for number, each in enumerate(changes):
        moment = NOW + timedelta(minutes=number)
        try:
            with records.transaction() as session:
                changed = cases.change(session, {lead_id: each}, who="lin", now=moment)
        except InputError:
            changed = []
        with records.reading() as session:
            case = cases.get(session, lead_id)
        assert (case.version if case else 0) == last + bool(changed)
        last += bool(changed)
    with records.reading() as session:
        events = cases.history(session, lead_id)
    assert [event.version for event in events] == sorted(event.version for event in events)
    assert {event.version for event in events} == set(range(1, last + 1))
    assert all(event.before != event.after for event in events)
    assert (case is None) == (last == 0) if changes else not events
    if changes and case:
        assert cases.replay(events) == cases.state(case)
        assert (case.status == "dismissed") == bool(case.reason)


def test_a_single_edit_a_bulk_edit_and_a_note_stand_in_the_audit(records: Records) -> None:
    with records.transaction() as session:
        _edit_and_note(session)
        entries = audit.entries(session, limit=9)
    found = [(each.who, each.action, each.subject, each.detail) for each in entries]
    assert found == [
        ("lin", "note.add", LEAD, {}),
        ("chen", "case.bulk", "", {"leads": 2}),
        ("lin", "case.change", LEAD, {}),
    ]


def _edit_and_note(session: Session) -> None:
    cases.change(session, {LEAD: CaseChange(status="seen")}, who="lin", now=NOW)
    cases.change(session, {LEAD: CaseChange(status="seen")}, who="lin", now=NOW)  # as it was: no trace
    many = {f"forum/{number}": CaseChange(status="replied") for number in (7, 8)}
    cases.change(session, many, who="chen", now=NOW)
    notes.add(session, LEAD, "他说周三来", who="lin", now=NOW)
