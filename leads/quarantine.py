"""Records that could not be read: kept in a file with their reason, so that nothing is lost silently."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import orjson

from crawler import owner_only
from leads.errors import StorageError
from nlp.pii import without_users


class Quarantine:
    """Appends one JSON line a rejected record; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._unsynced = False

    def add(self, *, origin: str, line: int | None, reason: str, raw: str, now: datetime) -> None:
        """`origin` is the file or source, `line` counts from 1.

        Raises:
            StorageError: the file cannot be written.
        """
        record = {
            "at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "origin": origin,
            "line": line,
            "reason": reason,
            "raw": without_users(raw.encode("utf-8", "replace").decode()),
        }
        try:
            owner_only.own(self.path)
            with self.path.open("ab") as file:
                file.write(orjson.dumps(record) + b"\n")
        except OSError as error:
            raise StorageError(
                f"隔离文件 {self.path} 写不进去（{error.strerror}）：请检查磁盘空间和权限。"
            ) from error
        self.count += 1
        self._unsynced = True

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
            raise StorageError(f"隔离文件 {self.path} 写不进去（{error.strerror}）：请检查磁盘。") from error
        self._unsynced = False
