"""Where a lead stands in the list it was opened from: the way back, and to the leads before and after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from leads.errors import QueryError
from leads.index.base import LeadIndex
from leads.models import LeadQuery
from leads.web.auth import Visitor
from leads.web.leads.list_view import page_of
from leads.web.leads.search_form import LIST, LeadForm, list_query

STEP = 100  # leads read at once
MOST = 1000  # looked through; who is further down a list has the way back only


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Addresses, "" for none; `kept` is what those of this lead carry, so that the list is not forgotten."""

    back: str = LIST
    kept: str = ""
    listed: str = ""
    before: str = ""
    after: str = ""
    found: bool = False  # the list has this lead


def neighbours(index: LeadIndex, visitor: Visitor, lead_id: str, listed: str, now: datetime) -> Neighbours:
    """`listed` is the query string of the page of the list; "" where the lead was not opened from one.

    A lead that was dealt with keeps its place: its status and assignee may no longer be those of the list.
    """
    if not listed:
        return Neighbours()
    form = LeadForm.read(listed)
    back = form.url(cursor=form.cursor, at=form.at if form.cursor else "")
    kept = "?" + urlencode({"listed": listed})
    found = Neighbours(back=f"{back}#{lead_id}", kept=kept, listed=listed)
    first = form.model_copy(update={"cursor": ""})
    try:
        beside = _beside(index, list_query(first, visitor, limit=STEP, now=now), lead_id, now)
    except QueryError:
        return found
    if beside is None:
        return found
    before, after = (page_of(each) + kept if each else "" for each in beside)
    return replace(found, before=before, after=after, found=True)


def _beside(index: LeadIndex, query: LeadQuery, lead_id: str, now: datetime) -> tuple[str, str] | None:
    """The ids of the leads before and after this one, "" at an end; None where the list has it not."""
    before, there = "", False
    for id_, fits in _walked(index, query, now):
        if id_ == lead_id:
            there = True
        elif fits and there:
            return before, id_
        elif fits:
            before = id_
    return (before, "") if there else None


def _walked(index: LeadIndex, query: LeadQuery, now: datetime) -> Iterator[tuple[str, bool]]:
    """Leads in the list's order and whether it shows them: not those of another status or assignee."""
    wide = replace(query, statuses=(), assignees=())
    for _ in range(MOST // STEP):
        page = index.search(wide, now=now)
        for hit in page.items:
            lead = hit.lead
            shown = not query.statuses or lead.status in query.statuses
            yield lead.id, shown and (not query.assignees or lead.assignee in query.assignees)
        if not page.cursor:
            return
        wide = replace(wide, cursor=page.cursor)
