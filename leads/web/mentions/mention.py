"""One mention: what was said, its thread, the work on it, and help with an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.actions import change_mention
from leads.clinics.strangers import Stranger
from leads.errors import ConflictError, InputError
from leads.index.base import LeadIndex, Stored
from leads.labels import MENTION_STATE_NAMES
from leads.models import Lead, LeadQuery, Mention, MentionState
from leads.records import audit, mentions, snippets, strangers, users
from leads.records.tables.people import User
from leads.records.texts import storable
from leads.replies import starters
from leads.replies.compliance import LONGEST, PLATFORMS, platform_of
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.lead import reply
from leads.web.lead.view import Step
from leads.web.mentions import view as mentionview
from leads.web.mentions.search import around
from leads.web.mentions.view import MentionRow
from leads.web.mentions.work import (
    MentionAsked,
    may_exclude,
    people_of,
    story_of,
    taught,
    to_mention_change,
)
from leads.web.render import WebPage, render

AROUND = timedelta(days=14)  # a thread's posts that far apart are shown beside each other
NEIGHBOURS = 300
THREAD = 2000  # mentions of that time that are looked through for those of the thread
DONE = {"state": "已保存。", "note": "备注已保存。", "not_us": "记下了：这样的帖子不再算提及，已有的也一样。"}
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionPage(WebPage):
    """One mention; `heard` and `leads` are of its thread, `parents` and `parent_lead` what it answers."""

    template: ClassVar[str] = "mention.html"
    row: MentionRow
    now: datetime
    problem: str
    done: str
    back: str  # the list it was opened from
    listed: str  # the same as a query string
    states: Mapping[MentionState, str]
    people: Sequence[User]
    assignee: str  # a login
    form: Mapping[str, str]  # what was typed into a form that had a problem
    lesson: str  # what it taught of the names, in words
    always: bool  # this way of writing the name may be said never to be the clinic
    story: Sequence[Step]
    names: Mapping[str, str]  # of logins
    parents: Sequence[MentionRow] = ()
    parent_lead: Lead | None = None
    heard: Sequence[MentionRow] = ()
    leads: Sequence[Lead] = ()
    choices: Sequence[reply.PieceChoice] = ()
    chosen: str = ""  # the key of a choice
    checked: reply.Checked = field(default_factory=lambda: reply.checked(""))
    reply: str = ""
    platform: str = ""
    platform_name: str = ""
    longest: int = LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionDraft:
    """What the page is filled with besides the mention: a piece of a reply, or the text so far; what was
    `typed` into a form that had a `problem`; what was `done`."""

    snippet: str = ""
    text: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    done: str = ""


def known_mention(desk: Desk, visitor: Visitor, mention_id: str) -> Mention:
    """The mention; 404 when there is none, or when it is of another's clinic."""
    stored = desk.index.records("mentions", [storable(mention_id)])
    found = next((each for each in stored if isinstance(each, Mention)), None)
    if found is None or not visitor.may_see_mention(found):
        raise HTTPException(404, "没有这条提及：它可能已过期或被删除。")
    return found


@routes.get("/mentions/{mention_id:path}")
def show(
    request: Request, desk: TheDesk, visitor: Anyone, mention_id: str, snippet: str = "", done: str = ""
) -> Response:
    """The page. Looking changes nothing."""
    found = known_mention(desk, visitor, mention_id)
    draft = MentionDraft(snippet=snippet, done=DONE.get(done, ""))
    return _page(request, desk, visitor, found, draft)


@routes.post("/mentions/{mention_id:path}")
def change(
    request: Request, desk: TheDesk, visitor: Anyone, mention_id: str, asked: Annotated[MentionAsked, Form()]
) -> Response:
    """Change how far the work is or whose it is; who is late is told by whom, and sees the present state."""
    found = known_mention(desk, visitor, mention_id)
    try:
        wanted = to_mention_change(found, asked, visitor)
        with desk.records.transaction() as session:
            change_mention.change(session, desk.index, found, wanted, who=visitor.login, now=desk.clock())
    except (InputError, ConflictError) as error:
        late = isinstance(error, ConflictError)
        draft = MentionDraft(problem=str(error), typed={} if late else asked.typed())
        return _page(request, desk, visitor, found, draft, status=409 if late else 400)
    if asked.listed is not None:
        return RedirectResponse("/mentions" + (f"?{asked.listed}" if asked.listed else ""), 303)
    return _back(request, mention_id, "not_us" if asked.state == "not_us" else "state")


