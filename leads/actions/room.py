"""How much room the disk of the data folder has, and how long it lasts as it has been filling up."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from crawler import owner_only
from leads.config import DiskSettings

FILE = "room.jsonl"  # a line an hour: when, and how many bytes were free
KEPT = timedelta(days=8)
LEAST = timedelta(days=1)  # of history, below which a growth is chance
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes of the disk; `days` until it is full at the growth of the last week, None where it does not grow
    or that is not known yet."""

    free: int
    size: int
    days: float | None = None

    @property
    def percent(self) -> float:
        """How much of the disk is free, 0 to 100."""
        return 100 * self.free / self.size if self.size else 100.0

    def short(self, limits: DiskSettings) -> bool:
        """Somebody should make room before it is full."""
        soon = self.days is not None and self.days < limits.warn_days
        return self.percent < limits.warn_percent or soon


def sentence(room: Room) -> str:
    """What somebody is told who has to make room (zh-CN)."""
    days = f"，按最近的增长还能用 {room.days:.0f} 天" if room.days is not None else ""
    free = f"{room.free / 2**30:.1f} GB（{room.percent:.0f}%）"
    return f"数据目录所在的磁盘只剩 {free}{days}：请清理磁盘或换一块更大的，满了以后会停止采集和保存。"


def look(folder: Path, *, now: datetime) -> Room:
    """The room there is now. The folder need not exist yet; nothing is written."""
    existing = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    usage = shutil.disk_usage(existing)
    return Room(free=usage.free, size=usage.total, days=_days(_history(folder), usage.free, now))


def note(folder: Path, *, now: datetime) -> None:
    """Remember how much is free now. On a full disk nothing is remembered: then everybody knows."""
    free = shutil.disk_usage(folder).free
    kept = [each for each in _history(folder) if now - KEPT <= each[0] <= now]
    path = folder / FILE
    with suppress(OSError):
        owner_only.own(path)
        fresh = path.with_suffix(".tmp")
        fresh.write_bytes(b"".join(_line(*each) for each in (*kept, (now, free))))
        owner_only.own(fresh)
        fresh.replace(path)


def _line(at: datetime, free: int) -> bytes:
    return orjson.dumps({"at": at.astimezone(UTC).isoformat(timespec="seconds"), "free": free}) + b"\n"


def _history(folder: Path) -> list[tuple[datetime, int]]:
    """(when, bytes free), the oldest first; a line that cannot be read is passed over."""
    found = []
    with suppress(OSError):
        for line in (folder / FILE).read_bytes().splitlines():
            with suppress(ValueError, KeyError, TypeError):
                each = orjson.loads(line)
                found.append((datetime.fromisoformat(each["at"]), int(each["free"])))
    return sorted(found)


def _days(history: list[tuple[datetime, int]], free: int, now: datetime) -> float | None:
    """Days until nothing is free, by what was used since the oldest moment of the last week."""
    for at, was_free in history:
        if LEAST <= now - at <= KEPT:
            used = was_free - free
            return free / used * ((now - at) / _DAY) if used > 0 else None
    return None
