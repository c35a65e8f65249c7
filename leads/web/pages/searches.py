"""Saved searches: their names, their feeds, alerts of what they will find."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.errors import QueryError
from leads.labels import NOWHERE
from leads.models import Hit
from leads.records import audit, rules, searches
from leads.records.clinics import clinics
from leads.records.tables.work import SavedSearch
from leads.web.auth import Anyone, Staff, Visitor, visitor_of
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.leads.atom import Feed, atom, updated
from leads.web.leads.elsewhere import Elsewhere
from leads.web.leads.search_form import LIST, LeadForm, lead_query, list_query, usual_start
from leads.web.render import WebPage, render

ENTRIES = 50
FEW = 4  # with fewer searches than that, some are proposed
GONE = "这个订阅地址已失效：请在“已保存的搜索”里复制新的地址。"
Text = Annotated[str, Form()]
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchesPage(WebPage):
    """A person's own searches, and the addresses of their feeds by their ids."""

    template: ClassVar[str] = "searches.html"
    saved: Sequence[SavedSearch]
    feeds: Mapping[int, str]
    done: str
    ready: Sequence[Elsewhere]  # searches that many keep, and this person has not; `url` opens each


@routes.get("/searches")
def listed(request: Request, desk: TheDesk, visitor: Anyone, done: str = "") -> Response:
    """A person's own searches."""
    with desk.records.reading() as session:
        saved = searches.of_user(session, visitor.user_id)
    base = desk.address(request)
    feeds = {each.id: f"{base}/feeds/{each.feed_secret}.atom" for each in saved}
    ready = _ready(desk, visitor, {each.query for each in saved}) if len(saved) < FEW else []
    return render(request, SearchesPage(saved=saved, feeds=feeds, done=DONE.get(done, ""), ready=ready))


def _ready(desk: Desk, visitor: Visitor, kept: Collection[str]) -> list[Elsewhere]:
    start, now = usual_start(visitor.clinics), desk.clock()
    usual = [
        ("附近的新线索", start),
        ("附近急着看的", start.model_copy(update={"min_need": "0.6"})),
        ("可能在附近的", start.model_copy(update={"precision": "maybe"})),
        (f"地点{NOWHERE}的", start.model_copy(update={"near": "", "area": NOWHERE})),
    ]
    found = []
    for name, form in usual:
        if form.settled(visitor.clinics).url("").removeprefix("?") not in kept:
            with suppress(QueryError):  # a doctor without a clinic
                count = desk.index.count(list_query(form, visitor, limit=1, now=now))
                found.append(Elsewhere(title=name, count=count, url=form.url()))
    return found


# What the page says after something was done.
DONE = {
    "rename": "已改名。",
    "remove": "已删除，它的订阅地址也失效了。",
    "feed": "已换新的订阅地址，旧地址失效。",
    "alert": "已建立提醒规则：新的线索会进入这条规则。还要选一个接收方式。",
}


@routes.post("/searches")
def save(desk: TheDesk, visitor: Anyone, name: Text = "", query: Text = "") -> Response:
    """Keep a search under a name; it must be one that this person may make."""
    form = LeadForm.read(query).settled(visitor.clinics)
    lead_query(form, visitor, limit=1, now=desk.clock())
    with desk.records.transaction() as session:
        searches.add(
            session,
            user_id=visitor.user_id,
            name=name,
            query=form.url("").removeprefix("?"),
            now=desk.clock(),
        )
    return RedirectResponse(form.url(saved="1"), 303)


@routes.post("/searches/{search_id}/rename")
def rename(desk: TheDesk, visitor: Anyone, search_id: RowId, name: Text = "") -> Response:
    """Another name."""
    with desk.records.transaction() as session:
        searches.rename(session, _own(session, visitor, search_id), name)
    return _back("rename")


@routes.post("/searches/{search_id}/remove")
def remove(desk: TheDesk, visitor: Anyone, search_id: RowId) -> Response:
    """The search and its feed are gone; alerts made from it are rules of their own."""
    with desk.records.transaction() as session:
        session.delete(_own(session, visitor, search_id))
    return _back("remove")


@routes.post("/searches/{search_id}/feed")
def renew_feed(desk: TheDesk, visitor: Anyone, search_id: RowId) -> Response:
    """Another secret address for the feed."""
    with desk.records.transaction() as session:
        search = _own(session, visitor, search_id)
        searches.renew_feed(search)
        audit.note(
            session, who=visitor.login, action="feed.renew", now=desk.clock(), subject=f"search:{search.id}"
        )
    return _back("feed")


@routes.post("/searches/{search_id}/alert")
def alert(desk: TheDesk, visitor: Staff, search_id: RowId) -> Response:
    """A rule with the same query, seen by everybody, so made by those who may make rules; who hears of it and
    how is chosen on the page of alerts."""
    with desk.records.transaction() as session:
        search = _own(session, visitor, search_id)
        rules.add(
            session, name=search.name, kind="lead", query=search.query, who=visitor.login, now=desk.clock()
        )
    return _back("alert")


def _own(session: Session, visitor: Visitor, search_id: int) -> SavedSearch:
    found = searches.own(session, visitor.user_id, search_id)
    if found is None:
        raise HTTPException(404, "没有这个已保存的搜索。")
    return found


def _back(done: str) -> Response:
    return RedirectResponse(f"/searches?done={done}", 303)


# --- the feed: no login, its secret address is the key ---------------------


@routes.get("/feeds/{secret}.atom")
def feed(request: Request, desk: TheDesk, secret: str) -> Response:
    """The newest leads of a saved search, within what its owner may see now."""
    now = desk.clock()
    with desk.records.reading() as session:
        found = searches.behind_feed(session, secret)
        known = clinics(session)
    if found is None:
        raise HTTPException(404, GONE)
    search, owner = found
    if owner.disabled:
        raise HTTPException(410, GONE)
    hits = _newest(desk, search, visitor_of(owner, known), now)
    about = _about(desk.address(request), search)
    body = atom(about, hits)
    return _answer(request, body, updated(about, hits))


def _newest(desk: Desk, search: SavedSearch, owner: Visitor, now: datetime) -> tuple[Hit, ...]:
    try:
        query = lead_query(LeadForm.read(search.query), owner, limit=ENTRIES, now=now)
    except QueryError as error:
        # Saved when it could be asked: since then a clinic went, or the owner's rights.
        raise HTTPException(410, f"{error} 这个订阅暂时没有内容。") from error
    return desk.index.search(replace(query, sort="newest"), now=now).items


def _about(desk: str, search: SavedSearch) -> Feed:
    return Feed(
        title=f"听诊：{search.name}",
        feed_id=f"urn:tingzhen:search:{search.id}",
        page=f"{desk}{LIST}?{search.query}",
        own=f"{desk}/feeds/{search.feed_secret}.atom",
        desk=desk,
        started=search.created_at,
    )


def _answer(request: Request, body: bytes, changed: datetime) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(changed.astimezone(UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": "private, no-cache",  # may be kept, must be asked for again
    }
    if _known(request, tag, changed):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/atom+xml; charset=utf-8", headers=headers)


def _known(request: Request, tag: str, changed: datetime) -> bool:
    """Whether the reader has this already (RFC 9110, 13.1): the tag counts more than the time."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in tags.split(","))
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return parsedate_to_datetime(since) >= changed.replace(microsecond=0)
    except (ValueError, TypeError, OverflowError):  # not a date, or one without a zone
        return False
