"""Codes of a telephone and recovery codes, on both databases: which count, and that each counts once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pyotp
import pytest
from sqlalchemy import text

from leads.config import Settings
from leads.errors import RightsError
from leads.records import Records, audit, factors, open_records, sessions, users
from leads.records.tables.people import User

NOW = datetime(2026, 11, 22, 8, 0, 10, tzinfo=UTC)  # ten seconds into a step
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code(at: datetime, secret: str = SECRET) -> str:
    return pyotp.TOTP(secret).at(at)


def add(records: Records, login: str = "lin") -> User:
    with records.transaction() as session:
        return users.add_user(session, login=login, name=login, role="admin", now=NOW)


def enrol(records: Records, user: User, *, at: datetime = NOW) -> list[str]:
    with records.transaction() as session:
        return factors.confirm(session, user, SECRET, code(at), cookie="", now=at)


def passes(records: Records, user: User, given: str, *, at: datetime = NOW) -> str:
    with records.transaction() as session:
        return factors.passes(session, user, given, now=at)


@pytest.mark.parametrize(
    ("seconds", "fits"), [(0, True), (-30, True), (30, True), (-60, False), (60, False), (3600, False)]
)
def test_a_clock_may_be_one_step_off(seconds: int, fits: bool) -> None:
    given = code(NOW + timedelta(seconds=seconds))
    assert (factors.step_of(SECRET, given, now=NOW) is not None) == fits


@pytest.mark.parametrize("given", ["123 456", "１２３４５６", "123-456", " 123456\n"])
def test_how_a_code_is_typed_makes_no_difference(given: str) -> None:
    assert factors.typed(given) == "123456"


def test_a_secret_becomes_the_factor_with_its_first_code_only(records: Records) -> None:
    lin = add(records)
    with records.transaction() as session:
        assert factors.confirm(session, lin, SECRET, "000000", cookie="", now=NOW) == []
        assert not factors.has(session, lin.id)
    assert len(set(enrol(records, lin))) == factors.RECOVERY_CODES
    with records.reading() as session:
        assert factors.has(session, lin.id)


def test_what_was_offered_is_for_one_person_and_a_quarter_of_an_hour(records: Records) -> None:
    lin, wu = add(records), add(records, "wu")
    with records.reading() as session:
        secret, kept = factors.offer(session, lin, now=NOW)
        assert secret not in kept
        assert factors.offered(session, lin, kept, now=NOW + timedelta(minutes=14)) == secret
        assert factors.offered(session, lin, kept, now=NOW + timedelta(minutes=15)) == ""
        assert factors.offered(session, wu, kept, now=NOW) == ""
        assert factors.offered(session, lin, f"{lin.id} {int(NOW.timestamp())} {secret}", now=NOW) == ""
        assert factors.offered(session, lin, "sealed:x", now=NOW) == ""


def test_a_code_counts_once(records: Records) -> None:
    lin = add(records)
    enrol(records, lin)
    assert passes(records, lin, code(NOW)) == ""  # it was the one that confirmed the secret
    later = NOW + timedelta(seconds=30)
    assert passes(records, lin, code(later), at=later) == "code"
    assert passes(records, lin, code(later), at=later) == ""
    assert passes(records, lin, code(NOW), at=later) == ""  # an earlier one that would still fit
    assert passes(records, lin, "", at=later) == ""


def test_of_two_that_bring_the_same_code_at_once_one_comes_in(records: Records) -> None:
    lin = add(records)
    codes, later = enrol(records, lin), NOW + timedelta(minutes=5)
    for given in (code(later), codes[0]):
        gate = Barrier(2)

        def work(_: int, given: str = given, gate: Barrier = gate) -> str:
            gate.wait(timeout=600)
            return passes(records, lin, given, at=later)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(bool(each) for each in pool.map(work, range(2))) == [False, True]


def test_a_recovery_code_counts_once_and_is_written_down(records: Records) -> None:
    lin, wu = add(records), add(records, "wu")
    first, second, *_ = enrol(records, lin)
    assert passes(records, wu, first) == ""
    assert passes(records, lin, first.upper().replace("-", " ")) == "recovery"
    assert passes(records, lin, first) == ""
    with records.transaction() as session:
        assert factors.codes_left(session, lin.id) == factors.RECOVERY_CODES - 1
        assert audit.entries(session, limit=1)[0].detail == {"count": factors.RECOVERY_CODES - 1}
        factors.new_codes(session, lin, now=NOW)
    assert passes(records, lin, second) == ""


def test_a_change_of_the_factor_logs_out_all_other_browsers(records: Records) -> None:
    lin = add(records)
    with records.transaction() as session:
        here, there = (sessions.open_session(session, lin, now=NOW) for _ in range(2))
        factors.confirm(session, lin, SECRET, code(NOW), cookie=here, now=NOW)
        assert sessions.open_ones(session, [here, there], now=NOW) == {here}
        factors.remove(session, lin, who="system", now=NOW)
        assert sessions.open_ones(session, [here, there], now=NOW) == set()
        assert not factors.has(session, lin.id)
        assert factors.codes_left(session, lin.id) == 0


def test_neither_secret_nor_recovery_codes_can_be_read_in_the_records(records: Records) -> None:
    codes = enrol(records, add(records))
    with records.engine.connect() as connection:
        rows = [
            *connection.execute(text("SELECT * FROM second_factors")),
            *connection.execute(text("SELECT * FROM recovery_codes")),
        ]
    kept = repr(rows)
    assert SECRET not in kept
    assert not any(each.replace("-", "") in kept or each in kept for each in codes)


def test_a_lost_key_says_how_to_get_out(tmp_path: Path) -> None:
    with open_records(Settings(data_dir=tmp_path)) as records:
        lin = add(records)
        codes = enrol(records, lin)
    (tmp_path / "channel.key").unlink()
    with open_records(Settings(data_dir=tmp_path)) as records:
        with pytest.raises(RightsError, match="reset-factor lin"):
            passes(records, lin, "123456")
        assert passes(records, lin, codes[0]) == "recovery"
