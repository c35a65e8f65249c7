"""Worker processes for the tests that kill them, one after the other: each is forked from a process that has
loaded what it needs, `python -m tests.support.delivering FOLDER RECORDS`, when that reads a line.

A worker says its process id when it is at work; its end is said by the word "ended".
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leads.alerts.outbox.worker import Worker
from leads.config import AlertSettings, Settings
from leads.records import open_records
from tests.support.paths import ROOT


def settings(folder: Path, address: str = "sqlite") -> Settings:
    return Settings(data_dir=folder, records=address, alerts=AlertSettings(private_addresses=True))


class Workers:
    """What tests hold of that process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def start(self) -> int:
        """Another worker, at work; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return int(self._line())

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        assert self._line() == b"ended\n"

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def workers(folder: Path, address: str) -> Iterator[Workers]:
    command = [sys.executable, "-m", "tests.support.delivering", str(folder), address]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own module
        yield Workers(process)


def work(chosen: Settings) -> None:
    with open_records(chosen) as records:
        worker = Worker(records, chosen)
        worker.start()
        print(os.getpid(), flush=True)
        while True:
            time.sleep(3600)


def main() -> None:
    chosen = settings(Path(sys.argv[1]), sys.argv[2])
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(chosen)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
