"""Looks for what is new on behalf of all open pages at once: one cheap question to the records each time.

Only when that finds something are the new leads read, once, and held against every page's search in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeVar

from anyio import to_thread

from leads.alerts.triggers import rule_set
from leads.alerts.triggers.rule_set import RuleSet
from leads.errors import StorageError
from leads.models import Lead, LeadQuery
from leads.records import arrivals, nudges, sessions
from leads.web.auth import Visitor
from leads.web.desk import Desk
from leads.web.events.arrived import read

LOOK = 2.0  # seconds between looks, while any page listens
OVERLAP = timedelta(minutes=2)  # a batch is written a while after the moment it bears
SESSIONS_EVERY = 5  # looks after which it is asked who is still logged in
MOST = 300  # pages that listen to this process
MOST_OF_ONE = 8  # of one person
T = TypeVar("T")
_log = logging.getLogger(__name__)


class TooManyError(Exception):
    """No more pages may listen now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNews:
    """What a page is told: how much came since it was opened, and what waits for its person."""

    leads: int = 0
    mentions: int = 0
    unseen: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Listener:
    """A page that is open. `query` is what its list asks; None for who may see no leads."""

    visitor: Visitor
    secret: str  # of the session
    query: LeadQuery | None
    after: datetime  # when the page was opened
    news: PageNews = field(default_factory=PageNews)
    ended: bool = False
    known: frozenset[str] = frozenset()  # causes that were there when it began to listen
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Watcher:
    """All listeners of this process; belongs to its event loop, reads in threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._listeners: list[Listener] = []
        self._task: asyncio.Task[None] | None = None
        self._lock = Lock()  # of looks: a page joins between two of them
        self._recent: dict[str, datetime] = {}  # causes that were counted for all who listened
        self._looks = 0

    async def join(self, listener: Listener) -> None:
        """Count what it missed, then keep it told. Raises TooManyError."""
        same = sum(each.visitor.user_id == listener.visitor.user_id for each in self._listeners)
        if len(self._listeners) >= MOST or same >= MOST_OF_ONE:
            raise TooManyError
        await to_thread.run_sync(self._enter, listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())

    def leave(self, listener: Listener) -> None:
        """Its page is closed."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def close(self) -> None:
        """The server ends: every stream does."""
        for listener in self._listeners:
            listener.ended = True
            listener.changed.set()

    async def _watch(self) -> None:
        while self._listeners:
            await asyncio.sleep(LOOK)
            try:
                changed = await to_thread.run_sync(self._look)
            except StorageError as error:
                _log.warning("open pages are told of nothing new: %s", error)
                continue
            for listener in changed:
                listener.changed.set()

    def _enter(self, listener: Listener) -> None:
        with self._lock:
            with self._desk.records.reading() as session:
                there = arrivals.since(session, listener.after - OVERLAP)
                waiting = nudges.unseen(session, [listener.visitor.user_id])
            missed = {cause for cause, at in there.items() if at > listener.after}
            listener.news = PageNews(unseen=waiting.get(listener.visitor.user_id, 0))
            self._count([listener], missed)
            listener.known = frozenset(there)
            self._listeners.append(listener)

    def _look(self) -> list[Listener]:
        """Brings all pages up to date; those that have something to be told."""
        with self._lock:
            listeners, before = list(self._listeners), [each.news for each in self._listeners]
            now = self._desk.clock()
            with self._desk.records.reading() as session:
                there = arrivals.since(session, max(self._recent.values(), default=now) - OVERLAP)
                waiting = nudges.unseen(session, {each.visitor.user_id for each in listeners})
                self._looks += 1
                if self._looks % SESSIONS_EVERY == 0:
                    still = sessions.open_ones(session, {each.secret for each in listeners}, now=now)
                    for listener in listeners:
                        listener.ended = listener.ended or listener.secret not in still
            self._count(listeners, there.keys() - self._recent.keys())
            self._recent = dict(there)
            for listener in listeners:
                unseen = waiting.get(listener.visitor.user_id, 0)
                listener.news = replace(listener.news, unseen=unseen)
            return [
                each for each, old in zip(listeners, before, strict=True) if each.ended or each.news != old
            ]

    def _count(self, listeners: Sequence[Listener], causes: Collection[str]) -> None:
        """Add to each page's news what of these it would list."""
        if not causes:
            return
        leads, mentions = read(self._desk.index, causes)
        asked = {n: each.query for n, each in enumerate(listeners) if each.query is not None}
        rules = RuleSet.asking(asked)
        found = rules.match(rule_set.of_lead(lead) for lead in leads)
        for number, listener in enumerate(listeners):
            new = [lead for lead, fitting in zip(leads, found, strict=True) if number in fitting]
            fresh = _unknown(listener, {f"lead:{lead.id}": lead for lead in new}).values()
            heard = _unknown(listener, {f"mention:{each.id}": each for each in mentions}).values()
            listener.news = replace(
                listener.news,
                leads=listener.news.leads + sum(_listed(lead, listener) for lead in fresh),
                mentions=listener.news.mentions + sum(map(listener.visitor.may_see_mention, heard)),
            )


def _unknown(listener: Listener, found: Mapping[str, T]) -> Mapping[str, T]:
    """Without what was there when the page began to listen; nothing is known before it has."""
    return {cause: each for cause, each in found.items() if cause not in listener.known}


def _listed(lead: Lead, listener: Listener) -> bool:
    """What a rule is not asked: the times of the search, status and assignee, and what the person may see."""
    query, at = listener.query, lead.post.published_at
    return (
        query is not None
        and listener.visitor.may_see_lead(lead)
        and (query.since is None or at >= query.since)
        and (query.until is None or at < query.until)
        and (not query.statuses or lead.status in query.statuses)
        and (not query.assignees or lead.assignee in query.assignees)
    )