@routes.post("/mention-notes/{mention_id:path}")
def add_note(
    request: Request, desk: TheDesk, visitor: Anyone, mention_id: str, text: Annotated[str, Form()] = ""
) -> Response:
    """Keep a note."""
    found = known_mention(desk, visitor, mention_id)
    try:
        with desk.records.transaction() as session:
            people = people_of(users.everybody(session), found.clinic_id)
            mentions.add_note(session, found, text, who=visitor.login, now=desk.clock(), people=people)
    except InputError as error:
        draft = MentionDraft(problem=str(error), typed={"note": text})
        return _page(request, desk, visitor, found, draft, status=400)
    return _back(request, mention_id, "note", "#story")


@routes.post("/mention-replies/{mention_id:path}")
def check_reply(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    mention_id: str,
    text: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """The page again with the text checked: what a script does while one writes."""
    found = known_mention(desk, visitor, mention_id)
    return _page(request, desk, visitor, found, MentionDraft(text=text))


def address(mention_id: str) -> str:
    """Where the page of a mention is."""
    return "/mentions/" + quote(mention_id)


def _back(request: Request, mention_id: str, done: str, anchor: str = "") -> Response:
    listed = request.query_params.get("listed", "")
    told = urlencode({"done": done, **({"listed": listed} if listed else {})})
    return RedirectResponse(f"{address(mention_id)}?{told}{anchor}", 303)


def _page(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    found: Mention,
    draft: MentionDraft,
    *,
    status: int = 200,
) -> Response:
    now, listed = desk.clock(), request.query_params.get("listed", "")
    with desk.records.reading() as session:
        page = _worked(session, found, draft, now)
        pieces = reply.for_mention(snippets.everything(session), found.clinic_id)
    heard, leads = _thread(desk.index, visitor, found, now)
    parents = _quoted(desk.index, visitor, found)
    known = around(desk, visitor, [found, *parents, *heard])
    page = replace(
        page,
        row=mentionview.row(found, known, whole=True),
        back="/mentions" + (f"?{listed}" if listed else f"?{urlencode({'clinic': found.clinic_id})}"),
        listed=listed,
        parents=[mentionview.row(each, known) for each in parents],
        parent_lead=_quoted_lead(desk.index, visitor, found),
        heard=[mentionview.row(each, known) for each in heard],
        leads=leads,
    )
    clinic = next((each.name for each in visitor.clinics if each.id == found.clinic_id), found.term)
    return render(request, _with_reply(page, pieces, clinic, found, draft), status=status)


def _worked(session: Session, found: Mention, draft: MentionDraft, now: datetime) -> MentionPage:
    """The work on it: state, story, what it taught."""
    everybody = users.everybody(session)
    names = {user.login: user.name for user in everybody} | {audit.SYSTEM: "听诊"}
    work = mentions.get(session, found.id)
    lesson: Stranger | None = strangers.learnt_from(session, found.id)
    return MentionPage(
        row=mentionview.row(found, mentionview.Surroundings(clinics={})),
        now=now,
        problem=draft.problem,
        done=draft.done,
        back="/mentions",
        listed="",
        states=MENTION_STATE_NAMES,
        people=people_of(everybody, found.clinic_id),
        assignee=work.assignee if work else "",
        form=draft.typed,
        lesson=taught(lesson) if lesson else "",
        always=may_exclude(found),
        story=story_of(mentions.history(session, found.id), mentions.notes_of(session, found.id), names),
        names=names,
    )


def _with_reply(
    page: MentionPage,
    pieces: Sequence[reply.PieceChoice],
    clinic: str,
    found: Mention,
    draft: MentionDraft,
) -> MentionPage:
    platform = platform_of(found.post.url)
    chosen = next((each for each in pieces if each.key == draft.snippet), None)
    filled = starters.fill(chosen.text, {"clinic": clinic}).text if chosen else ""
    text = filled if draft.text is None else draft.text
    return replace(
        page,
        choices=pieces,
        chosen=chosen.key if chosen else "",
        reply=text,
        checked=reply.checked(text, platform),
        platform=platform,
        platform_name=PLATFORMS[platform][0] if platform else "",
    )


def _thread(
    index: LeadIndex, visitor: Visitor, mention: Mention, now: datetime
) -> tuple[Sequence[Mention], Sequence[Lead]]:
    """The other mentions and leads of the thread that the visitor may see."""
    post = mention.post
    if not post.thread_id:
        return (), ()
    since, until = post.published_at - AROUND, post.published_at + AROUND
    near = index.mentions(since=since, limit=THREAD)
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
