"""Cases as a list: whose, how far, what is due; and how many stand where in the funnel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from leads.records.tables.work import Case

CLOSED = ("shared", "dismissed")
Due = Literal["", "overdue", "today", "week", "none", "snoozed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLimits:
    """What somebody may see: a doctor the cases of own clinics and those given to them."""

    clinic_ids: Collection[str]
    login: str

    def condition(self) -> ColumnElement[bool]:
        return or_(Case.clinic_id.in_(list(self.clinic_ids)), Case.assignee == self.login)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases. `assignee` None: anybody's, "": nobody's; `status` "": all that are not over."""

    assignee: str | None = None
    status: str = ""
    clinic_id: str | None = None
    due: Due = ""


def listed(
    session: Session, wanted: Wanted, *, today: date, limits: CaseLimits | None, limit: int, offset: int = 0
) -> Sequence[Case]:
    """The cases, the most pressing first: by due date, then those that lie untouched longest."""
    statement = (
        select(Case)
        .where(*_conditions(wanted, today, limits))
        .order_by(Case.due_on.is_(None), Case.due_on, Case.changed_at, Case.lead_id)
    )
    return session.scalars(statement.limit(limit).offset(offset)).all()


def count(session: Session, wanted: Wanted, *, today: date, limits: CaseLimits | None) -> int:
    """How many there are of these."""
    return session.scalar(select(func.count()).where(*_conditions(wanted, today, limits))) or 0


def funnel(session: Session, *, limits: CaseLimits | None) -> Mapping[str, Counter[str]]:
    """Clinic id ("": none yet) → status → how many cases, closed ones included."""
    statement = select(Case.clinic_id, Case.status, func.count()).group_by(Case.clinic_id, Case.status)
    if limits is not None:
        statement = statement.where(Case.clinic_id.in_(list(limits.clinic_ids)))
    found: dict[str, Counter[str]] = {}
    for clinic_id, status, number in session.execute(statement):
        found.setdefault(clinic_id, Counter())[status] = number
    return found


def _conditions(wanted: Wanted, today: date, limits: CaseLimits | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Case.status == wanted.status if wanted.status else Case.status.not_in(CLOSED)
    ]
    if wanted.due != "snoozed":
        found.append(Case.snoozed_until.is_(None) | (Case.snoozed_until <= today))
    if wanted.assignee is not None:
        found.append(Case.assignee == wanted.assignee)
    if wanted.clinic_id is not None:
        found.append(Case.clinic_id == wanted.clinic_id)
    if wanted.due:
        found.append(_due(wanted.due, today))
    if limits is not None:
        found.append(limits.condition())
    return found


def _due(due: Due, today: date) -> ColumnElement[bool]:
    match due:
        case "overdue":
            return Case.due_on < today
        case "today":
            return Case.due_on == today
        case "week":
            return Case.due_on <= date.fromordinal(today.toordinal() + 7)
        case "snoozed":
            return Case.snoozed_until > today
        case _:
            return Case.due_on.is_(None)
