"""线索: the search, and what is done with many leads at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, ClassVar, get_args

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from starlette.exceptions import HTTPException

from leads.actions import change_case
from leads.errors import ConflictError, InputError, QueryError, TingzhenError
from leads.labels import SORT_NAMES, STATUS_NAMES
from leads.models import BEIJING, CaseStatus, Clinic, Hit, LeadQuery, Page
from leads.records import cases, feedback, searches, users
from leads.records.cases import KEEP, CaseChange, day_of
from leads.records.tables.work import SavedSearch
from leads.scoring.expected import RECENT, expected_of
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.leads import list_view
from leads.web.leads.counts import Counts, Remembered, count
from leads.web.leads.elsewhere import Elsewhere, of_search
from leads.web.leads.heard import heard_of
from leads.web.leads.presence import presence
from leads.web.leads.search_form import LIST, LeadForm, lead_query, list_query, usual_start
from leads.web.render import WebPage, render
from nlp.symptoms import lexicon

PAGE_SIZE = 25
MOST_AT_ONCE = 200
UNCHANGED = "-"  # chosen where a bulk change leaves a field alone
BACK = "back"  # stands where an undo would, after one
_NUMBER = re.compile(r"[0-9]{1,17}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
routes = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the page says of what was just done; it stands at the bottom of the window."""

    sentence: str = ""  # "": nothing was done
    problem: bool = False  # refused: stays until it is closed
    undo: str = ""  # takes it back: the moment it was done, in microseconds since 1970
    lead_url: str = ""  # a lead that somebody else changed meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsPage(WebPage):
    """The search: its form and filters, the leads found, and what can be done with them."""

    template: ClassVar[str] = "leads.html"
    form: LeadForm
    problem: str
    now: datetime
    clinics: Sequence[Clinic]
    restricted: bool
    people: Mapping[str, str]
    expected: str
    rows: Sequence[list_view.LeadRow]
    total: int
    maybe: list_view.MaybeNear | None
    elsewhere: Sequence[Elsewhere]  # where there is something, when nothing is here
    next_url: str
    first_url: str
    filters: Sequence[list_view.Filter]
    precisions_to: Sequence[list_view.FacetChoice]
    ages: Sequence[list_view.FacetChoice]
    chips: Sequence[list_view.Chip]
    sorts_to: Mapping[str, str]
    place: str
    symptom_options: Markup
    saved: Sequence[SavedSearch]
    settled: str
    listed: str  # the query string of this very page of the list
    exports: Mapping[str, str]
    statuses: Mapping[str, str] = field(default_factory=lambda: STATUS_NAMES)
    dismissals: Sequence[str] = cases.DISMISSALS
    unchanged: str = UNCHANGED
    snoozes: Sequence[tuple[str, str]]  # days a lead may come back, named and as a form sends them
    saved_now: bool
    at_start: bool  # what is taken off here stays off the next time
    own_start: bool  # the person chose with what the desk opens
    notice: Notice
    picked: Collection[str] = ()  # ids of leads that stay chosen


@routes.get(LIST)
def search(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[LeadForm, Query()]) -> Response:
    """The leads that match the form in the address; without one, what the person's desk opens with."""
    page = _page(request, desk, visitor, form if request.url.query else None)
    return render(request, page, status=400 if page.problem else 200)


def _page(request: Request, desk: Desk, visitor: Visitor, asked: LeadForm | None) -> LeadsPage:
    now, clinics = desk.clock(), visitor.clinics
    start = _start(desk, visitor, now)
    form = start if asked is None else asked
    page, query, counts, problem = _answer(request, desk, visitor, form, now)
    with desk.records.reading() as session:
        people = {user.login: user.name for user in users.everybody(session) if not user.disabled}
        saved = searches.of_user(session, visitor.user_id)
        judged = feedback.judged(session, since=now - RECENT)
    return LeadsPage(
        form=form,
        problem=problem,
        now=now,
        clinics=clinics,
        restricted=visitor.restricted,
        people=people,
        expected=str(expected_of((hit.lead for hit in page.items), judged)),
        rows=_rows(request, desk, visitor, page.items, people, listed=form.kept(now), now=now),
        total=counts.total if counts else 0,
        maybe=list_view.maybe_near(form, query, counts),
        elsewhere=of_search(desk.index, form, visitor, now) if counts and not counts.total else (),
        next_url=form.next_url(page.cursor, now),
        first_url=form.url() if form.cursor else "",
        filters=list_view.filters(form, query, counts, people, treated=_treated(visitor, form)),
        precisions_to=list_view.precision_choices(form, counts),
        ages=list_view.age_choices(form, counts),
        chips=_chips(form, query, visitor, people),
        sorts_to=_sorts(query),
        place=form.place(clinics),
        symptom_options=_symptom_options(),
        saved=saved,
        settled=form.settled(clinics).url("").removeprefix("?"),
        listed=form.here(),
        exports={kind: form.url(f"/leads/export.{kind}") for kind in ("csv", "xlsx")},
        snoozes=_snoozes(now),
        saved_now="saved" in request.query_params,
        at_start=asked is None,
        own_start=start != usual_start(clinics),
        notice=_notice(request.query_params),
    )


