"""What is new, told to open pages without a reload: server-sent events, and what colleagues left for one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.exceptions import HTTPException

from leads.alerts.triggers import nudged
from leads.errors import QueryError
from leads.models import LeadQuery
from leads.records import nudges, searches, users
from leads.records.tables.work import Nudge
from leads.web.auth import COOKIE, Anyone, Visitor
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.events.watcher import Listener, TooManyError, Watcher
from leads.web.leads.search_form import LeadForm, list_query, usual_start
from leads.web.render import WebPage, render

routes = APIRouter()
LASTS = 300.0  # seconds until a page asks anew, and is asked anew who it belongs to
MISSED = timedelta(hours=12)  # a page open for longer is told of what came in these
LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgesPage(WebPage):
    """What colleagues want this person to know, the newest first; what each says and of what."""

    template: ClassVar[str] = "nudges.html"
    nudges: Sequence[Nudge]
    titles: Mapping[int, str]
    subjects: Mapping[int, str]
    now: datetime


async def _listening(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    after: Annotated[str, Query(max_length=40)] = "",
    query: Annotated[str, Query(max_length=LONGEST)] = "",
) -> AsyncIterator[Listener]:
    """A place among those that are told, given back when the page is closed."""
    watcher, now = watcher_of(request), desk.clock()
    listener = Listener(
        visitor=visitor,
        secret=request.cookies.get(COOKIE, ""),
        query=_asked(desk, visitor, query, now),
        after=_moment(after, now),
    )
    try:
        await watcher.join(listener)
    except TooManyError as error:
        raise HTTPException(503, "打开的页面太多：请关掉几个再试。") from error
    try:
        yield listener
    finally:
        watcher.leave(listener)


@routes.get("/events", response_class=EventSourceResponse)
async def events(
    listener: Annotated[Listener, Depends(_listening)], once: bool = False
) -> AsyncIterator[ServerSentEvent]:
    """How much came since the page was opened (`after`) of what its search asks (`query`), now and whenever
    that changes; with `once` now only. Ends with the session, and at the latest after some minutes."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LASTS
    while not listener.ended:
        listener.changed.clear()
        told = {**asdict(listener.news), "after": listener.after.isoformat()}
        yield ServerSentEvent(data=told, event="news", retry=3000)
        if once:
            return
        try:
            await asyncio.wait_for(listener.changed.wait(), end - loop.time())
        except TimeoutError:
            return


def watcher_of(request: Request) -> Watcher:
    """The one of this application."""
    watcher: Watcher = request.app.state.watcher
    return watcher


def _asked(desk: Desk, visitor: Visitor, query: str, now: datetime) -> LeadQuery | None:
    """The search of the page; what the person's list opens with where it has none."""
    kept = query
    if not kept:
        with desk.records.reading() as session:
            kept = searches.start(session, visitor.user_id)
    form = LeadForm.read(kept) if kept else usual_start(visitor.clinics)
    try:
        return list_query(form, visitor, limit=1, now=now)
    except QueryError:
        return None


def _moment(text: str, now: datetime) -> datetime:
    """What the page says of when it was opened; now where it says nothing that can be."""
    try:
        moment = datetime.fromisoformat(text)
        return min(max(moment.astimezone(UTC), now - MISSED), now) if moment.tzinfo else now
    except (ValueError, OverflowError):
        return now


# --- what colleagues want somebody to know -------------------------------------------------


@routes.get("/nudges")
def listed(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """A person's own."""
    with desk.records.reading() as session:
        found = nudges.listed(session, visitor.user_id)
        names = users.names(session)
    page = NudgesPage(
        nudges=found,
        titles={each.id: nudged.title(each, names) for each in found},
        subjects={each.id: nudged.subject(each) for each in found},
        now=desk.clock(),
    )
    return render(request, page)


@routes.post("/nudges/seen")
def see_all(desk: TheDesk, visitor: Anyone) -> Response:
    """All of them were looked at."""
    with desk.records.transaction() as session:
        nudges.look(session, visitor.user_id, now=desk.clock())
    return RedirectResponse("/nudges", 303)


@routes.post("/nudges/{nudge_id}")
def open_one(desk: TheDesk, visitor: Anyone, nudge_id: RowId) -> Response:
    """On to its lead or mention; what else waits of the same post is looked at with it."""
    with desk.records.transaction() as session:
        found = nudges.own(session, visitor.user_id, nudge_id)
        if found is None:
            raise HTTPException(404, "没有这条消息。")
        nudges.look(session, visitor.user_id, now=desk.clock(), lead_id=found.lead_id)
        return RedirectResponse(nudged.page(found), 303)
