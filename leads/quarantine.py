"""Records that could not be read: kept in a file with their reason, so that nothing is lost silently."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

import orjson

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.errors import StorageError
from nlp.pii import without_users

SHORTEST = 12  # letters, digits and characters; fewer would be found in other people's records, too
_ERASED = orjson.dumps({"reason": "已按要求删除", "raw": ""})
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_NO_WORD = re.compile(r"\W+")


class Quarantine:
    """Appends one JSON line a rejected record; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._unsynced = False

    def add(
        self,
        *,
        origin: str,
        line: int | None,
        reason: str,
        raw: str,
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """`origin` is the file or source, `line` counts from 1. With `until` the record is kept as it came,
        and no longer (`prune`).

        Raises:
            StorageError: the file cannot be written.
        """
        record = {
            "at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "origin": origin,
            "line": line,
            "reason": reason,
            "raw": raw if until else without_users(raw.encode("utf-8", "replace").decode()),
        }
        if until:
            record["until"] = until.astimezone(UTC).isoformat(timespec="seconds")
        try:
            owner_only.own(self.path)
            with self.path.open("ab") as file:
                file.write(orjson.dumps(record) + b"\n")
        except OSError as error:
            raise StorageError(
                f"隔离文件 {self.path} 写不进去（{os_reason(error)}）：请检查磁盘空间和权限。"
            ) from error
        self.count += 1
        self._unsynced = True

    def erase(self, known: Collection[str]) -> int:
        """Records that say one of these (an id, an address, a text) say nothing any more; how many.

        In place, byte for byte: whoever appends meanwhile loses nothing, and nothing is left on disk.

        Raises:
            StorageError: the file cannot be read or written.
        """
        wanted = {each for each in map(_bare, known) if len(each) >= SHORTEST}
        if not wanted:
            return 0

        def says(line: bytes) -> bool:
            raw = _raw(line)
            return bool(raw) and any(each in raw for each in wanted)

        return self._overwrite(says)

    def prune(self, now: datetime) -> int:
        """Records whose time is over say nothing any more; how many. Raises as `erase`."""
        return self._overwrite(lambda line: _over(line, now))

    def _overwrite(self, doomed: Callable[[bytes], bool]) -> int:
        if not self.path.exists():
            return 0
        count = 0
        try:
            with self.path.open("r+b") as file:
                while line := file.readline():
                    if doomed(line):
                        file.seek(-len(line), os.SEEK_CUR)
                        file.write(_ERASED.ljust(len(line) - 1)[: len(line) - 1] + b"\n")
                        count += 1
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"隔离文件 {self.path} 改不了（{os_reason(error)}）：请检查权限。") from error
        return count

    def sync(self) -> None:
        """What was added is on disk afterwards; called once a batch.

        Raises:
            StorageError: the disk refuses.
        """
        if not self._unsynced:
            return
        try:
            with self.path.open("ab") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"隔离文件 {self.path} 写不进去（{os_reason(error)}）：请检查磁盘。"
            ) from error
        self._unsynced = False


def _raw(line: bytes) -> str:
    """What a line holds of a record, as `_bare` writes it; "" for a line that is none."""
    try:
        raw = orjson.loads(line)["raw"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return _bare(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(raw)))


def _over(line: bytes, now: datetime) -> bool:
    """The time of a record that was kept for a time is over."""
    try:
        return datetime.fromisoformat(orjson.loads(line)["until"]) <= now
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return False


def _bare(text: str) -> str:
    """Letters, digits and characters only: signs are escaped in one file and not in the other."""
    return _NO_WORD.sub("", re.sub(r"\\[nrt]", "", text)).lower()
