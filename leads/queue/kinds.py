"""What a queue is told: kinds of jobs and how each is carried out, and beats, which come by the clock.

To add a kind of job, write a `Kind` and hand it over with the others (`leads.actions.schedule.Crawls.kinds`);
ask for one with `leads.records.jobs.ask(session, kind, subject, …)`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from leads.errors import StorageError, TingzhenError
from leads.records.tables.jobs import Job


class Stop(threading.Event):
    """Set: end what is under way and raise `Again`. `at_once`: the job may be another machine's by now."""

    def __init__(self) -> None:
        super().__init__()
        self.at_once = False

    def lose(self) -> None:
        """End without finishing anything."""
        self.at_once = True
        self.set()


class Again(Exception):  # noqa: N818 - no error: the work goes on another time
    """The job was not ended and waits again; `at` is when."""

    def __init__(self, at: datetime, reason: str = "") -> None:
        super().__init__(reason)
        self.at, self.reason = at, reason


def _no_lock(_subject: str) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of job. `run(job, stop)` carries one out and returns when it is done.

    It raises `Again` to give it back, and a TingzhenError when it failed. A StorageError (a server is away,
    a process was killed) is tried again after each of `retries` in turn; another one fails for good. Running
    one twice, one after the other, must do no harm: a worker may die just before it says that it is done.
    """

    name: str  # at most 16 letters
    role: str  # which workers take it: "crawl", "tag" or "desk" (where the pages are)
    run: Callable[[Job, Stop], None]
    lock: Callable[[str], str] = _no_lock  # subject → what only one job at a time may use; "" is nothing
    retries: tuple[timedelta, ...] = ()

    def again(self, job: Job, error: TingzhenError, now: datetime) -> datetime | None:
        """When a job that failed is tried again; None: never."""
        if isinstance(error, StorageError) and job.failures < len(self.retries):
            return now + self.retries[job.failures]
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Something done by the clock, once each time, however many machines there are.

    A turn that was missed is made up for once; nothing overlaps itself.
    """

    name: str
    seconds: int
    run: Callable[[], None]
    role: str = "alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that may be done, and how much of it at a time here: role → number of jobs."""

    kinds: tuple[Kind, ...]
    beats: tuple[Beat, ...] = ()
    parallel: dict[str, int] = field(default_factory=dict)

    def taken(self, role: str) -> tuple[Kind, ...]:
        """The kinds that a role takes."""
        return tuple(kind for kind in self.kinds if kind.role == role)


class Runner(Protocol):
    """Who takes jobs and carries them out."""

    def start(self) -> None:
        """Begin; returns at once."""

    def stop(self) -> None:
        """End what is under way, give back the rest; returns when all is quiet."""

    def run_all(self) -> int:
        """Carry out jobs until none is due; how many. Not while it is started."""
