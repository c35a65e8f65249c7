"""Answers that cost more than a page may take, kept while the leads behind them stay as they are.

When leads came since, the last answer is given at once with the time it was made, and a new one is made
beside. When one was taken away (erased, expired, folded under another) nobody is given the old answer: it is
made anew first. So what is kept must not hold words of a post: counts, codes, ids.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, RLock
from typing import Generic, TypeVar, cast

from leads.errors import TingzhenError
from leads.index.base import LeadIndex
from leads.index.stamp import Changes

FEW = 1000  # changes of an index up to which everything is counted anew: it takes no time
MOST = 100  # answers; the longest not asked for go first
APART = timedelta(seconds=15)  # between two answers to one question while leads come in
T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptAnswer(Generic[T]):
    """A value; `at` is when it was made, where leads came since. None: it is of now."""

    value: T
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    changes: Changes
    at: datetime
    value: object  # of the type that the question's `make` gives


class KeptAnswers:
    """Of one process, in its memory. Safe for threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._lock = Lock()  # of the answers
        self._one_makes = RLock()  # an answer may need another one
        self._beside = ThreadPoolExecutor(1, "kept-answers")
        self._under_way: set[Hashable] = set()

    def ask(
        self, index: LeadIndex, question: Hashable, make: Callable[[], T], *, now: datetime
    ) -> KeptAnswer[T]:
        """The answer `make` gives, or gave. `question` says all it depends on beside the leads: the day, too.

        Raises:
            StorageError: the index cannot be read; `make` may raise others.
        """
        changes = index.changes()
        known = self._look(question)
        if known is None or known.changes != changes:
            if known is None or known.changes.removed != changes.removed or changes.written <= FEW:
                return KeptAnswer(self._make(index, question, make, now))
            if now - known.at >= APART:
                self._renew(index, question, make, now)
            return KeptAnswer(cast("T", known.value), known.at)
        return KeptAnswer(cast("T", known.value))

    def close(self) -> None:
        """Wait for what is made beside; nothing more is."""
        self._beside.shutdown(wait=True, cancel_futures=True)

    def _look(self, question: Hashable) -> _Known | None:
        with self._lock:
            if question in self._known:
                self._known.move_to_end(question)
            return self._known.get(question)

    def _make(self, index: LeadIndex, question: Hashable, make: Callable[[], T], now: datetime) -> T:
        with self._one_makes:
            changes = index.changes()  # before reading: what comes meanwhile makes the answer an old one
            known = self._look(question)
            if known is not None and known.changes == changes:  # somebody else has made it
                return cast("T", known.value)
            value = make()
            with self._lock:
                self._known[question] = _Known(changes, now, value)
                while len(self._known) > MOST:
                    self._known.popitem(last=False)
            return value

    def _renew(self, index: LeadIndex, question: Hashable, make: Callable[[], T], now: datetime) -> None:
        with self._lock:
            if question in self._under_way:
                return
            self._under_way.add(question)

        def work() -> None:
            try:
                self._make(index, question, make, now)
            except TingzhenError as error:
                _log.warning("an answer stays old: %s", error)
            finally:
                with self._lock:
                    self._under_way.discard(question)

        self._beside.submit(work)
