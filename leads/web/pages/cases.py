"""跟进: the cases somebody works on, what is due, and how many stand where in the funnel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from leads.index.base import LeadIndex, Stored
from leads.labels import STATUS_NAMES
from leads.models import BEIJING, Clinic, Lead
from leads.records import caseload, users
from leads.records.caseload import CaseLimits, Due, Wanted
from leads.records.tables.people import User
from leads.records.tables.work import Case
from leads.records.texts import storable
from leads.web.auth import Anyone, Visitor
from leads.web.desk import TheDesk
from leads.web.lead.page import address
from leads.web.render import WebPage, render

routes = APIRouter()
PAGE_SIZE = 50
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

    def url(self, **changes: object) -> str:
        """The address of these cases with something else."""
        values = {**self.model_dump(), "page": 1, **changes}
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


@routes.get("/cases")
def listing(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[CaseForm, Query()]) -> Response:
    """The open cases of somebody, the most pressing first, and the funnel of each clinic."""
    today = desk.clock().astimezone(BEIJING).date()
    limits = _limits(visitor)
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
    )
    return render(request, page)


def _limits(visitor: Visitor) -> CaseLimits | None:
    if not visitor.restricted:
        return None
    return CaseLimits(clinic_ids=[clinic.id for clinic in visitor.clinics], login=visitor.login)


def _lines(index: LeadIndex, found: Sequence[Case], today: date) -> list[CaseLine]:
    stored = index.records("leads", [case.lead_id for case in found]) if found else ()
    leads = {each.lead.id: each.lead for each in stored if isinstance(each, Stored)}
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
