"""Cases with their history, for the funnel: what happened when, and which rules told somebody of the lead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.records.caseload import CaseLimits
from leads.records.heard import chunks
from leads.records.tables.alerts import Alert, Rule
from leads.records.tables.heard import PostOrigin
from leads.records.tables.work import Case, CaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedCase:
    """A case, its changes of status in their order, when its post was published (None: not known any more),
    and the names of the rules that told somebody of it."""

    case: Case
    steps: Sequence[CaseEvent]
    posted: datetime | None
    rules: tuple[str, ...]


def worked_cases(
    session: Session, *, since: datetime | None, clinic_id: str, limits: CaseLimits | None
) -> list[WorkedCase]:
    """Those opened since then (None: ever), of one clinic ("": of all), as far as somebody may see them."""
    chosen = select(Case).order_by(Case.opened_at, Case.lead_id)
    if since is not None:
        chosen = chosen.where(Case.opened_at >= since)
    if clinic_id:
        chosen = chosen.where(Case.clinic_id == clinic_id)
    if limits is not None:
        chosen = chosen.where(limits.condition())
    cases = session.scalars(chosen).all()
    ids = [case.lead_id for case in cases]
    steps, posted, rules = _steps(session, ids), _posted(session, ids), _rules(session, ids)
    return [
        WorkedCase(
            case=case,
            steps=steps.get(case.lead_id, ()),
            posted=posted.get(case.lead_id),
            rules=rules.get(case.lead_id, ()),
        )
        for case in cases
    ]


def _steps(session: Session, lead_ids: Sequence[str]) -> Mapping[str, Sequence[CaseEvent]]:
    found: dict[str, list[CaseEvent]] = defaultdict(list)
    for some in chunks(lead_ids):
        chosen = select(CaseEvent).where(CaseEvent.lead_id.in_(some), CaseEvent.field == "status")
        for event in session.scalars(chosen.order_by(CaseEvent.id)):
            found[event.lead_id].append(event)
    return found


def _posted(session: Session, lead_ids: Sequence[str]) -> dict[str, datetime]:
    columns = select(PostOrigin.post_id, PostOrigin.published_at)
    return {
        post_id: published
        for some in chunks(lead_ids)
        for post_id, published in session.execute(columns.where(PostOrigin.post_id.in_(some)))
    }


def _rules(session: Session, lead_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    columns = select(Alert.post_id, Rule.name).join(Rule, Rule.id == Alert.rule_id).distinct()
    found: dict[str, list[str]] = defaultdict(list)
    for some in chunks(lead_ids):
        for post_id, name in session.execute(columns.where(Alert.post_id.in_(some)).order_by(Rule.name)):
            found[post_id].append(name)
    return {post_id: tuple(names) for post_id, names in found.items()}
