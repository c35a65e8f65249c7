"""The spool: what was acknowledged comes back once, in order, whatever happened between. No server needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from leads.errors import StorageError
from leads.index.elastic import spool as module
from leads.index.elastic.spool import Spool
from leads.models import Lead, Mention
from tests.support.builders import lead, mention


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool.jsonl")


def replayed(spool: Spool) -> list[list[str]]:
    out: list[list[str]] = []

    def write(leads: list[Lead], mentions: list[Mention]) -> None:
        out.append([item.id for item in (*leads, *mentions)])

    spool.replay(write)
    return out


def test_batches_come_back_in_order_and_once(spool: Spool) -> None:
    spool.append([lead(1), lead(2)], [])
    spool.append([], [mention(3)])
    assert replayed(spool) == [["forum/1", "forum/2"], ["forum/3#anhe"]]
    assert spool.empty()
    assert replayed(spool) == []


def test_records_are_what_they_were(spool: Spool) -> None:
    spool.append([lead(1)], [mention(2)])
    got: list[object] = []
    spool.replay(lambda leads, mentions: got.extend([*leads, *mentions]))
    assert got == [lead(1), mention(2)]


def test_a_failure_keeps_the_rest(spool: Spool, tmp_path: Path) -> None:
    for number in range(4):
        spool.append([lead(number)], [])
    seen: list[str] = []

    def fail_at_two(leads: list[Lead], mentions: list[Mention]) -> None:
        if leads[0].id == "forum/2":
            raise StorageError("away")
        seen.append(leads[0].id)

    with pytest.raises(StorageError, match="away"):
        spool.replay(fail_at_two)
    assert seen == ["forum/0", "forum/1"]
    spool.append([lead(9)], [])
    assert replayed(Spool(tmp_path / "spool.jsonl")) == [["forum/2"], ["forum/3"], ["forum/9"]]


def test_a_line_cut_short_by_a_crash_is_dropped(spool: Spool, tmp_path: Path) -> None:
    spool.append([lead(1)], [])
    with (tmp_path / "spool.jsonl").open("ab") as file:
        file.write(b'{"leads": [{"po')
    spool.append([lead(2)], [])
    assert replayed(spool) == [["forum/1"], ["forum/2"]]


def test_a_full_spool_says_so(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    spool.append([lead(1)], [])
    with pytest.raises(StorageError, match="已满"):
        spool.append([lead(2)], [])


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="读写不了"):
        Spool(tmp_path / "no" / "spool.jsonl").append([lead(1)], [])
