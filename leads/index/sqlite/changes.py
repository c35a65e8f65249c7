"""Whether the searchable leads of the file changed, and whether one was taken away, from `spread_log`."""

from __future__ import annotations

import sqlite3
from threading import Lock

from leads.index.stamp import Changes

# A row of the log whose lead is in `spread` no more; also when the log was cut beyond what was seen of it.
_GONE = (
    "SELECT EXISTS (SELECT 1 FROM spread_log WHERE stamp > ?1"
    " AND NOT EXISTS (SELECT 1 FROM spread WHERE spread.rowid = spread_log.row))"
    " OR (SELECT ifnull(min(stamp), 0) FROM spread_log) > ?1 + 1"
)


class ChangesSeen:
    """Of one index object; each look reads only what was written since the last one. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: int | None = None
        self._removed = 0

    def now(self, database: sqlite3.Connection) -> Changes:
        """As it is, other processes' writes included."""
        with self._lock:
            last = int(database.execute("SELECT ifnull(max(stamp), 0) FROM spread_log").fetchone()[0])
            if self._last is not None and last != self._last:
                self._removed += database.execute(_GONE, (self._last,)).fetchone()[0]
            self._last = last
            return Changes(last, self._removed)
