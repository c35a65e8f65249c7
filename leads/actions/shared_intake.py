"""One intake for all crawls that are started from here: it begins with the first and ends with the last."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from crawler.telemetry import logs
from leads.config import Settings, to_hand
from leads.ingest.line import Running
from leads.storage import data_dir


class SharedIntake:
    """A handle to the process that tags and stores (`leads.ingest.intake`); for any number of threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._users = 0
        self._running: Running | None = None
        self._scratch = ExitStack()  # what it reads its settings from

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Several crawls, one after the other, find it running in between."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._end()

    @contextmanager
    def line(self, log: IO[bytes]) -> Iterator[int]:
        """The file number of a crawl's end, to be handed to its process; `log` gets what goes wrong."""
        with self.in_use():
            with self._lock:
                if self._running is None or not self._running.alive:  # somebody may have killed it
                    self._end()
                    self._running = self._start(log)
                end = self._running.line()
            with closing(end):
                yield end.fileno()

    def _start(self, log: IO[bytes]) -> Running:
        scratch = Path(self._scratch.enter_context(TemporaryDirectory(prefix="tingzhen-")))
        folder = data_dir(self._settings)
        said = logs.handed(self._settings.log.format, self._settings.log.level)
        return Running({**os.environ, **handed(self._settings, folder, scratch), **said}, log)

    def _end(self) -> None:
        if self._running:
            self._running.close()
        self._running = None
        self._scratch.close()


def handed(settings: Settings, folder: Path, scratch: Path) -> dict[str, str]:
    """The variables by which a process gets the very settings we have, whatever file or variable they came
    from; they are written to a file in `scratch`."""
    given = settings.model_copy(update={"data_dir": folder.resolve()})
    path = scratch / "settings.json"
    path.touch(mode=0o600)  # it may hold a password
    path.write_text(to_hand(given), encoding="utf-8")
    return {"TINGZHEN_HANDED_SETTINGS": str(path)}
