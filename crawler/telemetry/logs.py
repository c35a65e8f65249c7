"""Logs of all our processes, set up here and nowhere else: lines for people, or JSON with the run's id.

What libraries log goes the same way. An exception is logged as its type and where it happened, never with
what it says: that may be a post, a name or a token. Telephone numbers and addresses are masked in any line.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict

from crawler import owner_only

Form = Literal["auto", "json", "text"]
FORM, RUN, LEVEL = "TINGZHEN_LOG_FORMAT", "TINGZHEN_RUN", "TINGZHEN_LOG_LEVEL"
_DAY = 24 * 3600
_FRAMES = 8  # the innermost ones
_PRIVATE = re.compile(
    r"(?<![\w.])1[3-9]\d{9}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII
)
_about: dict[str, str] = {}  # of this process: its run, and whose child it is


def begin(
    kind: str, *, form: Form, level: str, file: RotatingLog | None = None, whole_errors: bool = False
) -> None:
    """Log to standard error, and to `file`; to be called again, the last call counts.

    `kind` names the run ("serve", "crawl"); who started us is in the environment.
    """
    name_run(kind)
    end()
    json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    handlers: list[logging.Handler] = [_ToStderr()]
    handlers[0].setFormatter(_formatter(json=json))
    if file is not None:
        file.setFormatter(_formatter(json=True))
        handlers.append(file)
    for handler in handlers:
        handler.setLevel(level.upper())  # Scrapy opens the root for everything
        logging.root.addHandler(handler)
    logging.root.setLevel(level.upper())
    # Whoever asked for `--debug` sees what ended the program, and looks at it alone.
    sys.excepthook = sys.__excepthook__ if whole_errors else _uncaught


def end() -> None:
    """Take away what `begin` set up."""
    for handler in [each for each in logging.root.handlers if isinstance(each, _ToStderr | RotatingLog)]:
        logging.root.removeHandler(handler)
        handler.close()


def as_told(kind: str) -> bool:
    """Log as whoever started this process has named in its environment; whether anybody has."""
    form = os.environ.get(FORM, "")
    if form:
        begin(kind, form="json" if form == "json" else "text", level=os.environ.get(LEVEL, "WARNING"))
    return bool(form)


def handed(form: Form, level: str) -> dict[str, str]:
    """The variables by which a process that we start logs as we do, into a file."""
    parent = {RUN: _about["run"]} if "run" in _about else {}
    return {FORM: "json" if form == "auto" else form, LEVEL: level.upper(), **parent}


def name_run(kind: str) -> None:
    """This process's run has a new id."""
    _about.clear()
    _about["run"] = f"{kind}-{secrets.token_hex(4)}"
    if os.environ.get(RUN):
        _about["parent"] = os.environ[RUN]


@contextmanager
def within(**about: str) -> Iterator[None]:
    """All lines of what is done inside, in this thread or task, say this too: a request's id."""
    with structlog.contextvars.bound_contextvars(**about):
        yield


class RotatingLog(RotatingFileHandler):
    """A file that begins anew each day and beyond a size; older ones stay, so many and so long."""

    def __init__(self, path: Path, *, max_mb: float, keep_files: int, keep_days: int) -> None:
        owner_only.own(path)
        most = max(1, int(max_mb * 2**20))
        super().__init__(path, maxBytes=most, backupCount=keep_files, encoding="utf-8", delay=True)
        self._path, self._keep_days = path, keep_days

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the library's name
        return self._of_an_earlier_day() or bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        super().doRollover()
        owner_only.own(self._path)
        oldest = time.time() - self._keep_days * _DAY
        for each in self._path.parent.glob(f"{self._path.name}.*"):
            with suppress(OSError):
                if each.stat().st_mtime < oldest:
                    each.unlink()

    def begin_anew_if_due(self) -> None:
        """For a file that other processes write: between two of them."""
        with suppress(OSError):
            if self._path.stat().st_size >= self.maxBytes or self._of_an_earlier_day():
                self.doRollover()
                self.close()

    def _of_an_earlier_day(self) -> bool:
        with suppress(OSError):
            found = self._path.stat()
            return found.st_size > 0 and int(found.st_mtime // _DAY) < int(time.time() // _DAY)
        return False


class _ToStderr(logging.StreamHandler[TextIO]):
    """To what standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _formatter(*, json: bool) -> logging.Formatter:
    render = structlog.processors.JSONRenderer(ensure_ascii=False) if json else _line
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _with_run,
            _with_error,
            _masked,
            render,
        ],
    )


def _with_run(_logger: object, _name: str, event: EventDict) -> EventDict:
    event.update(_about)
    return event


def _with_error(_logger: object, _name: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if isinstance(found, tuple) and found[0] is not None:
        event["error"] = found[0].__name__
        frames = traceback.extract_tb(found[2])[-_FRAMES:]
        event["where"] = [f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames]
    return event


def _masked(_logger: object, _name: str, event: EventDict) -> EventDict:
    event["event"] = _PRIVATE.sub("***", str(event["event"]))
    return event


def _line(_logger: object, _name: str, event: EventDict) -> str:
    """For people at a terminal: what it says, and of an error what and where."""
    said = " ".join(str(event["event"]).split())
    if "error" in event:
        said += f"（{event['error']}，{event['where'][-1] if event['where'] else ''}）"
    return said


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("tingzhen").critical("ended by an error", exc_info=(kind, error, trace))
