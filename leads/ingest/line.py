"""A crawl's end of its line to the intake: pages go over, and stay here until their answers come.

A crawl process imports this and `leads.ingest.letters` of all of `leads`: neither the models of texts nor a
store, which weigh more than the crawl itself.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from crawler.items import Post
from leads.errors import StorageError
from leads.ingest.letters import (
    Farewell,
    FromIntake,
    Gone,
    Greeting,
    PostsRead,
    Receipt,
    Trouble,
    Welcome,
)

HANDED = "TINGZHEN_INTAKE"  # "fd:7": the line that whoever started this crawl has laid for it
MOST_PAGES, MOST_POSTS = 64, 1024  # without an answer; beyond, the crawl waits
MOST_INTAKES = 3  # of our own, one after the other; what kills so many is in the posts
_HOME = Path(__file__).parents[2]  # where `leads` is, also for a crawl that found it by its folder
_log = logging.getLogger(__name__)


class Running:
    """An intake that was started. It ends when this is closed (or we are dead) and no crawl is left."""

    def __init__(self, environment: Mapping[str, str], log: IO[bytes] | None = None) -> None:
        paths = (str(_HOME), environment.get("PYTHONPATH", ""))
        self._door, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "leads.ingest.intake", str(theirs.fileno())],
                env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
            )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> socket.socket:
        """A crawl's end of a new line to it; of a dead one where it is dead, which the crawl notices."""
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):
            socket.send_fds(self._door, [b"+"], [theirs.fileno()])
        return ours

    def close(self) -> None:
        """No further line; returns when it has ended, which it does after the last of its crawls."""
        self._door.close()
        self._process.wait()


class IntakeLine:
    """To the intake that was handed to us, or to one of our own: where none was, and where it has died."""

    def __init__(
        self,
        greeting: Greeting,
        *,
        stored: Callable[[PostsRead, Receipt], None],
        moved: Callable[[int, int], None],
    ) -> None:
        """`stored` hears of each page that is durable. `moved` is told of the file number to listen at
        instead of another (-1: none): when it can be read, `take` is due.

        Raises:
            StorageError: the intake cannot work; the reason is its own (zh-CN).
        """
        self._greeting, self._stored, self._moved = greeting, stored, moved
        self._unanswered: deque[PostsRead] = deque()
        self._running: Running | None = None
        self._begun = 0
        handed = os.environ.get(HANDED, "")
        self._connection = Connection(int(handed.removeprefix("fd:")) if handed else self._start())
        moved(-1, self._connection.fileno())
        try:
            self._greet(greeting)
        except (EOFError, OSError):
            self._mend(greeting)

    def hand_over(self, posts: Sequence[Post]) -> None:
        """Send a page; waits while too many have no answer.

        Raises:
            StorageError: one intake after the other died.
        """
        page = PostsRead(posts=tuple(posts))
        self._unanswered.append(page)
        try:
            self._connection.send(page)
        except OSError:
            self._mend_midway()
        while self._crowded():
            self.take()

    def take(self) -> None:
        """Hear the next answer, waited for where there is none yet; raises StorageError."""
        try:
            answer: FromIntake = self._connection.recv()
        except (EOFError, OSError):
            self._mend_midway()
        else:
            self._hear(answer)

    def gone(self, ids: Sequence[str]) -> None:
        """These posts are deleted when this returns; raises StorageError."""
        self._ask(Gone(ids=tuple(ids)))

    def close(self) -> None:
        """Returns when all is stored and answered; raises StorageError where that cannot be."""
        try:
            self._ask(Farewell())
        finally:
            self._hang_up()
            if self._running:
                self._running.close()

    def _hang_up(self) -> None:
        if not self._connection.closed:
            self._moved(self._connection.fileno(), -1)
            self._connection.close()

    def _crowded(self) -> bool:
        waiting = self._unanswered
        return len(waiting) > MOST_PAGES or sum(len(page.posts) for page in waiting) > MOST_POSTS

    def _ask(self, letter: Gone | Farewell) -> None:
        while True:
            while self._unanswered:
                self.take()
            try:
                self._connection.send(letter)
                answer: FromIntake = self._connection.recv()
            except (EOFError, OSError):
                self._mend_midway()
            else:
                _believe(answer)
                return

    def _hear(self, answer: FromIntake) -> None:
        page = self._unanswered.popleft()
        if isinstance(answer, Receipt):
            self._stored(page, answer)
        elif isinstance(answer, Trouble):
            _log.error("%s", answer.reason)  # the page stays open, and the next run fetches it again

    def _greet(self, greeting: Greeting) -> None:
        self._connection.send(greeting)
        answer: FromIntake = self._connection.recv()
        _believe(answer)
        if isinstance(answer, Welcome):
            for warning in answer.warnings:
                _log.warning("%s", warning)

    def _mend_midway(self) -> None:
        # In the middle of a crawl its cursors are held against nothing: they move with it.
        self._mend(replace(self._greeting, coverage=""))

    def _mend(self, greeting: Greeting) -> None:
        """Another intake, and all that the dead one had not answered; what it had stored is stored again."""
        while True:
            _log.warning("the process that stores posts has ended: starting another")
            self._hang_up()
            self._connection = Connection(self._start())
            try:
                self._greet(greeting)
                for page in self._unanswered:
                    self._connection.send(page)
            except (EOFError, OSError):
                continue
            self._moved(-1, self._connection.fileno())
            return

    def _start(self) -> int:
        """The file number of a line to an intake of our own."""
        if self._running:
            self._running.close()
        if self._begun == MOST_INTAKES:
            raise StorageError("存帖子的进程一再中断：请看日志，检查内存和磁盘；重新运行会从断点继续。")
        self._begun += 1
        self._running = Running(os.environ)
        return self._running.line().detach()


def _believe(answer: FromIntake) -> None:
    """Raises StorageError with the intake's own reason."""
    if isinstance(answer, Trouble):
        raise StorageError(answer.reason)
