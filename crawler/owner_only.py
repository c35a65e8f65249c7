"""Files and folders of ours are their owner's only: a clinic's texts and keys are nobody else's.

What older versions made with the modes of their day is mended when it is opened. Rights are taken away from
others, never given to anybody, so a folder that was made read-only stays so.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
FILE, FOLDER = 0o600, 0o700
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps with a database
# In a data folder; somebody may keep other things there.
_OURS = ("*.sqlite*", "*.jsonl*", "*.key", "*.log*", "*.lock", "elastic-spool*", "locks", "models", "uploads")


def own(path: Path) -> None:
    """This file, and what SQLite has beside it, for us only; made when it is not there.

    What cannot be done is left to whoever opens the file (it says why), and to `loose`.
    """
    with suppress(OSError):
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, FILE))
    for each in (path, *(path.with_name(path.name + end) for end in _BESIDE)):
        _close(each)


def mend(folder: Path) -> None:
    """The data folder and what is ours in it, for us only, as far as we may."""
    _close(folder)
    for each in _ours(folder):
        _close(each)


def loose(folder: Path) -> list[Path]:
    """The folder and what is ours in it, as far as others may read or write it."""
    return [each for each in (folder, *_ours(folder)) if _open_to_others(each)]


def _ours(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        for pattern in _OURS:
            for each in folder.glob(pattern):
                if not each.is_symlink():
                    yield each
                    yield from each.rglob("*") if each.is_dir() else ()


def _open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.lstat().st_mode) & UMASK)
    except OSError:
        return False


def _close(path: Path) -> None:
    with suppress(OSError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & UMASK:
            path.chmod(mode & ~UMASK)
