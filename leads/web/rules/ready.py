"""The rule that somebody most likely wants of a clinic, ready to be kept: new leads near it for the desk's
staff, for a doctor what is said of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from leads.models import Clinic, RuleKind
from leads.query.search import spelled
from leads.web.auth import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRule:
    """Name, kind and query as `leads.records.rules.add` takes them."""

    name: str
    kind: RuleKind
    query: str


def rule(visitor: Visitor, clinic_id: str = "") -> ReadyRule | None:
    """Of this clinic of the visitor's, else the first; None for a doctor without one."""
    clinic = next((each for each in visitor.clinics if each.id == clinic_id), None)
    clinic = clinic or next(iter(visitor.clinics), None)
    if visitor.restricted:
        return said_of(clinic) if clinic else None
    if clinic is None:
        return ReadyRule(name="附近的新线索", kind="lead", query="")
    return ReadyRule(name=f"{clinic.name}附近的新线索", kind="lead", query=urlencode(spelled(clinic)))


def said_of(clinic: Clinic) -> ReadyRule:
    """Every new mention of the clinic."""
    return ReadyRule(name=f"有人说到{clinic.name}", kind="mention", query=urlencode({"clinic": clinic.id}))
