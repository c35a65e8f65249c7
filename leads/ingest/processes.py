"""Processes that tag beside this one, which goes on reading and storing.

Each loads a tagger of its own (nothing of it can be sent over) and ends when this process is gone, however it
went. What is asked comes back in the order in which it was asked, whoever was first.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from leads.errors import StorageError
from nlp import Tagger
from nlp.models import OwnWords

Given = TypeVar("Given")
Made = TypeVar("Made")
AHEAD = 2  # pieces a process has before it, one of them in its hands: it never waits, and memory stays flat
_tagger: Tagger | None = None  # of a process that tags


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TagProcesses:
    """`count` processes with the intent model of this folder and a clinic's own words; started when the first
    piece of work comes. Use as a context."""

    def __init__(self, count: int, *, model: Path, own: OwnWords) -> None:
        self._count, self._model, self._own = count, model, own
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> TagProcesses:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def over(
        self, work: Callable[[Tagger, Given], Made], pieces: Iterable[Given]
    ) -> Iterator[tuple[Given, Made]]:
        """Each piece with what `work`, a function of a module, makes of it, in the order of `pieces`.

        Where `pieces` breaks on the way, what came before is answered first, then its error is raised.

        Raises:
            StorageError: a process was ended by somebody else (out of memory, perhaps).
        """
        asked: deque[tuple[Given, Future[Made]]] = deque()
        broken: Exception | None = None
        source = iter(pieces)
        while True:
            try:
                while broken is None and len(asked) < self._count * AHEAD:
                    piece = next(source)
                    asked.append((piece, self._submit(work, piece)))
            except Exception as error:  # of the source; StopIteration, too
                broken = error
            if not asked:
                break
            first, made = asked.popleft()
            yield first, _made(made)
        if broken is not None and not isinstance(broken, StopIteration):
            raise broken

    def _submit(self, work: Callable[[Tagger, Given], Made], piece: Given) -> Future[Made]:
        if self._pool is None:
            # Fresh interpreters: a fork of a process with threads (the desk's) may stand still for ever.
            self._pool = ProcessPoolExecutor(
                self._count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._model, self._own),
            )
        return self._pool.submit(_answer, work, piece)


def _made(future: Future[Made]) -> Made:
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise StorageError(
            "打标签的进程被中断了，可能是内存不够：已存的都在，请用 --workers 1 重新运行。"
        ) from error


def _begin(model: Path, own: OwnWords) -> None:
    global _tagger
    # Who stops the terminal's whole group stops the process that stores; we end with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _tagger = Tagger.load(model, own)
    gc.freeze()  # as leads.storage.open_tagger does


def _end_with_parent() -> None:
    """One that is killed says nothing: the queue between us would be waited at for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(work: Callable[[Tagger, Given], Made], piece: Given) -> Made:
    if _tagger is None:
        raise RuntimeError("this process has not begun")
    return work(_tagger, piece)
