"""线索详情: everything known of one lead and why; the case, notes, judgements, and help with a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from leads.actions import change_case
from leads.errors import ConflictError, InputError
from leads.index.base import LeadIndex
from leads.labels import INTENT_NAMES, STATUS_NAMES
from leads.models import Clinic, Lead, LeadQuery
from leads.reader.remark import Remark, remark
from leads.records import cases, feedback, notes, snippets, users
from leads.records.clinics import clinics as all_clinics
from leads.records.tables.people import User
from leads.records.tables.work import Case, Feedback
from leads.replies import starters
from leads.replies.compliance import LONGEST, PLATFORMS, Objection, platform_of
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights import similar
from leads.web.lead import reply
from leads.web.lead import view as leadview
from leads.web.lead.case_form import (
    CaseSubject,
    Posted,
    people_for,
    posted_values,
    subject,
    to_change,
    version_of,
)
from leads.web.lead.conflict import Difference, differences
from leads.web.lead.neighbours import Neighbours, neighbours
from leads.web.leads.heard import heard_of
from leads.web.leads.list_view import HeardLine
from leads.web.leads.presence import presence
from leads.web.render import WebPage, render

routes = APIRouter()
SHOWN = 3000  # characters of a post that are there at once; the rest unfolds
SIMILAR = 6
AROUND = timedelta(days=3)  # a thread's posts that far apart are shown beside each other
NEIGHBOURS = 200  # posts of the source in that time that are looked through
NEXT = {"new": "seen", "seen": "replied", "replied": "talking", "talking": "booked", "booked": "visited"}
DONE = {
    "case": "已保存。",
    "note": "备注已保存。",
    "feedback": "谢谢，记下了：下次训练会学进去。",
    "back": "已撤回。",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadPage(WebPage):
    """One lead with its case, and help with a reply; what has a default stays so when the lead is gone."""

    template: ClassVar[str] = "lead.html"
    found: CaseSubject
    case: Case | None
    lead: Lead | None
    now: datetime
    problem: str
    done: str
    statuses: Mapping[str, str]
    dismissals: Sequence[str]
    next_status: str
    near: Neighbours = field(default_factory=Neighbours)
    heard: HeardLine | None = None  # where the post speaks of a clinic of ours
    here_now: str = ""  # names of others who have it open
    clinics: Sequence[Clinic]
    address: Callable[[str], str]
    names: Mapping[str, str]  # of logins and clinics
    people: Sequence[User]
    version: int
    form: Mapping[str, str]
    typed_note: str
    story: Sequence[leadview.Step]
    feedback: Sequence[tuple[Feedback, str, str]]
    other_intents: Mapping[str, str]
    shown: int = SHOWN
    shares: Sequence[leadview.LabelShare] = ()
    remark: Remark | None = None
    symptoms: Sequence[leadview.SymptomLine] = ()
    place: Sequence[tuple[str, str]] = ()
    folded: Sequence[Lead] = ()
    thread: Sequence[Lead] = ()
    similar: Sequence[Lead] = ()
    lines: Sequence[leadview.ClinicLine] = ()
    choices: Sequence[reply.PieceChoice] = ()
    chosen: reply.PieceChoice | None = None
    reply_clinic: Clinic | None = None
    checked: reply.Checked | None = None
    platform: str = ""  # a key of PLATFORMS
    platform_name: str = ""
    reply: str = ""
    missing: Sequence[str] = ()
    longest: int = LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPage(WebPage):
    """What two people want of one case; `version` is the present one."""

    template: ClassVar[str] = "conflict.html"
    differences: Sequence[Difference]
    version: int
    sentence: str
    lead_id: str
    address: Callable[[str], str]
    kept: str  # of the list the lead was opened from; see `Neighbours`


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadDraft:
    """What the page is filled with besides the lead: a piece of a reply, for which clinic, the text so far
    (None: as the piece has it); what was `typed` into a form that had a `problem`; what was `done`."""

    snippet: str = ""
    clinic_id: str = ""
    text: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    done: str = ""


class ReplyText(BaseModel):
    """What a script asks about while somebody writes."""

    text: Annotated[str, Field(max_length=LONGEST)]
    platform: str = ""


LeadIds = Annotated[list[Annotated[str, Field(max_length=400)]], Field(max_length=200)]


class OpenWindow(BaseModel):
    """What a window says of itself: the lead it has `open` ("": none), those it had, and those it lists."""

    open: Annotated[str, Field(max_length=400)] = ""
    left: LeadIds = []
    rows: LeadIds = []


def address(lead_id: str) -> str:
    """Where the page of a lead is."""
    return "/leads/" + quote(lead_id)


def _listed(request: Request) -> str:
    """The list the lead was opened from; every address and form of the page carries it on."""
    return request.query_params.get("listed", "")


def _back(request: Request, lead_id: str, done: str, anchor: str = "") -> Response:
    """The page again, after something was done."""
    listed = _listed(request)
    told = urlencode({"done": done, **({"listed": listed} if listed else {})})
    return RedirectResponse(f"{address(lead_id)}?{told}{anchor}", 303)


@routes.get("/leads/{lead_id:path}")
def show(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead_id: str,
    snippet: str = "",
    clinic: str = "",
    done: str = "",
) -> Response:
    """The page. Looking changes nothing."""
    found = subject(desk, visitor, lead_id)
    draft = LeadDraft(snippet=snippet, clinic_id=clinic, done=DONE.get(done, ""))
    presence(request).came(found.lead_id, visitor.login, visitor.name, desk.clock())
    return _page(request, desk, visitor, found, draft)


@routes.post("/presence")
def heartbeat(request: Request, desk: TheDesk, visitor: Anyone, window: OpenWindow) -> Response:
    """For the script: what a window has open, and who else has what it shows."""
    here, now = presence(request), desk.clock()
    for lead_id in window.left:
        here.left(lead_id, visitor.login)
    if window.open:
        here.came(subject(desk, visitor, window.open).lead_id, visitor.login, visitor.name, now)
    return JSONResponse(dict(here.others((window.open, *window.rows), visitor.login, now)))


@routes.post("/cases/{lead_id:path}")
def change(request: Request, desk: TheDesk, visitor: Anyone, lead_id: str, form: Posted) -> Response:
    """Change the case; who is late gets both versions to choose from."""
    found = subject(desk, visitor, lead_id)
    values, version = posted_values(form), version_of(form)
    try:
        wanted = to_change(values, visitor, version=version)
        with desk.records.transaction() as session:
            cases.change(session, {found.lead_id: wanted}, who=visitor.login, now=desk.clock())
    except InputError as error:
        return _page(request, desk, visitor, found, LeadDraft(problem=str(error), typed=values))
    except ConflictError as error:
        return _conflict(request, desk, found.lead_id, values, version or 0, str(error))
    change_case.sync_index(desk.records, desk.index)
    return _back(request, lead_id, "case")


@routes.post("/notes/{lead_id:path}")
def add_note(
    request: Request, desk: TheDesk, visitor: Anyone, lead_id: str, text: Annotated[str, Form()] = ""
) -> Response:
    """Keep a note."""
    found = subject(desk, visitor, lead_id)
    try:
        with desk.records.transaction() as session:
            people = people_for(session, found.lead, all_clinics(session))
            notes.add(session, found.lead_id, text, who=visitor.login, now=desk.clock(), people=people)
    except InputError as error:
        return _page(request, desk, visitor, found, LeadDraft(problem=str(error), typed={"note": text}))
    return _back(request, lead_id, "note", "#story")


@routes.post("/feedback/{lead_id:path}")
def judge(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead_id: str,
    kind: Annotated[str, Form()] = "",
    intent: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    undo: Annotated[int, Form()] = 0,
) -> Response:
    """Keep a judgement, or take one's own back."""
    found = subject(desk, visitor, lead_id)
    seen = found.lead and remark(desk.records, desk.settings.reader, found.lead)
    try:
        with desk.records.transaction() as session:
            if undo:
                feedback.take_back(session, undo, lead_id=lead_id, who=visitor.login)
            elif found.lead is not None:
                known = feedback.kind_of(kind)
                feedback.add(
                    session,
                    found.lead,
                    known,
                    intent=intent,
                    reason=reason,
                    who=visitor.login,
                    now=desk.clock(),
                    shown=seen.intent if seen else "",
                )
    except InputError as error:
        return _page(request, desk, visitor, found, LeadDraft(problem=str(error)))
    if undo:
        desk.records.cut_log()
    return _back(request, lead_id, "back" if undo else "feedback", "#feedback")