def _rows(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    hits: Sequence[Hit],
    people: Mapping[str, str],
    *,
    listed: str,
    now: datetime,
) -> list[list_view.LeadRow]:
    ids = [hit.lead.id for hit in hits]
    with desk.records.reading() as session:
        touched = cases.get_many(session, ids)
    heard = heard_of(desk.index, desk.records, ids, visitor.clinics)
    here = presence(request).others(ids, visitor.login, now)
    return list_view.rows(hits, touched, people, listed=listed, heard=heard, here=here)


def _snoozes(now: datetime) -> list[tuple[str, str]]:
    today = now.astimezone(BEIJING).date()
    monday = 7 - today.weekday()
    days = {1: "明天", 3: "三天后", monday: "下周一", 14: "两周后"}
    return [(name, (today + timedelta(days=ahead)).isoformat()) for ahead, name in sorted(days.items())]


def _start(desk: Desk, visitor: Visitor, now: datetime) -> LeadForm:
    """What this person's desk opens with; a clinic it names may be gone, then it is the usual again."""
    with desk.records.reading() as session:
        kept = searches.start(session, visitor.user_id)
    if kept:
        form = LeadForm.read(kept)
        with suppress(QueryError):
            lead_query(form, visitor, limit=1, now=now)
            return form
    return usual_start(visitor.clinics)


@routes.post("/start")
def keep_start(desk: TheDesk, visitor: Anyone, query: Annotated[str, Form()] = "") -> Response:
    """Open this person's desk with this search from now on; with the usual one when none is given."""
    kept = ""
    if query:
        form = LeadForm.read(query).settled(visitor.clinics)
        lead_query(form, visitor, limit=1, now=desk.clock())
        kept = "" if form == usual_start(visitor.clinics) else form.url("").removeprefix("?")
    with desk.records.transaction() as session:
        searches.keep_start(session, visitor.user_id, kept)
    return RedirectResponse(LIST, 303)


def _notice(asked: Mapping[str, str]) -> Notice:
    """What the address says was done."""
    done, undo = asked.get("done", ""), asked.get("undo", "")
    if not _NUMBER.fullmatch(done):
        return Notice()
    if undo == BACK:
        return Notice(sentence=f"已撤销 {done} 条线索的改动。")
    return Notice(sentence=f"已更新 {done} 条线索。", undo=undo if _NUMBER.fullmatch(undo) else "")


def _chips(
    form: LeadForm, query: LeadQuery | None, visitor: Visitor, people: Mapping[str, str]
) -> Sequence[list_view.Chip]:
    if query is None:
        return ()
    return list_view.chips(form, query, visitor.clinics, people, restricted=visitor.restricted)


def _treated(visitor: Visitor, form: LeadForm) -> Collection[str]:
    """The specialties that may be asked for; empty for all. A doctor is offered none that is refused."""
    own = [each for each in visitor.clinics if each.id == (form.near or visitor.clinics[0].id)]
    return own[0].specialties if visitor.restricted and own else ()


def _sorts(query: LeadQuery | None) -> dict[str, str]:
    """Without a place nothing is nearest."""
    return {
        code: name for code, name in SORT_NAMES.items() if code != "nearest" or query is None or query.near
    }


def _answer(
    request: Request, desk: Desk, visitor: Visitor, form: LeadForm, now: datetime
) -> tuple[Page[Hit], LeadQuery | None, Counts | None, str]:
    """(page, query, counts, problem): without a query where there is a problem."""
    try:
        query = list_query(form, visitor, limit=PAGE_SIZE, now=now)
        page = desk.index.search(query, now=now)
    except QueryError as error:
        return Page(items=()), None, None, str(error)
    # The moments of "7d" move on with every second; the words do not.
    asked = replace(query, since=None, until=None, sort="newest", cursor="")
    key = (asked, form.since, form.until)
    return page, query, remembered(request).get(key, lambda: count(desk.index, query, now=now)), ""


def remembered(request: Request) -> Remembered:
    """The counts this application has made lately."""
    state = request.app.state
    if not hasattr(state, "counts"):
        state.counts = Remembered()
    kept: Remembered = state.counts
    return kept


@cache
def _symptom_options() -> Markup:
    """The options of the list of symptoms: always the same, so written once."""
    names = (concept.name for concept in lexicon.load().concepts.values())
    return Markup("").join(Markup('<option value="{}"></option>').format(name) for name in names)


# --- many at once ------------------------------------------------------------


