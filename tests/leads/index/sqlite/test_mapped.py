"""The columns on disk: used where they fit, noticed where they do not, rid of what was erased."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from leads.index.base import LeadIndex
from leads.index.sqlite import columns, mapped
from leads.index.sqlite.index import SqliteIndex
from leads.models import CaseMark, Lead, LeadQuery
from tests.support.builders import NEAR_WUHOU, NOW, lead, point, region

PLACES = (region("武侯区"), region("成都市"), point(30.645, 104.045), None)


@pytest.fixture(autouse=True)
def _small_files_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "WORTH", 10)


def written(number: int) -> Lead:
    return lead(number, f"牙疼第{number}天", hours=number * 3, place=PLACES[number % 4], need=number / 60)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index of fifty leads, its columns beside it."""
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([written(number) for number in range(50)])
    return tmp_path / "leads.sqlite"


def beside(path: Path) -> Path:
    return path.with_name("leads.sqlite-columns")


def answers(index: LeadIndex) -> list[object]:
    near = LeadQuery(near=NEAR_WUHOU)
    return [
        index.facets(LeadQuery()), index.facets(near), index.precisions(near), index.tiles(LeadQuery(), 9),
        [hit.lead.id for hit in index.search(near, now=NOW).items],
    ]  # fmt: skip


def read_anew(path: Path) -> list[object]:
    """From a copy of the index that has no columns beside it."""
    alone = path.parent / "alone" / path.name
    alone.parent.mkdir(exist_ok=True)
    for end in ("", "-wal"):
        source = Path(f"{path}{end}")
        if source.exists():
            shutil.copyfile(source, f"{alone}{end}")
    with SqliteIndex(alone) as index:
        found = answers(index)
    shutil.rmtree(alone.parent)
    return found


def reads_everything(path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a start reads the columns from the tables; its answers are right in any case."""
    asked: list[str] = []
    read = columns.Columns._read

    def told(self: columns.Columns, database: object, stamp: int, where: str, values: object) -> object:
        asked.append(where)
        return read(self, database, stamp, where, values)  # type: ignore[arg-type]

    expected = read_anew(path)
    with monkeypatch.context() as patch:
        patch.setattr(columns.Columns, "_read", told)
        with SqliteIndex(path) as index:
            assert answers(index) == expected
    return "" in asked


def test_a_start_maps_what_the_last_process_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert beside(path).stat().st_mode & 0o777 == 0o600
    assert not reads_everything(path, monkeypatch)


def test_what_was_written_since_is_added(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteIndex(path) as index:
        index.upsert([written(100)])
        index.delete(["forum/7"])
        index.set_case([CaseMark(lead_id="forum/8", status="seen", assignee="chen")])
    assert not reads_everything(path, monkeypatch)


def _cut(path: Path, _older: Path) -> None:
    beside(path).write_bytes(beside(path).read_bytes()[:-64])


def _page_of_zeros(path: Path, _older: Path) -> None:
    """What a power cut leaves of a page that was not yet on the disk."""
    raw = bytearray(beside(path).read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 256] = bytes(256)
    beside(path).write_bytes(raw)


def _empty(path: Path, _older: Path) -> None:
    beside(path).write_bytes(b"")


def _other_format(path: Path, _older: Path) -> None:
    beside(path).write_bytes(struct.pack("<Q", 7) + beside(path).read_bytes()[8:])


def _gone(path: Path, _older: Path) -> None:
    beside(path).unlink()


def _older_copy_that_went_another_way(path: Path, older: Path) -> None:
    """An index of before was put back under the columns of after, and is as long by now."""
    kept = beside(path).read_bytes()
    shutil.copyfile(older, path)
    with SqliteIndex(path) as index:
        index.upsert([written(number) for number in range(200, 260)])
    beside(path).write_bytes(kept)


def _of_another_index(path: Path, _older: Path) -> None:
    with SqliteIndex(path.parent / "other.sqlite") as index:
        index.upsert([written(number) for number in range(50)])
    shutil.copyfile(path.parent / "other.sqlite-columns", beside(path))


@pytest.mark.parametrize(
    "harm",
    [
        _cut, _page_of_zeros, _empty, _other_format, _gone, _older_copy_that_went_another_way,
        _of_another_index,
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_noticed_and_written_anew(
    path: Path, harm: Callable[[Path, Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    older = path.with_name("older.sqlite")
    shutil.copyfile(path, older)
    with SqliteIndex(path) as index:
        index.upsert([written(number) for number in range(100, 130)])
    harm(path, older)
    assert reads_everything(path, monkeypatch)
    assert not reads_everything(path, monkeypatch)


def rowid_of(path: Path, lead_id: str) -> bytes:
    with SqliteIndex(path) as index:
        row = index._reader.execute("SELECT rowid FROM leads WHERE id = ?", (lead_id,)).fetchone()
    return struct.pack("<q", row[0])


def test_an_erasure_reaches_the_file(path: Path) -> None:
    gone, stays = rowid_of(path, "forum/7"), rowid_of(path, "forum/8")
    assert gone in beside(path).read_bytes()
    with SqliteIndex(path) as index:
        index.delete(["forum/7"])
        index.scrub()
        assert gone not in beside(path).read_bytes()
        assert stays in beside(path).read_bytes()


def test_what_expired_leaves_the_file_within_a_day(path: Path) -> None:
    gone = rowid_of(path, "forum/49")
    with SqliteIndex(path) as index:
        index.expire(NOW - (NOW - written(48).post.published_at))
        index._db.execute("UPDATE tidied SET at = 0 WHERE what = 'words'")
        index.tidy(NOW)
        assert gone not in beside(path).read_bytes()


def test_a_file_that_another_process_began_before_an_erasure_never_comes(path: Path) -> None:
    raw = beside(path).read_bytes()
    with pytest.raises(FileNotFoundError), mapped.part(beside(path)) as begun:  # noqa: PT012 - all of it happens in between
        begun.write(raw)
        with SqliteIndex(path) as index:
            index.delete(["forum/7"])
            index.scrub()
        after = beside(path).read_bytes()
    assert beside(path).read_bytes() == after
    assert list(path.parent.glob("*.part")) == []


def test_where_nothing_can_be_written_the_answers_come_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_given: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    gone = rowid_of(path, "forum/7")
    monkeypatch.setattr(mapped, "write", full)
    with SqliteIndex(path) as index:
        index.upsert([written(number) for number in range(100, 130)])
        answers(index)
    assert "the next start reads them again" in caplog.text
    assert gone in beside(path).read_bytes()
    with SqliteIndex(path) as index:
        index.delete(["forum/7"])
        index.scrub()
    assert not beside(path).exists()  # no columns rather than those of somebody who is gone


def test_many_changes_while_a_process_runs_are_written_by_it(path: Path) -> None:
    before = beside(path).read_bytes()
    with SqliteIndex(path) as watching, SqliteIndex(path) as index:
        answers(watching)
        index.upsert([written(number) for number in range(100, 130)])
        answers(watching)
    assert beside(path).read_bytes() != before
    assert list(path.parent.glob("*.part")) == []
