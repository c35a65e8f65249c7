"""The pages of forums, whatever the engine, and what their cursors are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crawler.coverage.tasks import Scope, Target, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardAt(Target):
    """A page of a board's list; `board` "" is the whole forum. `route` is archiver, desktop or rss where an
    engine has more than one."""

    board: str = ""
    route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadAt(Target):
    """A page of a thread, and what the list said of the thread when the task was made."""

    board: str = ""
    thread: str = ""
    route: str = ""
    title: str = ""
    replies: int | None = None
    last: str = ""  # time of the last post then, ISO 8601
    back: bool = False  # posts may have moved to an earlier page since it was read

    def single(self) -> str:
        return self.thread


def route_of(task: Task) -> str:
    """The route by which a list or a thread is read."""
    return task.at.route if isinstance(task.at, BoardAt | ThreadAt) else ""


def archived(at: Target) -> Target:
    """The same by the archiver."""
    return replace(at, route="archiver") if isinstance(at, BoardAt | ThreadAt) else at


TARGETS: Mapping[str, type[Target]] = {
    "list": BoardAt,
    "rss": BoardAt,
    "thread": ThreadAt,
    "back": ThreadAt,  # fetched only to look for posts that moved there
}
OPEN_ROUTE = Scope("open route")  # which of its routes a source with `route = "auto"` has found open


def thread_scope(thread: str) -> Scope:
    return Scope(f"thread:{thread}")
