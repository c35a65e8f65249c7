"""线索详情: everything known of one lead and why; the case, notes, judgements, and help with a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, Field

from leads.actions import change_case
from leads.errors import ConflictError, InputError
from leads.index.base import LeadIndex
from leads.labels import INTENT_NAMES, STATUS_NAMES
from leads.models import Lead, LeadQuery
from leads.records import cases, feedback, notes, snippets, users
from leads.records.clinics import clinics as all_clinics
from leads.replies import starters
from leads.replies.compliance import LONGEST
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
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
from leads.web.lead.conflict import conflict_values
from leads.web.render import render

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


class ReplyText(BaseModel):
    """What a script asks about while somebody writes."""

    text: Annotated[str, Field(max_length=LONGEST)]


def address(lead_id: str) -> str:
    """Where the page of a lead is."""
    return "/leads/" + quote(lead_id)


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
    return _page(request, desk, visitor, found, snippet=snippet, clinic_id=clinic, done=DONE.get(done, ""))


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
        return _page(request, desk, visitor, found, problem=str(error), typed=values)
    except ConflictError as error:
        return _conflict(request, desk, found.lead_id, values, version or 0, str(error))
    change_case.sync_index(desk.records, desk.index)
    return RedirectResponse(f"{address(lead_id)}?done=case", 303)


@routes.post("/notes/{lead_id:path}")
def add_note(
    request: Request, desk: TheDesk, visitor: Anyone, lead_id: str, text: Annotated[str, Form()] = ""
) -> Response:
    """Keep a note."""
    found = subject(desk, visitor, lead_id)
    try:
        with desk.records.transaction() as session:
            notes.add(session, found.lead_id, text, who=visitor.login, now=desk.clock())
    except InputError as error:
        return _page(request, desk, visitor, found, problem=str(error), typed={"note": text})
    return RedirectResponse(f"{address(lead_id)}?done=note#story", 303)


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
                )
    except InputError as error:
        return _page(request, desk, visitor, found, problem=str(error))
    return RedirectResponse(f"{address(lead_id)}?done={'back' if undo else 'feedback'}#feedback", 303)


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
    return _page(request, desk, visitor, found, clinic_id=clinic, text=text)


@routes.post("/compliance")
def check_text(visitor: Anyone, asked: ReplyText) -> Response:
    """For the script: the text in runs, and what it must not say."""
    answer = reply.checked(asked.text)
    return JSONResponse(
        {"runs": [asdict(run) for run in answer.runs], "findings": [asdict(each) for each in answer.findings]}
    )


def _page(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    found: CaseSubject,
    *,
    snippet: str = "",
    clinic_id: str = "",
    text: str | None = None,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    values: dict[str, Any] = {
        "found": found,
        "case": found.case,
        "lead": found.lead,
        "now": desk.clock(),
        "problem": problem,
        "done": done,
        "statuses": STATUS_NAMES,
        "dismissals": cases.DISMISSALS,
        "next_status": NEXT.get(found.case.status if found.case else "new", ""),
        "clinics": visitor.clinics,
        "address": address,
        **_case_values(desk, visitor, found, typed or {}),
    }
    if found.lead is not None:
        values |= _lead_values(desk.index, visitor, found.lead, desk.clock())
        values |= _reply_values(desk, visitor, found, snippet=snippet, clinic_id=clinic_id, text=text)
    return render(request, "lead.html", values, status=400 if problem else 200)


def _case_values(
    desk: Desk, visitor: Visitor, found: CaseSubject, typed: Mapping[str, str]
) -> dict[str, Any]:
    """The case, its story, what was judged; `typed` is what a form held that could not be taken."""
    with desk.records.reading() as session:
        known = all_clinics(session)
        names = {user.login: user.name for user in users.everybody(session)}
        people = people_for(session, found.lead, known)
        events, written = cases.history(session, found.lead_id), notes.of(session, found.lead_id)
        judged = feedback.of(session, found.lead_id)
    names |= {clinic.id: clinic.name for clinic in known}
    state = cases.state(found.case) if found.case else cases.replay(())
    return {
        "names": names,
        "people": people,
        "version": found.case.version if found.case else 0,
        "form": {**state, **typed},
        "typed_note": typed.get("note", ""),
        "story": leadview.story(events, written, names),
        "feedback": [(row, leadview.judged(row), leadview.thought(row)) for row in judged],
        "other_intents": {label: name for label, name in INTENT_NAMES.items() if label != "seeker"},
    }


def _lead_values(index: LeadIndex, visitor: Visitor, lead: Lead, now: datetime) -> dict[str, Any]:
    looked_at = SIMILAR * 3 if visitor.restricted else SIMILAR
    similar = [each for each in index.similar(lead.id, looked_at) if visitor.may_see_lead(each)]
    return {
        "shown": SHOWN,
        "shares": leadview.intents(lead),
        "symptoms": leadview.symptoms(lead),
        "place": leadview.place(lead.tags.region),
        "folded": index.folded(lead.id),
        "thread": [each for each in _thread(index, lead, now) if visitor.may_see_lead(each)],
        "similar": similar[:SIMILAR],
        "lines": leadview.clinics_for(lead, visitor.clinics),
    }


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


def _reply_values(
    desk: Desk, visitor: Visitor, found: CaseSubject, *, snippet: str, clinic_id: str, text: str | None
) -> dict[str, Any]:
    """The helper: pieces to choose from, the text so far, and what it must not say."""
    lead = found.lead
    assert lead is not None  # noqa: S101 - the caller's condition
    lines = leadview.clinics_for(lead, visitor.clinics)
    wanted = clinic_id or (found.case.clinic_id if found.case else "")
    line = next((each for each in lines if each.clinic.id == wanted), lines[0] if lines else None)
    with desk.records.reading() as session:
        choices = reply.choices(lead, snippets.everything(session), visitor.clinics)
    chosen = next((each for each in choices if each.key == snippet), None)
    filled = reply.filled(chosen, lead, line) if chosen else starters.Filled(text="")
    return {
        "choices": choices,
        "chosen": chosen,
        "reply_clinic": line.clinic if line else None,
        "reply": filled.text if text is None else text,
        "missing": filled.missing if text is None else (),
        "checked": reply.checked(filled.text if text is None else text),
        "longest": LONGEST,
    }


def _conflict(
    request: Request, desk: Desk, lead_id: str, values: Mapping[str, str], version: int, sentence: str
) -> Response:
    """Both versions; when nothing is left to decide, the page as it is."""
    with desk.records.reading() as session:
        case = cases.get(session, lead_id)
        events = cases.history(session, lead_id)
        names = {user.login: user.name for user in users.everybody(session)}
        names |= {clinic.id: clinic.name for clinic in all_clinics(session)}
    shown = conflict_values(case, events, values, version, names)
    if not shown["differences"]:
        return RedirectResponse(f"{address(lead_id)}?done=case", 303)
    page = {**shown, "sentence": sentence, "lead_id": lead_id, "address": address}
    return render(request, "conflict.html", page, status=409)
