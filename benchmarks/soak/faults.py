"""What goes wrong in a soak: each fault lasts a while, and is over when its function returns."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.soak.program import Program

LASTS = 8.0  # seconds
BACK = timedelta(minutes=90)  # that the clock is set back


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where faults are made: the program under test, its folder, and chance."""

    program: Program
    folder: Path  # on a file system of its own
    chance: random.Random
    lasts: float = LASTS


def killed_server(stage: Stage) -> None:
    """`serve` is killed and started again."""
    stage.program.kill()
    stage.program.start()


def killed_child(stage: Stage) -> None:
    """A process that `serve` started (a crawl, or the one that stores for all) is killed, if there is one."""
    end = time.monotonic() + stage.lasts
    while time.monotonic() < end:
        children = list(descendants(stage.program.pid))
        if children:
            with suppress(ProcessLookupError):
                os.kill(stage.chance.choice(children), signal.SIGKILL)
            return
        time.sleep(0.05)  # a child lives for seconds


def full_disk(stage: Stage) -> None:
    """Nothing more can be written."""
    ballast = stage.folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            with suppress(OSError):  # that is the point
                while True:
                    file.write(bytes(1 << 20))
            with suppress(OSError):
                while True:
                    file.write(bytes(512))
        time.sleep(stage.lasts)
    finally:
        ballast.unlink()


def dead_index(stage: Stage) -> None:
    """The index's file is held by somebody else."""
    with closing(
        sqlite3.connect(stage.program.data / "leads.sqlite", isolation_level=None, timeout=60)
    ) as held:
        held.execute("BEGIN IMMEDIATE")
        time.sleep(stage.lasts)
        held.execute("ROLLBACK")


def slow_disk(stage: Stage) -> None:
    """Every sync takes a fifth of a second."""
    words = (
        "strace",
        "-f",
        "-qq",
        "-p",
        str(stage.program.pid),
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
    )
    tracer = subprocess.Popen([*words, "-e", "inject=fsync,fdatasync:delay_enter=200000"])  # noqa: S603 - our words
    time.sleep(stage.lasts)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(timeout=60)


def clock_back(stage: Stage) -> None:
    """The clock is set back, and after a while put right."""
    stage.program.clock.shift(-BACK)
    time.sleep(stage.lasts)
    stage.program.clock.shift(BACK)


FAULTS: dict[str, Callable[[Stage], None]] = {
    "killed server": killed_server,
    "killed child": killed_child,
    "full disk": full_disk,
    "dead index": dead_index,
    "slow disk": slow_disk,
    "clock back": clock_back,
}


def descendants(pid: int) -> Iterator[int]:
    """All processes that this one started, and theirs."""
    tasks = Path(f"/proc/{pid}/task")
    with suppress(OSError):
        for task in tasks.iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))