@routes.post("/replies/{lead_id:path}")
def check_reply(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead_id: str,
    text: Annotated[str, Form(max_length=LONGEST)] = "",
    clinic: Annotated[str, Form()] = "",
) -> Response:
    """The page again with the text checked: what a script does while one writes."""
    found = subject(desk, visitor, lead_id)
    return _page(request, desk, visitor, found, LeadDraft(clinic_id=clinic, text=text))


@routes.post("/compliance")
def check_text(visitor: Anyone, asked: ReplyText) -> Response:
    """For the script: the text in runs, and what it must not say."""
    answer = reply.checked(asked.text, asked.platform)
    return JSONResponse(
        {
            "runs": [asdict(run) for run in answer.runs],
            "findings": [_finding(each) for each in answer.findings],
        }
    )


def _finding(found: Objection) -> dict[str, object]:
    provisions = [
        {"kind": each.kind, "kind_name": each.kind_name, "sentence": each.sentence}
        for each in found.provisions
    ]
    return {
        "words": found.words, "title": found.title, "instead": found.instead, "provisions": provisions,
    }  # fmt: skip


def _page(request: Request, desk: Desk, visitor: Visitor, found: CaseSubject, draft: LeadDraft) -> Response:
    page = _case_page(desk, visitor, found, draft)
    page = replace(
        page,
        near=neighbours(desk.index, visitor, found.lead_id, _listed(request), page.now),
        here_now=presence(request).others((found.lead_id,), visitor.login, page.now).get(found.lead_id, ""),
    )
    if found.lead is not None:
        page = _with_lead(page, desk, visitor, found.lead)
        page = _with_reply(page, desk, visitor, found.lead, draft)
    return render(request, page, status=400 if draft.problem else 200)


