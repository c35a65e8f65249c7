"""提及: who speaks of the clinics, and in what connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException

from leads.errors import QueryError
from leads.index.base import LeadIndex, Stored
from leads.labels import COMPLAINT_NAMES, SEVERITY_NAMES
from leads.models import Clinic, Lead, LeadQuery, Mention, Severity
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.mentions import view as mentionview
from leads.web.mentions.view import MentionForm, MentionRow
from leads.web.render import WebPage, render
from nlp.models import ComplaintKind

PAGE_SIZE = 25
MOST = 2000  # of a clinic, the newest; further back the time has to be narrowed
AROUND = timedelta(days=14)  # a thread's posts that far apart are shown beside each other
NEIGHBOURS = 300
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionsPage(WebPage):
    """A page of the mentions found; `many` when older ones were not looked at."""

    template: ClassVar[str] = "mentions.html"
    form: MentionForm
    problem: str
    rows: Sequence[MentionRow]
    total: int
    many: bool
    clinics: Sequence[Clinic]
    kinds: Mapping[ComplaintKind, str]
    severities: Mapping[Severity, str]
    now: datetime
    first_url: str
    next_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionPage(WebPage):
    """One mention; `heard` and `leads` are of its thread, `parents` and `parent_lead` what it answers."""

    template: ClassVar[str] = "mention.html"
    row: MentionRow
    parents: Sequence[MentionRow]
    parent_lead: Lead | None
    heard: Sequence[MentionRow]
    leads: Sequence[Lead]
    now: datetime


@routes.get("/mentions")
def mentions(
    request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[MentionForm, Query()]
) -> Response:
    """Newest first, of one clinic or of all that the visitor may see."""
    now, problem, found = desk.clock(), "", list[Mention]()
    try:
        found = find(desk, visitor, form, now)
    except QueryError as error:
        problem = str(error)
    number = form.number()
    start = (number - 1) * PAGE_SIZE
    names = {clinic.id: clinic.name for clinic in visitor.clinics}
    page = MentionsPage(
        form=form,
        problem=problem,
        rows=[mentionview.row(each, names) for each in found[start : start + PAGE_SIZE]],
        total=len(found),
        many=len(found) >= MOST,
        clinics=visitor.clinics,
        kinds=COMPLAINT_NAMES,
        severities={word: name for word, name in SEVERITY_NAMES.items() if word != "low"},
        now=now,
        first_url=form.url() if number > 1 else "",
        next_url=form.url(page=str(number + 1)) if len(found) > start + PAGE_SIZE else "",
    )
    return render(request, page, status=400 if problem else 200)


def find(
    desk: Desk, visitor: Visitor, form: MentionForm, now: datetime, *, most: int = MOST
) -> list[Mention]:
    """Those the visitor may see that fit, newest first; of each clinic's newest `most`.

    Raises:
        QueryError: the form cannot be understood.
    """
    condition, since = form.condition(visitor.clinics, now), form.moment(now)
    # A doctor's own clinics are asked for one by one: among all of them the own might not come up.
    chosen = [form.clinic] if form.clinic or not visitor.restricted else [each.id for each in visitor.clinics]
    found = [
        each
        for clinic_id in chosen
        for each in desk.index.mentions(clinic_id=clinic_id, since=since, limit=most)
        if visitor.may_see_mention(each) and mentionview.fits(each, condition)
    ]
    return sorted(found, key=lambda each: (-each.post.published_at.timestamp(), each.id))


@routes.get("/mentions/{mention_id:path}")
def mention(request: Request, desk: TheDesk, visitor: Anyone, mention_id: str) -> Response:
    """One mention with its thread, and what it answers."""
    stored = desk.index.records("mentions", [mention_id])
    found = next((each for each in stored if isinstance(each, Mention)), None)
    if found is None or not visitor.may_see_mention(found):
        raise HTTPException(404, "没有这条提及：它可能已过期或被删除。")
    names: Mapping[str, str] = {clinic.id: clinic.name for clinic in visitor.clinics}
    heard, leads = _thread(desk.index, visitor, found, desk.clock())
    page = MentionPage(
        row=mentionview.row(found, names, whole=True),
        parents=[mentionview.row(each, names) for each in _quoted(desk.index, visitor, found)],
        parent_lead=_quoted_lead(desk.index, visitor, found),
        heard=[mentionview.row(each, names) for each in heard],
        leads=leads,
        now=desk.clock(),
    )
    return render(request, page)


def _thread(
    index: LeadIndex, visitor: Visitor, mention: Mention, now: datetime
) -> tuple[Sequence[Mention], Sequence[Lead]]:
    """The other mentions and leads of the thread that the visitor may see."""
    post = mention.post
    if not post.thread_id:
        return (), ()
    since, until = post.published_at - AROUND, post.published_at + AROUND
    near = index.mentions(since=since, limit=MOST)
    heard = mentionview.in_thread(filter(visitor.may_see_mention, near), mention, AROUND)
    query = LeadQuery(sources=(post.source,), since=since, until=until, sort="newest", limit=NEIGHBOURS)
    told = {each.post.id for each in heard} | {post.id}
    leads = [
        hit.lead
        for hit in index.search(query, now=now).items
        if hit.lead.post.thread_id == post.thread_id and hit.lead.id not in told
    ]
    leads = [lead for lead in leads if visitor.may_see_lead(lead)]
    return heard, sorted(leads, key=lambda lead: (lead.post.floor or 0, lead.post.published_at))


def _quoted(index: LeadIndex, visitor: Visitor, mention: Mention) -> list[Mention]:
    """What the post repeats or answers, where that is a mention itself."""
    original = mention.post.repost_of
    ids = [f"{original}#{clinic.id}" for clinic in visitor.clinics] if original else []
    found = [each for each in index.records("mentions", ids) if isinstance(each, Mention)]
    return [each for each in found if visitor.may_see_mention(each)][:1]


def _quoted_lead(index: LeadIndex, visitor: Visitor, mention: Mention) -> Lead | None:
    """What the post repeats or answers, where that is a lead."""
    original = mention.post.repost_of
    stored = index.records("leads", [original]) if original else ()
    found = next((each.lead for each in stored if isinstance(each, Stored)), None)
    return found if found is not None and visitor.may_see_lead(found) else None
