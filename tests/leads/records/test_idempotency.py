"""The same write asked for twice happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from leads.errors import ConflictError, InputError
from leads.records import Records, notes
from leads.records.idempotency import KEPT, Kept, keep, reserve
from tests.support.builders import NOW


def test_the_first_is_to_do_and_the_second_gets_its_answer(records: Records) -> None:
    with records.transaction() as session:
        assert reserve(session, "1:a", "hash", now=NOW) is None
        keep(session, "1:a", status=201, body="{}")
    with records.transaction() as session:
        assert reserve(session, "1:a", "hash", now=NOW) == Kept(status=201, body="{}")


def test_another_request_with_the_same_key_is_refused(records: Records) -> None:
    with records.transaction() as session:
        reserve(session, "1:a", "hash", now=NOW)
    with pytest.raises(ConflictError, match="请换一个"), records.transaction() as session:
        reserve(session, "1:a", "other", now=NOW)


def test_what_failed_may_be_tried_again(records: Records) -> None:
    with pytest.raises(InputError), records.transaction() as session:
        notes.add(session, "x", str(reserve(session, "1:a", "hash", now=NOW) or ""), who="lin", now=NOW)
    with records.transaction() as session:
        assert reserve(session, "1:a", "hash", now=NOW) is None


def test_a_day_later_the_key_is_free(records: Records) -> None:
    with records.transaction() as session:
        reserve(session, "1:a", "hash", now=NOW)
    with records.transaction() as session:
        assert reserve(session, "1:a", "other", now=NOW + KEPT) is None
    with pytest.raises(ConflictError), records.transaction() as session:
        reserve(session, "1:a", "hash", now=NOW + KEPT + timedelta(minutes=1))


def test_of_many_at_once_one_does_it(records: Records) -> None:
    start = Barrier(6)

    def ask(number: int) -> Kept | None:
        start.wait()
        with records.transaction() as session:
            kept = reserve(session, "1:a", "hash", now=NOW)
            if kept is None:
                notes.add(session, "forum/1", f"由 {number} 写", who="lin", now=NOW)
                keep(session, "1:a", status=201, body=str(number))
            return kept

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(6)))
    with records.reading() as session:
        (note,) = notes.of(session, "forum/1")
    doer = answers.index(None)
    assert note.text == f"由 {doer} 写"
    assert [each for each in answers if each is not None] == [Kept(status=201, body=str(doer))] * 5
