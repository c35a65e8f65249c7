"""Records that could not be read: kept in a file with their reason, so that nothing is lost silently."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson

from leads.errors import StorageError


class Quarantine:
    """Appends one JSON line a rejected record; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

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
            "raw": raw.encode("utf-8", "replace").decode(),
        }
        try:
            with self.path.open("ab") as file:
                file.write(orjson.dumps(record) + b"\n")
        except OSError as error:
            raise StorageError(
                f"隔离文件 {self.path} 写不进去（{error.strerror}）：请检查磁盘空间和权限。"
            ) from error
        self.count += 1
