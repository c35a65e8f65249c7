"""`scrapy …` as a process of its own that need not load its libraries again: forked from one that has.

Loading takes longer than most crawls of a replica. Each process has its folder, its environment and its
output, runs what `python -m scrapy` runs, and may be killed; the one it is forked from does nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.paths import ROOT

TIMEOUT = 600  # seconds; ends a hang and judges no speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a process left behind."""

    returncode: int
    stdout: str
    stderr: str


def start(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], out: str = os.devnull, err: str = os.devnull
) -> BaseProcess:
    """`scrapy` with these words, `words[0]` being its name; `out` and `err` are files."""
    process = _context().Process(target=_scrapy, args=(list(words), str(cwd), dict(env), out, err))
    process.start()
    return process


def run(words: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Ended:
    """The same to its end."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = start(words, cwd=cwd, env=env, out=str(out), err=str(err))
        process.join(TIMEOUT)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        assert code is not None, f"{words} runs on after {TIMEOUT} s"
        return Ended(returncode=code, stdout=out.read_text("utf-8"), stderr=err.read_text("utf-8"))


@cache
def _context() -> ForkServerContext:
    """With the process to fork from, started here; whatever folder a test is in, it finds our modules."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.site.loaded"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def _scrapy(words: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> None:
    """In the new process."""
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:] = [cwd, str(ROOT), *sys.path]  # as python -m would have it
    from scrapy.cmdline import execute  # the process of the tests itself needs no Scrapy

    execute(words)