@routes.post("/leads/bulk")
def change_many(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead: Annotated[list[str], Form()] = [],  # noqa: B006 - read, never changed; FastAPI copies defaults
    status: Annotated[str, Form()] = UNCHANGED,
    assignee: Annotated[str, Form()] = UNCHANGED,
    reason: Annotated[str, Form()] = "",
    snoozed_until: Annotated[str, Form()] = "",
    query: Annotated[str, Form()] = "",
) -> Response:
    """Change the chosen leads; `lead` is "<version of the case>:<id>"."""
    now = desk.clock()
    try:
        changed = _change(desk, visitor, lead, _wanted(status, assignee, reason, snoozed_until), now)
    except (TingzhenError, HTTPException) as error:
        return _refused(request, desk, visitor, query, error, picked=lead)
    return _changed(request, query, len(changed), undo=str(_microseconds(now)))


@routes.post("/leads/bulk/undo")
def undo_many(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    undo: Annotated[str, Form()] = "",
    query: Annotated[str, Form()] = "",
) -> Response:
    """Take back what this person changed at one moment."""
    try:
        if not _NUMBER.fullmatch(undo):
            raise InputError("不知道要撤销什么：请刷新页面后再试。")
        with desk.records.transaction() as session:
            at = _EPOCH + timedelta(microseconds=int(undo))
            changed = cases.undo(session, at=at, who=visitor.login, now=desk.clock())
    except TingzhenError as error:
        return _refused(request, desk, visitor, query, error)
    change_case.sync_index(desk.records, desk.index)
    return _changed(request, query, len(changed), undo=BACK)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _changed(request: Request, query: str, count: int, *, undo: str) -> Response:
    """Back to the list as it is now."""
    remembered(request).forget()
    kept = LeadForm.read(query)
    return RedirectResponse(kept.url(cursor=kept.cursor, at=kept.at, done=str(count), undo=undo), 303)


def _refused(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    query: str,
    error: TingzhenError | HTTPException,
    *,
    picked: Sequence[str] = (),
) -> Response:
    """The list as it is now, with the reason; what was chosen stays chosen."""
    if isinstance(error, HTTPException):
        sentence, status = error.detail, error.status_code
    else:
        sentence, status = str(error), error.http_status
    lead_id = error.lead_id if isinstance(error, ConflictError) else ""
    notice = Notice(
        sentence=f"一条也没有改。{sentence}",
        problem=True,
        lead_url=list_view.page_of(lead_id) if lead_id else "",
    )
    chosen = {value.partition(":")[2] for value in picked}
    page = _page(request, desk, visitor, LeadForm.read(query))
    return render(request, replace(page, notice=notice, picked=chosen), status=status)


def _wanted(status: str, assignee: str, reason: str, snoozed_until: str) -> CaseChange:
    if status == assignee == UNCHANGED and not snoozed_until:
        raise InputError("没有选要改什么：请选一个状态、负责人或暂缓的日子。")
    if status not in (UNCHANGED, *get_args(CaseStatus)):
        raise InputError(f"状态 {status!r} 不认识：请从列表里选。")
    return CaseChange(
        status=None if status == UNCHANGED else status,  # type: ignore[arg-type]  # checked just above
        assignee=None if assignee == UNCHANGED else assignee,
        reason=reason.strip() if status == "dismissed" else None,
        snoozed_until=day_of(snoozed_until) if snoozed_until else KEEP,
    )


def _change(
    desk: Desk, visitor: Visitor, chosen: Sequence[str], wanted: CaseChange, now: datetime
) -> Sequence[str]:
    """The ids of the leads whose case became another."""
    versions = _versions(chosen)
    _seen_by(desk, visitor, versions)
    changes = {lead_id: replace(wanted, version=version) for lead_id, version in versions.items()}
    with desk.records.transaction() as session:
        changed = cases.change(session, changes, who=visitor.login, now=now)
    change_case.sync_index(desk.records, desk.index)
    return changed


def _versions(chosen: Sequence[str]) -> dict[str, int]:
    if not chosen:
        raise InputError("没有选线索：请先勾选。")
    if len(chosen) > MOST_AT_ONCE:
        raise InputError(f"一次最多改 {MOST_AT_ONCE} 条：请分几次。")
    pairs = [value.partition(":") for value in chosen]
    if not all(version.isdecimal() and version.isascii() and lead_id for version, _, lead_id in pairs):
        raise InputError("选中的线索看不懂：请刷新页面后再试。")
    return {lead_id: int(version[:9]) for version, _, lead_id in pairs}


def _seen_by(desk: Desk, visitor: Visitor, lead_ids: Mapping[str, int]) -> None:
    """Raises 404 unless all of these are leads that the person may see."""
    for lead_id in lead_ids:
        found = desk.index.get(lead_id)
        if found is None or not visitor.may_see_lead(found):
            raise HTTPException(404, "有一条选中的线索已经不在了：请刷新页面。")
