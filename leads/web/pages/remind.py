"""提醒我: channel and frequency at once, wherever a search or a rule is seen; a script makes it a dialog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.alerts.outbox import claims
from leads.errors import ConflictError, InputError, QueryError
from leads.labels import FREQUENCY_NAMES
from leads.models import Clinic, Frequency, RuleKind
from leads.records import audit, channels, rules
from leads.records.tables.alerts import Channel, Rule, Subscription
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, Number, TheDesk
from leads.web.menu import STAFF
from leads.web.render import WebPage, render
from leads.web.rules import ready
from leads.web.rules.view import described, kind_of

routes = APIRouter()
USUAL_NAME = "附近的新线索"
LONGEST = 4000


class RemindForm(BaseModel):
    """Of which rule, or of what a search of this kind asks; by which channel and how often."""

    rule: Number = 0
    kind: str = "lead"
    query: str = ""
    name: str = ""
    channel: Number = 0
    frequency: str = "now"
    at_time: str = "08:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindPage(WebPage):
    """`rule` is None for a search nobody made a rule of; `done` is the channel that was just chosen."""

    template: ClassVar[str] = "remind.html"
    rule: Rule | None
    form: RemindForm
    conditions: Sequence[tuple[str, str]]
    own: Sequence[Channel]
    frequencies: Mapping[str, str]
    problem: str = ""
    done: Channel | None = None


@routes.get("/remind")
def ask(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    rule: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    kind: Annotated[str, Query(max_length=16)] = "",
    query: Annotated[str, Query(max_length=LONGEST)] = "",
    name: Annotated[str, Query(max_length=80)] = "",
    done: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """The form; without a rule and a search it is about the first clinic: its new leads, or for a doctor
    what is said of it."""
    usual = None if rule or query else ready.rule(visitor)
    if usual is not None and not kind:
        kind, query, name = usual.kind, usual.query, name or usual.name
    page = _page(
        desk, visitor, RemindForm(rule=rule, kind=kind or "lead", query=query, name=name or USUAL_NAME)
    )
    chosen = next((each for each in page.own if each.id == done), None)
    return render(request, replace(page, done=chosen))


@routes.post("/remind")
def remind(request: Request, desk: TheDesk, visitor: Anyone, form: Annotated[RemindForm, Form()]) -> Response:
    """Hear of it by this channel from now on; a search becomes a rule unless there is the same already."""
    page = _page(desk, visitor, form)
    try:
        with desk.records.transaction() as session:
            rule = page.rule or _made(session, desk, visitor, form)
            subscription = _subscribe(session, desk, visitor, rule.id, form)
            audit.note(
                session,
                who=visitor.login,
                action="subscription.add",
                now=desk.clock(),
                subject=f"subscription:{subscription.id}",
            )
            told = {"rule": rule.id, "done": form.channel}
    except (InputError, QueryError, ConflictError) as error:
        return render(request, replace(page, problem=str(error)), status=error.http_status)
    return RedirectResponse(f"/remind?{urlencode(told)}", 303)


def _page(desk: Desk, visitor: Visitor, form: RemindForm) -> RemindPage:
    """Raises 403 for a search that somebody may make no rule of, 404 for a rule that is gone."""
    with desk.records.reading() as session:
        rule = rules.get(session, form.rule) if form.rule else None
        own = channels.of(session, visitor.user_id)
    if form.rule and rule is None:
        raise HTTPException(404, "没有这条规则：它可能已被删除。")
    kind, query = (rule.kind, rule.query) if rule else (kind_of(form.kind), form.query)
    if rule is None and not _may_make(visitor, kind, query):
        raise HTTPException(403, "医生可以为自己诊所的提及设提醒；别的规则由管理员或市场添加。")
    return RemindPage(
        rule=rule,
        form=form,
        conditions=described(kind, query, visitor.clinics),
        own=own,
        frequencies=FREQUENCY_NAMES,
    )


def _may_make(visitor: Visitor, kind: RuleKind, query: str) -> bool:
    """The desk's staff any rule; a doctor one about mentions of clinics that are all the doctor's own."""
    if not visitor.restricted:
        return visitor.role in STAFF
    asked = parse_qs(query).get("clinic", [])
    return kind == "mention" and bool(asked) and all(_named(visitor.clinics, name) for name in asked)


def _named(clinics: Sequence[Clinic], name: str) -> bool:
    return any(name in (clinic.id, clinic.name) for clinic in clinics)


def _made(session: Session, desk: Desk, visitor: Visitor, form: RemindForm) -> Rule:
    return rules.same_or_new(
        session,
        name=form.name or USUAL_NAME,
        kind=kind_of(form.kind),
        query=form.query,
        who=visitor.login,
        now=desk.clock(),
    )


def _subscribe(
    session: Session, desk: Desk, visitor: Visitor, rule_id: int, form: RemindForm
) -> Subscription:
    """A new subscription, or the one there is with another frequency."""
    frequency: Frequency = form.frequency  # type: ignore[assignment]  # checked where it is kept
    there = rules.subscriptions(session, rule_id=rule_id, user_id=visitor.user_id, channel_id=form.channel)
    if not there:
        return rules.subscribe(
            session, rule_id, visitor.user_id, form.channel, frequency=frequency, at_time=form.at_time
        )
    changed = rules.change_subscription(
        session, there[0].id, frequency=frequency, at_time=form.at_time, enabled=True
    )
    claims.plan_anew(session, changed.id, now=desk.clock())
    return changed
