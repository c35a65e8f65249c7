"""A disk that is full: one sentence, nothing lost, and after some room was made everything goes on.

The disk is a small file system of its own, where this may be mounted; else the size of files is limited.
"""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads import storage
from leads.actions.schedule import HouseKeeping
from leads.config import AuditSettings, Settings
from leads.records import audit, open_records
from tests.support.commands import SEEKER, Ran, finish, post_line, start, write_lines

MANY = 2000


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    words = ("牙龈", "智齿", "发炎", "松动", "冷热", "半夜", "吃药", "拔牙", "预约", "排队", "医生")

    def text(number: int) -> str:
        return f"{SEEKER}，{''.join(words[number * step % 11] for step in (1, 5, 7))}{number}号"

    records = [post_line(number, text(number)) for number in range(MANY)]
    return write_lines(tmp_path / "posts.jsonl", records)


def ingest(folder: Path, file: Path, most: int | None = None) -> Ran:
    """`most`: bytes that a file may have; beyond, writing fails as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the call fails (EFBIG) instead of killing us
        resource.setrlimit(resource.RLIMIT_FSIZE, (most or 0, resource.RLIM_INFINITY))

    return finish(start("ingest", str(file), cwd=folder, before=limit if most else None))


def held(folder: Path) -> int:
    with storage.open_index(Settings(data_dir=folder / "data")) as index:
        counts = index.counts()
        return counts["leads"] + counts["folded"]


def small_disk(folder: Path) -> bool:
    """A file system of 6 MB is there; not everybody may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0  # noqa: S603 - the system's own


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, int | None]]:
    folder = tmp_path / "disk"
    if small_disk(folder):
        yield folder, None
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - the system's own
    else:
        yield folder, 2 * 2**20


@pytest.mark.slow
def test_an_import_on_a_disk_that_fills_up_says_so_and_goes_on_when_there_is_room(
    disk: tuple[Path, int | None], posts: Path, tmp_path: Path
) -> None:
    folder, most = disk
    full = ingest(folder, posts, most)
    assert full.code == 4, full.said
    assert "磁盘" in full.said
    assert full.said.count("错误：") == 1
    assert "Traceback" not in full.err
    roomy = tmp_path / "roomy"
    if most is None:
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)  # noqa: S603, S607 - the system's own
        roomy = folder
    else:
        folder.rename(roomy)
    kept = held(roomy)
    again = ingest(roomy, posts)
    assert again.code == 0, again.said
    assert kept < held(roomy) == MANY


def test_the_audit_goes_by_age_and_what_is_left_holds_together(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, audit=AuditSettings(keep_days=200))
    now = datetime.now(UTC)
    with storage.open_index(settings) as index, open_records(settings) as records:
        for days in (400, 300, 201, 199, 1):
            with records.transaction() as session:
                audit.note(
                    session, who="lin", action="login", subject=str(days), now=now - timedelta(days=days)
                )
        HouseKeeping(settings, records, index, clock=lambda: now).purge()
        with records.transaction() as session:
            kept = [row.subject for row in audit.entries(session, limit=10, action="login")]
            state = audit.verify(session)
    assert kept == ["1", "199"]
    assert state.problem == ""
