"""The form of a case: what was posted becomes a change; and who may see which case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from leads.errors import InputError
from leads.models import CASE_STATUSES, CaseStatus, Clinic, Lead
from leads.records import cases, users
from leads.records.cases import FIELDS, KEEP, CaseChange, day_of
from leads.records.tables.people import User
from leads.records.tables.work import Case
from leads.records.texts import storable
from leads.scoring.fit import serves
from leads.web.auth import Visitor
from leads.web.desk import Desk


async def _posted(request: Request) -> FormData:
    """The form as it came: a field left empty is not one left out."""
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSubject:
    """What a page is about: a lead (None when it is gone), and the case if there is one."""

    lead_id: str
    lead: Lead | None
    case: Case | None


def subject(desk: Desk, visitor: Visitor, lead_id: str) -> CaseSubject:
    """The lead and its case; 404 when there is neither, or when they are not this visitor's."""
    lead_id = storable(lead_id)
    lead = desk.index.get(lead_id)
    with desk.records.reading() as session:
        case = cases.get(session, lead_id)
    if not _may_see(visitor, lead, case):
        raise HTTPException(404, "没有这条线索。")
    return CaseSubject(lead_id=lead_id, lead=lead, case=case)


def _may_see(visitor: Visitor, lead: Lead | None, case: Case | None) -> bool:
    """A doctor sees what own clinics could treat, and what was referred to one of them."""
    if lead is None and case is None:
        return False
    referred = case is not None and any(case.clinic_id == clinic.id for clinic in visitor.clinics)
    return not visitor.restricted or referred or (lead is not None and visitor.may_see_lead(lead))


def people_for(session: Session, lead: Lead | None, clinics: Iterable[Clinic]) -> list[User]:
    """Who can be given this lead: everybody who comes in and may see it."""
    treating = {clinic.id for clinic in clinics if lead is None or serves(clinic, lead.tags)}
    return [
        user
        for user in users.everybody(session)
        if not user.disabled and (user.role != "doctor" or treating & set(user.clinic_ids))
    ]


def posted_values(form: FormData) -> dict[str, str]:
    """The fields of a case that were posted, as written."""
    return {field: storable(str(form[field])).strip() for field in FIELDS if field in form}


def to_change(values: Mapping[str, str], visitor: Visitor, *, version: int | None) -> CaseChange:
    """The change somebody asks for.

    Raises:
        InputError: a date, an amount, a status or a clinic that cannot be.
    """
    status = values.get("status")
    clinic_id = values.get("clinic_id")
    if clinic_id and not any(clinic_id == clinic.id for clinic in visitor.clinics):
        raise InputError(f"诊所 {clinic_id!r} 不存在：请从列表里选。")
    return CaseChange(
        status=_status(status) if status else None,
        assignee=values.get("assignee"),
        reason=values.get("reason"),
        due_on=day_of(values["due_on"]) if "due_on" in values else KEEP,
        snoozed_until=day_of(values["snoozed_until"]) if "snoozed_until" in values else KEEP,
        value_yuan=_yuan(values["value_yuan"]) if "value_yuan" in values else KEEP,
        clinic_id=clinic_id,
        version=version,
    )


def version_of(form: FormData) -> int | None:
    """The version the form was made for; None when it says nothing (a script's own request)."""
    text = str(form.get("version", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _status(text: str) -> CaseStatus:
    for status in CASE_STATUSES:
        if text == status:
            return status
    raise InputError(f"状态 {text!r} 不认识：请从列表里选。")


def _yuan(text: str) -> int | None:
    plain = text.replace(",", "").replace("，", "").removesuffix("元").strip()
    if not plain:
        return None
    if not plain.isascii() or not plain.isdigit() or len(plain) > 12:
        raise InputError(f"金额 {text!r} 看不懂：请写整数，单位元，例如 1200。")
    return int(plain)