def _case_page(desk: Desk, visitor: Visitor, found: CaseSubject, draft: LeadDraft) -> LeadPage:
    """The case, its story, what was judged."""
    with desk.records.reading() as session:
        known = all_clinics(session)
        names = users.names(session)
        people = people_for(session, found.lead, known)
        events, written = cases.history(session, found.lead_id), notes.of(session, found.lead_id)
        judged = feedback.of(session, found.lead_id)
    names |= {clinic.id: clinic.name for clinic in known} | {cases.CLOCK: cases.CLOCK_NAME}
    state = cases.state(found.case) if found.case else cases.replay(())
    return LeadPage(
        found=found,
        case=found.case,
        lead=found.lead,
        now=desk.clock(),
        problem=draft.problem,
        done=draft.done,
        statuses=STATUS_NAMES,
        dismissals=cases.DISMISSALS,
        # What is erased is not worked on: its record stays as it was.
        next_status=NEXT.get(found.case.status if found.case else "new", "") if found.lead else "",
        clinics=visitor.clinics,
        address=address,
        names=names,
        people=people,
        version=found.case.version if found.case else 0,
        form={**state, **draft.typed},
        typed_note=draft.typed.get("note", ""),
        story=leadview.story(events, written, names),
        feedback=[(row, leadview.judged(row), leadview.thought(row)) for row in judged],
        other_intents={label: name for label, name in INTENT_NAMES.items() if label != "seeker"},
    )


def _with_lead(page: LeadPage, desk: Desk, visitor: Visitor, lead: Lead) -> LeadPage:
    index = desk.index
    return replace(
        page,
        shares=leadview.intents(lead),
        remark=remark(desk.records, desk.settings.reader, lead),
        symptoms=leadview.symptoms(lead),
        place=leadview.place(lead.tags.region),
        heard=heard_of(index, desk.records, (lead.id,), visitor.clinics).get(lead.id),
        folded=index.folded(lead.id),
        thread=[each for each in _thread(index, lead, page.now) if visitor.may_see_lead(each)],
        similar=similar.of_lead(desk, visitor, lead, SIMILAR),
        lines=leadview.clinics_for(lead, visitor.clinics),
    )


def _thread(index: LeadIndex, lead: Lead, now: datetime) -> list[Lead]:
    """Other leads of the same thread that were written around the same time, by their floors."""
    post = lead.post
    if not post.thread_id:
        return []
    query = LeadQuery(
        sources=(post.source,),
        since=post.published_at - AROUND,
        until=post.published_at + AROUND,
        sort="newest",
        limit=NEIGHBOURS,
    )
    near = (hit.lead for hit in index.search(query, now=now).items)
    same = [each for each in near if each.post.thread_id == post.thread_id and each.id != lead.id]
    return sorted(same, key=lambda each: (each.post.floor or 0, each.post.published_at))


def _with_reply(page: LeadPage, desk: Desk, visitor: Visitor, lead: Lead, draft: LeadDraft) -> LeadPage:
    """The helper: pieces to choose from, the text so far, and what it must not say."""
    lines = page.lines
    wanted = draft.clinic_id or (page.case.clinic_id if page.case else "")
    line = next((each for each in lines if each.clinic.id == wanted), lines[0] if lines else None)
    with desk.records.reading() as session:
        choices = reply.choices(lead, snippets.everything(session), visitor.clinics)
    platform = platform_of(lead.post.url)
    chosen = next((each for each in choices if each.key == draft.snippet), None)
    filled = reply.filled(chosen, lead, line) if chosen else starters.Filled(text="")
    text, missing = (filled.text, filled.missing) if draft.text is None else (draft.text, ())
    return replace(
        page,
        choices=choices,
        chosen=chosen,
        reply_clinic=line.clinic if line else None,
        reply=text,
        missing=missing,
        checked=reply.checked(text, platform),
        platform=platform,
        platform_name=PLATFORMS[platform][0] if platform else "",
    )


def _conflict(
    request: Request, desk: Desk, lead_id: str, values: Mapping[str, str], version: int, sentence: str
) -> Response:
    """Both versions; when nothing is left to decide, the page as it is."""
    with desk.records.reading() as session:
        case = cases.get(session, lead_id)
        events = cases.history(session, lead_id)
        names = users.names(session)
        names |= {clinic.id: clinic.name for clinic in all_clinics(session)}
    open_ones = differences(case, events, values, version, names)
    if not open_ones:
        return _back(request, lead_id, "case")
    page = ConflictPage(
        differences=open_ones,
        version=case.version if case else 0,
        sentence=sentence,
        lead_id=lead_id,
        address=address,
        kept="?" + urlencode({"listed": listed}) if (listed := _listed(request)) else "",
    )
    return render(request, page, status=409)
