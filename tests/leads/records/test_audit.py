"""The audit as a chain, on both databases: what is changed past the program is found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import delete, select, text, update

from leads.config import Settings
from leads.records import Records, audit, open_records
from leads.records.audit import ChainState
from leads.records.tables.people import Audit, AuditEnd

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def note(records: Records, count: int, *, at: datetime = NOW) -> None:
    for number in range(count):
        with records.transaction() as session:
            audit.note(session, who="lin", action="login", now=at, subject=f"第 {number}", by=["a", number])


def verified(records: Records, known: tuple[int, str] | None = None) -> ChainState:
    with records.reading() as session:
        return audit.verify(session, known=known)


def places(records: Records) -> list[int | None]:
    with records.reading() as session:
        return list(session.scalars(select(Audit.place).order_by(Audit.id)))


def run(records: Records, statement: object) -> None:
    with records.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]  # past the program, as an attacker would


def test_deeds_stand_in_a_row(records: Records) -> None:
    assert verified(records).rows == 0
    note(records, 3)
    assert places(records) == [1, 2, 3]
    found = verified(records)
    assert (found.problem, found.rows, found.place) == ("", 3, 3)


def test_what_was_undone_takes_no_place(records: Records) -> None:
    note(records, 1)

    def fail() -> None:
        with records.transaction() as session:
            audit.note(session, who="lin", action="login", now=NOW)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with records.transaction() as session:
        inner = session.begin_nested()
        audit.note(session, who="lin", action="login.failed", now=NOW)
        session.flush()
        inner.rollback()
        audit.note(session, who="lin", action="login", now=NOW)
    assert places(records) == [1, 2]
    assert verified(records).problem == ""


@pytest.mark.parametrize(
    ("deed", "problem", "broken"),
    [
        (update(Audit).where(Audit.place == 2).values(who="wu"), "changed", 2),
        (update(Audit).where(Audit.place == 2).values(at=NOW + timedelta(hours=1)), "changed", 2),
        (update(Audit).where(Audit.place == 2).values(detail={"by": "x"}), "changed", 2),
        (delete(Audit).where(Audit.place == 2), "missing", 2),
        (delete(Audit).where(Audit.place == 1), "missing", 1),
        (delete(Audit).where(Audit.place == 4), "missing", 4),
        (update(AuditEnd).values(last_place=3), "seal", 0),
        (update(AuditEnd).values(first_place=2), "missing", 2),
        (delete(AuditEnd), "end", 0),
    ],
)
def test_what_somebody_changed_past_the_program_is_named(
    records: Records, deed: object, problem: str, broken: int
) -> None:
    note(records, 4)
    run(records, deed)
    found = verified(records)
    assert (found.problem, found.broken) == (problem, broken)


def test_a_row_that_was_written_past_the_program_is_named(records: Records) -> None:
    note(records, 2)
    with records.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit (id, at, who, action, subject, detail, link)"
                " VALUES (99, '2026-11-22 08:00:00', 'lin', 'login', '', '{}', '')"
            )
        )
    assert (verified(records).problem, verified(records).broken) == ("outside", 99)


def test_the_next_deed_writes_down_that_the_end_was_changed(records: Records) -> None:
    note(records, 2)
    run(records, delete(Audit).where(Audit.place == 2))
    with records.reading() as session:
        first = session.scalars(select(Audit.link).where(Audit.place == 1)).one()
    run(records, update(AuditEnd).values(last_place=1, last_link=first))
    assert verified(records).problem == "seal"
    note(records, 1)
    with records.reading() as session:
        assert [each.action for each in audit.entries(session, limit=9)] == ["audit.broken", "login", "login"]
    assert verified(records).problem == ""


def test_an_end_that_was_kept_elsewhere_shows_a_chain_that_was_written_anew(records: Records) -> None:
    note(records, 3)
    kept = verified(records)
    known = (kept.place, kept.link[:16])
    note(records, 2)
    assert verified(records, known).problem == ""
    run(records, delete(Audit))
    run(records, delete(AuditEnd))
    note(records, 4, at=NOW + timedelta(hours=1))
    assert verified(records).problem == ""
    assert (verified(records, known).problem, verified(records, known).broken) == ("known", 3)
    assert verified(records, (9, "0" * 16)).problem == "known"


def test_old_deeds_are_dropped_and_the_rest_is_verified_as_before(records: Records) -> None:
    note(records, 3, at=NOW - timedelta(days=400))
    note(records, 2)
    with records.transaction() as session:
        assert audit.forget(session, NOW - timedelta(days=365), now=NOW) == 3
    found = verified(records)
    assert (found.problem, found.rows, found.place) == ("", 3, 6)  # and one about the dropping
    with records.transaction() as session:
        assert audit.forget(session, NOW - timedelta(days=365), now=NOW) == 0
    with records.transaction() as session:
        assert audit.forget(session, NOW + timedelta(days=1), now=NOW + timedelta(days=1)) == 3
    assert (verified(records).problem, verified(records).rows) == ("", 1)
    run(records, update(Audit).values(who="wu"))
    assert verified(records).problem == "changed"


def test_nothing_is_dropped_while_the_end_is_not_ours(records: Records) -> None:
    note(records, 3)
    run(records, update(AuditEnd).values(seal="0" * 64))
    with records.transaction() as session:
        assert audit.forget(session, NOW + timedelta(days=1), now=NOW) == 0


def test_many_at_once_make_one_chain(records: Records) -> None:
    gate = Barrier(4)

    def work(_: int) -> None:
        gate.wait(timeout=600)
        note(records, 8)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sorted(place or 0 for place in places(records)) == list(range(1, 33))
    assert verified(records).problem == ""


def test_rows_of_before_the_chain_come_first(tmp_path: Path) -> None:
    with open_records(Settings(data_dir=tmp_path)) as records:
        note(records, 2)
        run(records, update(Audit).values(place=None, link=""))
        run(records, delete(AuditEnd))
        assert verified(records).problem == ""
        note(records, 1)
        assert places(records) == [1, 2, 3]
        assert verified(records).problem == ""


def test_another_key_makes_another_seal(tmp_path: Path) -> None:
    with open_records(Settings(data_dir=tmp_path)) as records:
        note(records, 2)
    (tmp_path / "channel.key").unlink()
    with open_records(Settings(data_dir=tmp_path)) as records:
        assert verified(records).problem == "seal"
