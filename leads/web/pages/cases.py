"""跟进: the cases somebody works on, what is due, and how many stand where in the funnel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, ClassVar, get_args
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from leads.actions import change_case
from leads.errors import ConflictError, InputError, QueryError, TingzhenError
from leads.index.base import LeadIndex, Stored
from leads.labels import STATUS_NAMES
from leads.models import BEIJING, Clinic, Lead
from leads.records import caseload, cases, users
from leads.records.caseload import CaseLimits, Due, Wanted
from leads.records.tables.people import User
from leads.records.tables.work import Case
from leads.records.texts import storable
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.lead.case_form import subject, to_change
from leads.web.lead.page import address
from leads.web.leads.elsewhere import Elsewhere
from leads.web.leads.search_form import list_query, usual_start
from leads.web.pages.board import CARDS, COLUMNS, BoardPage, column
from leads.web.render import WebPage, render

routes = APIRouter()
PAGE_SIZE = 50
BOARD = "board"  # the view that is no list
EVERYBODY, NOBODY = "all", "none"  # in place of a login; no login is that short or has no such letters
DUE_NAMES = {
    "": "不限",
    "overdue": "已过期",
    "today": "今天",
    "week": "一周内",
    "none": "没定日期",
    "snoozed": "暂缓中",
}


class CaseForm(BaseModel):
    """As in the URL. `who` left out means oneself."""

    who: str = ""
    status: str = ""
    clinic: str = ""
    due: str = ""
    page: int = 1
    view: str = ""
    moved: str = ""  # what was just moved where, for the board

    @classmethod
    def read(cls, query: str) -> CaseForm:
        """Of a query string; what cannot be read is let pass as "any"."""
        given = {name: values[0] for name, values in parse_qs(query).items()}
        return cls(who=given.get("who", ""), clinic=given.get("clinic", ""), due=given.get("due", ""))

    def url(self, **changes: object) -> str:
        """The address of these cases with something else."""
        values = {**self.model_dump(), "page": 1, "moved": "", **changes}
        kept = {key: value for key, value in values.items() if value and (key, value) != ("page", 1)}
        return "/cases" + (f"?{urlencode(kept)}" if kept else "")

    def wanted(self, visitor: Visitor) -> Wanted:
        """What is asked for; what cannot be is let pass as "any"."""
        others = {EVERYBODY: None, NOBODY: "", "": visitor.login}
        due: Due = next((each for each in get_args(Due) if each == self.due), "")
        return Wanted(
            assignee=others.get(self.who, storable(self.who)),
            status=self.status if self.status in STATUS_NAMES else "",
            clinic_id=storable(self.clinic) or None,
            due=due,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A case in the list; `lead` is None when the post is gone. `late` counts days after the due date."""

    case: Case
    lead: Lead | None
    late: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesPage(WebPage):
    """The cases asked for, and the funnel: a clinic's id, its name, status → count."""

    template: ClassVar[str] = "cases.html"
    form: CaseForm
    lines: Sequence[CaseLine]
    total: int
    pressing: Mapping[str, int]
    funnel: Sequence[tuple[str, str, Mapping[str, int]]]
    people: Sequence[User]
    names: Mapping[str, str]
    clinics: Sequence[Clinic]
    clinic_names: Mapping[str, str]
    statuses: Mapping[str, str]
    dues: Mapping[str, str]
    next_url: str
    address: Callable[[str], str]
    elsewhere: Sequence[Elsewhere]  # where there are cases or leads, when there are none here


@routes.get("/cases")
def listing(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[CaseForm, Query()]) -> Response:
    """The open cases of somebody, the most pressing first, and the funnel of each clinic."""
    if form.view == BOARD:
        return _board(request, desk, visitor, form)
    today = desk.clock().astimezone(BEIJING).date()
    limits = limits_of(visitor)
    wanted = form.wanted(visitor)
    number = min(max(form.page, 1), 10_000)
    with desk.records.reading() as session:
        found = caseload.listed(
            session, wanted, today=today, limits=limits, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
        )
        total = caseload.count(session, wanted, today=today, limits=limits)
        mine = Wanted(assignee=visitor.login)
        pressing = {
            due: caseload.count(session, replace(mine, due=due), today=today, limits=limits)
            for due in ("overdue", "today")
        }
        funnel = caseload.funnel(session, limits=limits)
        people = [user for user in users.everybody(session) if not user.disabled]
    page = CasesPage(
        form=form,
        lines=_lines(desk.index, found, today),
        total=total,
        pressing=pressing,
        funnel=_funnel(funnel, visitor),
        people=people,
        names={user.login: user.name for user in people},
        clinics=visitor.clinics,
        clinic_names={clinic.id: clinic.name for clinic in visitor.clinics},
        statuses=STATUS_NAMES,
        dues=DUE_NAMES,
        next_url=form.url(page=number + 1) if number * PAGE_SIZE < total else "",
        address=address,
        elsewhere=() if total else _elsewhere(desk, visitor, form, limits),
    )
    return render(request, page)


