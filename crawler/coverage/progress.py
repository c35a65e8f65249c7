"""Progress of a running crawl for whoever watches: one JSON line an event, on a file or a file descriptor.

`tingzhen crawl` starts the crawl as a subprocess and reads these lines; without TINGZHEN_PROGRESS nothing
is written. Values are counts, keys and reasons, never text of posts.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from crawler import owner_only

logger = logging.getLogger(__name__)


class Progress:
    """Call it with an event's name and values. A reader that goes away ends the writing, not the crawl."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd

    @classmethod
    def open(cls, target: str) -> Progress:
        """`target` is "" (nothing), "-" (standard output), "fd:N", or a path to append to."""
        if not target:
            return cls(None)
        if target == "-":
            return cls(1)
        if target.startswith("fd:") and target[3:].isdigit():
            return cls(int(target[3:]))
        return cls(os.open(Path(target), os.O_WRONLY | os.O_CREAT | os.O_APPEND, owner_only.FILE))

    def __call__(self, event: str, values: dict[str, object]) -> None:
        if self._fd is None:
            return
        line = json.dumps({"event": event, **values}, ensure_ascii=False) + "\n"
        try:
            os.write(self._fd, line.encode("utf-8", "replace"))
        except OSError as error:
            logger.warning("progress is no longer written: %s", error)
            self._fd = None
