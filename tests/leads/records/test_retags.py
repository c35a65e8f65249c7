"""Tagging anew, cut into pieces: each is one worker's at a time, and the last one ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leads.records import Records, retags
from leads.records.retags import LEASE, Piece, cut
from tests.support.builders import NOW


@pytest.mark.parametrize(
    ("hours", "pieces"),
    [
        ({}, ()),
        ({7: 4, 5: 3}, (Piece(since=5, until=8, leads=7),)),
        ({5: 6, 7: 6}, (Piece(since=5, until=6, leads=6), Piece(since=7, until=8, leads=6))),
        (
            {5: 25, 6: 2},
            (
                Piece(since=5, until=6, leads=9, part=0, parts=3),
                Piece(since=5, until=6, leads=8, part=1, parts=3),
                Piece(since=5, until=6, leads=8, part=2, parts=3),
                Piece(since=6, until=7, leads=2),
            ),
        ),
    ],
)
def test_hours_are_put_together_and_full_ones_cut(hours: dict[int, int], pieces: tuple[Piece, ...]) -> None:
    assert cut(hours, size=10) == pieces


def begun(records: Records, model: str = "a", pieces: int = 2) -> None:
    with records.transaction() as session:
        cut_up = [Piece(since=n, until=n + 1, leads=5) for n in range(pieces)]
        retags.begin(session, cut_up, model=model, who="cli", now=NOW)


def claimed(records: Records, worker: str, minutes: float = 0) -> int:
    """The first hour of the piece this worker got; -1 when none waits."""
    with records.transaction() as session:
        piece = retags.claim(session, worker=worker, now=NOW + timedelta(minutes=minutes))
        return -1 if piece is None else piece.since


def test_a_piece_is_one_workers_until_its_lease_runs_out(records: Records) -> None:
    begun(records)
    assert [claimed(records, name) for name in ("one", "two", "three")] == [1, 0, -1]
    later = LEASE.total_seconds() / 60 + 1
    assert claimed(records, "three", minutes=later) == 1
    with records.transaction() as session:
        assert not retags.renew(session, 2, worker="one", now=NOW)
        assert retags.renew(session, 2, worker="three", now=NOW)


def test_what_a_dead_worker_had_waits_again(records: Records) -> None:
    begun(records)
    claimed(records, "dead")
    with records.transaction() as session:
        assert retags.workers(session) == ("dead",)
        retags.release(session, ["dead"])
    assert claimed(records, "two") == 1


def test_the_last_piece_ends_it(records: Records) -> None:
    begun(records)
    for n in range(2):
        with records.transaction() as session:
            found = retags.latest(session)
            assert found is not None
            assert (found.leads, found.done, found.open_pieces, found.ended_at) == (10, 5 * n, 2 - n, None)
            piece = retags.claim(session, worker="one", now=NOW)
            assert piece is not None
            piece.changed = 3
            retags.finish(session, piece, now=NOW)
    with records.reading() as session:
        ended = retags.latest(session)
    assert ended is not None
    assert (ended.done, ended.changed, ended.open_pieces, ended.ended_at) == (10, 6, 0, NOW)


def test_one_that_was_interrupted_is_gone_on_with_unless_the_model_is_another(records: Records) -> None:
    begun(records)
    claimed(records, "one")
    begun(records, pieces=7)
    with records.reading() as session:
        found = retags.latest(session)
    assert found is not None
    assert (found.model, found.open_pieces) == ("a", 2)
    begun(records, model="b", pieces=7)
    with records.reading() as session:
        found = retags.latest(session)
    assert found is not None
    assert (found.model, found.open_pieces) == ("b", 7)


def test_nothing_stored_is_nothing_to_do(records: Records) -> None:
    begun(records, pieces=0)
    with records.reading() as session:
        found = retags.latest(session)
    assert found is not None
    assert (found.leads, found.ended_at) == (0, NOW)
