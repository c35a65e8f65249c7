"""Power cuts: what is left of a folder when only the bytes that were synced are kept.

A program runs under strace; its calls are replayed into a model of the disk that knows, of each file, what
was written and what was synced. At a cut a file holds what it held at its last fsync, or nothing; making,
renaming and removing files is taken as done, in order, as journalled file systems do. `-shm` files live in
memory only. Relative paths start beside the folder, where the program is run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MARK = "answered"  # a file of this name: the program has just given somebody its word
_CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename,link"
_LINE = re.compile(r"(\d+)\s+(.*)")
_CALL = re.compile(r"(\w+)\((.*)")
_FD = re.compile(r"\d+<([^>]*)>")
_HEX_PATH = re.compile(r"<((?:\\x[0-9a-f]{2})+)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here: make strace")


@dataclass(slots=True)
class Disk:
    """Files by path below one folder, as written and as synced."""

    folder: str
    written: dict[str, bytearray] = field(default_factory=dict)
    synced: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """What stands in a folder now, all of it synced."""
        disk = cls(str(folder))
        for file in folder.rglob("*") if folder.exists() else ():
            if file.is_file() and disk.holds(str(file)):
                disk.written[str(file)] = bytearray(file.read_bytes())
                disk.synced[str(file)] = file.read_bytes()
        return disk

    def holds(self, path: str) -> bool:
        return path.startswith(self.folder + "/") and not path.endswith("-shm")

    def restore(self, target: Path) -> None:
        """What a cut now would leave, as files below `target`."""
        shutil.rmtree(target, ignore_errors=True)
        for path in self.written:
            file = target / Path(path).relative_to(self.folder)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self.synced.get(path, b""))

    def apply(self, name: str, rest: str) -> str:
        """One call; what it was: "sync", "mark" or ""."""
        texts = [_plain(each) for each in _TEXT.findall(rest)]
        match = _FD.match(rest)
        path = match[1] if match else ""
        if name in ("pwrite64", "write", "ftruncate", "fsync", "fdatasync"):
            return self._touch(name, path, rest, texts) if self.holds(path) else ""
        paths = [str(Path(self.folder).parent / each.decode()) for each in texts]
        if name == "openat" and paths:
            return self._open(paths[0], rest)
        if name == "unlink" and paths:
            self._remove(paths[0])
        elif name in ("rename", "link") and len(paths) == 2:
            self._move(*paths, keep=name == "link")
        return ""

    def _touch(self, name: str, path: str, rest: str, texts: Sequence[bytes]) -> str:
        content = self.written.setdefault(path, bytearray())
        if name in ("fsync", "fdatasync"):
            self.synced[path] = bytes(content)
            return "sync"
        numbers = re.findall(r", (\d+)", rest)
        if name == "ftruncate":
            size = int(numbers[0])
            del content[size:]
            content.extend(bytes(size - len(content)))
            return ""
        at = int(numbers[-1]) if name == "pwrite64" else len(content)
        content.extend(bytes(max(0, at - len(content))))
        content[at : at + len(texts[0])] = texts[0]
        return ""

    def _open(self, path: str, rest: str) -> str:
        if not self.holds(path) or " = -1" in rest:
            return ""
        if "O_TRUNC" in rest or ("O_CREAT" in rest and path not in self.written):
            self.written[path] = bytearray()
        return "mark" if path.endswith("/" + MARK) and "O_CREAT" in rest else ""

    def _remove(self, path: str) -> None:
        self.written.pop(path, None)
        self.synced.pop(path, None)

    def _move(self, old: str, new: str, *, keep: bool) -> None:
        if not self.holds(old) or old not in self.written or (keep and new in self.written):
            return
        self.written[new] = bytearray(self.written[old])
        self.synced[new] = self.synced.get(old, b"")
        if not keep:
            self._remove(old)


def trace(
    command: Sequence[str], folder: Path, *, cwd: Path, env: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Run a program to its end; its calls, in order."""
    log = folder.parent / (folder.name + ".trace")
    strace = ["strace", "-f", "-y", "-xx", "-s", "400000", "-e", f"trace={_CALLS}", "-o", str(log)]
    ran = subprocess.run(  # noqa: S603 - our own program
        [*strace, *command], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, timeout=600
    )
    assert ran.returncode in (0, 5), ran.stderr.decode()[-2000:]
    with log.open(encoding="ascii") as lines:
        return list(_calls(lines))


def cuts(
    calls: Sequence[tuple[str, str]], disk: Disk, target: Path, *, kind: str = "sync", most: int = 30
) -> Iterator[int]:
    """The folder as cuts after calls of this kind ("sync" or "mark") leave it, at `target`: at most so many
    cuts, spread evenly over all there are, each by its number."""
    there = sum(_is(kind, *call) and disk.holds(_path(call[1])) for call in calls)
    chosen = {there * each // most for each in range(most)} | {there - 1}
    number = 0
    for name, rest in calls:
        if disk.apply(name, rest) == kind:
            if number in chosen or kind == "mark":
                disk.restore(target)
                yield number
            number += 1


def _is(kind: str, name: str, rest: str) -> bool:
    return kind == "sync" and name in ("fsync", "fdatasync")


def _path(rest: str) -> str:
    match = _FD.match(rest)
    return match[1] if match else ""


def _calls(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Calls that another thread interrupted stand on two lines: they count from where they end."""
    open_calls: dict[str, str] = {}
    for line in lines:
        match = _LINE.match(line)
        if not match:
            continue
        pid, said = match[1], match[2]
        if said.endswith("<unfinished ...>"):
            open_calls[pid] = said.removesuffix("<unfinished ...>")
            continue
        if said.startswith("<..."):
            said = open_calls.pop(pid, "") + said.partition("resumed>")[2]
        call = _CALL.match(said)
        if call and ") = -1 " not in said[-200:]:
            yield call[1], _HEX_PATH.sub(lambda path: f"<{_plain(path[1]).decode()}>", call[2], count=1)


def _plain(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