@routes.post("/board/{lead_id:path}")
def move(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    lead_id: str,
    status: Annotated[str, Form()] = "",
    version: Annotated[str, Form()] = "",
    query: Annotated[str, Form()] = "",
) -> Response:
    """Move a card to another step; the answer is the board as it is now, with what became of it."""
    found, form = subject(desk, visitor, lead_id), CaseForm.read(query)
    known = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    try:
        if status not in COLUMNS:
            raise InputError("看板上没有这一步：排除要写理由，请打开线索。")
        wanted = to_change({"status": status}, visitor, version=known)
        with desk.records.transaction() as session:
            cases.change(session, {found.lead_id: wanted}, who=visitor.login, now=desk.clock())
    except (InputError, ConflictError) as error:
        return _board(request, desk, visitor, form, error=error, about=found.lead_id)
    change_case.sync_index(desk.records, desk.index)
    return RedirectResponse(form.url(view=BOARD, moved=status), 303)


def _board(
    request: Request,
    desk: Desk,
    visitor: Visitor,
    form: CaseForm,
    *,
    error: TingzhenError | None = None,
    about: str = "",
) -> Response:
    today, limits = desk.clock().astimezone(BEIJING).date(), limits_of(visitor)
    wanted = form.wanted(visitor)
    with desk.records.reading() as session:
        several = {status: replace(wanted, status=status) for status in COLUMNS}
        found = {
            status: caseload.listed(session, each, today=today, limits=limits, limit=CARDS)
            for status, each in several.items()
        }
        totals = {
            status: caseload.count(session, each, today=today, limits=limits)
            for status, each in several.items()
        }
        people = [user for user in users.everybody(session) if not user.disabled]
    leads = _leads(desk.index, [case for each in found.values() for case in each])
    columns = [
        column(status, found[status], totals[status], leads, today, form.url(view="", status=status))
        for status in COLUMNS
    ]
    page = BoardPage(
        columns=columns,
        steps={status: STATUS_NAMES[status] for status in COLUMNS},
        query=form.url().partition("?")[2],
        list_url=form.url(view=""),
        who=form.who,
        clinic=form.clinic,
        due=form.due,
        dues=DUE_NAMES,
        people=people,
        names={user.login: user.name for user in people},
        clinics=visitor.clinics,
        address=address,
        moved=f"已移到“{STATUS_NAMES[form.moved]}”。" if form.moved in COLUMNS else "",
        problem=str(error) if error else "",
        problem_url=address(about) if about else "",
        elsewhere=() if any(totals.values()) else _elsewhere(desk, visitor, form, limits),
    )
    return render(request, page, status=error.http_status if error else 200)


def _elsewhere(desk: Desk, visitor: Visitor, form: CaseForm, limits: CaseLimits | None) -> list[Elsewhere]:
    """The same cases with one condition less, and the leads from which cases are made."""
    now = desk.clock()
    today = now.astimezone(BEIJING).date()
    free = {"clinic": "", "due": ""}
    others: dict[str, Mapping[str, object]] = {
        "未分配的": {"who": NOBODY},
        "所有人的": {"who": EVERYBODY},
        "我的，不限诊所和日期": {"who": "", **free},
        "所有人的，不限诊所和日期": {"who": EVERYBODY, **free},
    }
    found = list[Elsewhere]()
    with desk.records.reading() as session:
        for title, changes in others.items():
            other = form.model_copy(update=changes)
            count = caseload.count(session, other.wanted(visitor), today=today, limits=limits)
            if count and other.url() not in {each.url for each in found}:
                found.append(Elsewhere(title=title, count=count, url=other.url()))
    start = usual_start(visitor.clinics)
    with suppress(QueryError):  # a doctor without a clinic
        count = desk.index.count(list_query(start, visitor, limit=1, now=now))
        found.append(Elsewhere(title="附近的新线索：分给人，就到这里", count=count, url=start.url()))
    return found


def limits_of(visitor: Visitor) -> CaseLimits | None:
    """What this person may see of all cases; None for all."""
    if not visitor.restricted:
        return None
    return CaseLimits(clinic_ids=[clinic.id for clinic in visitor.clinics], login=visitor.login)


def _leads(index: LeadIndex, found: Sequence[Case]) -> dict[str, Lead]:
    stored = index.records("leads", [case.lead_id for case in found]) if found else ()
    return {each.lead.id: each.lead for each in stored if isinstance(each, Stored)}


def _lines(index: LeadIndex, found: Sequence[Case], today: date) -> list[CaseLine]:
    leads = _leads(index, found)
    return [
        CaseLine(
            case=case,
            lead=leads.get(case.lead_id),
            late=(today - case.due_on).days if case.due_on else None,
        )
        for case in found
    ]


def _funnel(
    funnel: Mapping[str, Mapping[str, int]], visitor: Visitor
) -> list[tuple[str, str, Mapping[str, int]]]:
    """(clinic id, its name, status → count), clinics without cases too; what belongs to none comes last."""
    names = {clinic.id: clinic.name for clinic in visitor.clinics}
    rows = [(clinic_id, name, funnel.get(clinic_id, {})) for clinic_id, name in names.items()]
    gone = sorted(set(funnel) - set(names) - {""})
    rows += [(clinic_id, f"{clinic_id}（已删除）", funnel[clinic_id]) for clinic_id in gone]
    if "" in funnel:
        rows.append(("", "未定诊所", funnel[""]))
    return rows
