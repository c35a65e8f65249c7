"""Room on the disk: what is left, how long it lasts, and when somebody is told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from leads.actions import room
from leads.actions.room import Room
from leads.alerts.triggers import crowded
from leads.config import DiskSettings
from leads.records import Records
from leads.records.tables.alerts import Alert
from tests.support.outbox_people import NOW, channel, person

GB = 2**30


def remembered(folder: Path, *moments: tuple[float, int]) -> None:
    """(days ago, bytes free) as the file of an installation has them."""
    lines = [
        json.dumps({"at": (NOW - timedelta(days=ago)).isoformat(), "free": free}) for ago, free in moments
    ]
    (folder / room.FILE).write_text("\n".join(["no line of ours", *lines]) + "\n", encoding="utf-8")


def test_days_left_go_by_what_was_used_since_the_oldest_moment_of_a_week(tmp_path: Path) -> None:
    free = room.look(tmp_path, now=NOW).free
    remembered(tmp_path, (20, 100 * free), (4, 3 * free), (1, 1))
    days = room.look(tmp_path, now=NOW).days
    assert days == pytest.approx(2.0, rel=0.05)  # two parts in four days; others use the disk meanwhile


def test_a_disk_that_does_not_fill_up_or_is_hardly_known_lasts(tmp_path: Path) -> None:
    assert room.look(tmp_path, now=NOW).days is None
    remembered(tmp_path, (0.5, 2**60))
    assert room.look(tmp_path, now=NOW).days is None
    remembered(tmp_path, (4, 0))
    assert room.look(tmp_path, now=NOW).days is None


def test_what_is_remembered_stays_a_week_and_is_its_owners(tmp_path: Path) -> None:
    remembered(tmp_path, (20, 1), (4, 2))
    room.note(tmp_path, now=NOW)
    file = tmp_path / room.FILE
    assert [json.loads(line)["free"] for line in file.read_text("utf-8").splitlines()][:-1] == [2]
    assert file.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_yet_has_the_room_of_its_parent(tmp_path: Path) -> None:
    assert room.look(tmp_path / "a" / "b", now=NOW).size == room.look(tmp_path, now=NOW).size


@pytest.mark.parametrize(
    ("found", "short"),
    [
        (Room(free=11 * GB, size=100 * GB), False),
        (Room(free=9 * GB, size=100 * GB), True),
        (Room(free=50 * GB, size=100 * GB, days=6.0), True),
        (Room(free=50 * GB, size=100 * GB, days=8.0), False),
    ],
)
def test_ten_per_cent_or_a_week_are_when_to_say_so(found: Room, short: bool) -> None:
    assert found.short(DiskSettings()) == short
    assert not found.short(DiskSettings(warn_percent=0, warn_days=0))


def test_admins_hear_of_it_once_a_day(records: Records) -> None:
    with records.transaction() as session:
        channel(session, person(session, "lin"))
        channel(session, person(session, "chen", role="marketer"))
    said = room.sentence(Room(free=3 * GB, size=100 * GB, days=4.2))
    assert crowded.tell(records, "", now=NOW) == 0
    assert crowded.tell(records, said, now=NOW) == 1
    assert crowded.tell(records, said, now=NOW + timedelta(hours=5)) == 0
    assert crowded.tell(records, said, now=NOW + timedelta(hours=24)) == 1
    with records.reading() as session:
        told = session.scalars(select(Alert)).first()
    assert told is not None
    assert told.payload["lines"] == [
        "数据目录所在的磁盘只剩 3.0 GB（3%），按最近的增长还能用 4 天："
        "请清理磁盘或换一块更大的，满了以后会停止采集和保存。"
    ]
