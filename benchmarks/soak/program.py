"""The program under test: `tingzhen serve` as a user starts it, on a clock that can be set; and its size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import libfaketime

TINGZHEN = Path(sys.executable).with_name("tingzhen")
LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
READY_SECONDS = 300
SAMPLES = 120  # one a second: shorter lives are still warming up
GROWTH = 1.25  # of the last third of a life over the middle one


@dataclass(slots=True)
class WallClock:
    """What time it is for the program: ours and an offset, read from a file once a second."""

    file: Path
    offset: timedelta = timedelta()

    def __post_init__(self) -> None:
        self._write()

    def shift(self, by: timedelta) -> None:
        self.offset += by
        self._write()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def env(self) -> dict[str, str]:
        """For processes that live by it. Only the wall clock is moved, as somebody does who sets it."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def _write(self) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{self.offset.total_seconds():+.0f}")
        fresh.replace(self.file)


@dataclass(slots=True)
class Life:
    """One process from start to end: memory and handles as they were seen."""

    pid: int
    megabytes: list[float] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)

    def look(self) -> None:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
            handles = len(list(Path(f"/proc/{self.pid}/fd").iterdir()))
        except OSError:
            return
        rss = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")), None)
        if rss is not None:
            self.megabytes.append(int(rss) / 1024)
            self.handles.append(handles)

    def grown(self) -> tuple[float, float] | None:
        """Memory and handles of the last third by those of the middle one; None: too short a life."""
        if len(self.megabytes) < SAMPLES:
            return None
        third = len(self.megabytes) // 3
        return (
            median(self.megabytes[-third:]) / median(self.megabytes[third : 2 * third]),
            median(self.handles[-third:]) / median(self.handles[third : 2 * third]),
        )


@dataclass(slots=True)
class Program:
    """`serve` in `folder`, whose settings stand in its tingzhen.toml."""

    folder: Path
    data: Path
    port: int
    clock: WallClock
    lives: list[Life] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers.

        Raises:
            SystemExit: it ended, or does not answer.
        """
        log = (self.folder / "serve.log").open("ab")
        env = {**os.environ, **self.clock.env(), "PYTHONPATH": str(Path.cwd())}
        words = [str(TINGZHEN), "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(words, cwd=self.folder, env=env, stdout=log, stderr=log)  # noqa: S603 - ours
        log.close()
        self.lives.append(Life(self.pid))
        end = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"serve does not answer: see {self.folder / 'serve.log'}")
            time.sleep(0.2)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=60)

    def stop(self) -> int:
        """As Ctrl+C does; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=300)

    @contextmanager
    def watched(self, seconds: float) -> Iterator[None]:
        """Its size is noted every so many seconds."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(seconds):
                self.lives[-1].look()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
