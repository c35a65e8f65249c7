"""One server for all processes of a test run: the first that needs it starts it, the end of the run stops it.

`tests/conftest.py` opens the folder in the process that leads the run, whose workers inherit its address; it
closes it when the run ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

FOLDER = "TEST_SERVERS"  # the variable that tells workers where


@dataclass(frozen=True, slots=True)
class Started:
    """What a server is found by, and the command that ends it; none for what is no process."""

    address: str
    stop: Sequence[str] = ()


def open_folder() -> Path:
    """A folder that other users may enter: the servers refuse root."""
    folder = Path(mkdtemp(prefix="tingzhen-tests-"))
    folder.chmod(0o755)
    os.environ[FOLDER] = str(folder)
    return folder


def shared(name: str, start: Callable[[Path], Started]) -> str:
    """The address of what `start` started, in a folder of its own, when the first process asked for it."""
    root = Path(os.environ[FOLDER])
    said = root / f"{name}.json"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            folder = root / name
            shutil.rmtree(folder, ignore_errors=True)  # of somebody who tried and failed
            folder.mkdir(mode=0o755)
            started = start(folder)
            said.write_text(json.dumps([started.address, list(started.stop)]))
        address: str = json.loads(said.read_text())[0]
    return address


def close_folder(folder: Path) -> None:
    """End what was started, and remove what it wrote."""
    for said in folder.glob("*.json"):
        _, stop = json.loads(said.read_text())
        if stop:
            subprocess.run(stop, check=False, capture_output=True)  # noqa: S603 - what we wrote there
    for _ in range(100):  # a server may still write while it ends
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
