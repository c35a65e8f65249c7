"""A new channel on one page: which service, its fields, a test message, and what it tells of from now on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.alerts.channels import KINDS, send
from leads.alerts.channels.base import ChannelKind
from leads.alerts.channels.form import read_form
from leads.errors import InputError
from leads.models import Clinic, Outcome
from leads.records import audit, channels, rules
from leads.records.seal import LostKeyError
from leads.records.tables.alerts import Channel
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.render import WebPage, render
from leads.web.rules import ready

routes = APIRouter()


class ChannelForm(BaseModel):
    """The lines that every service has; a service's own are called `kind.field`."""

    kind: str = Field(default="", max_length=40)
    name: str = Field(default="", max_length=600)
    attempt: bool = False  # send a message at once, and keep nothing that the service refuses
    tell: bool = False  # of what is new near the clinic, or said of it
    clinic: str = Field(default="", max_length=80)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPage(WebPage):
    """The form; `kind` is the service chosen, "" while none is; `fresh` is a secret to propose."""

    template: ClassVar[str] = "alert_channel.html"
    kinds: Mapping[str, ChannelKind]
    form: ChannelForm
    kept: Mapping[str, str]  # "kind.field" → what was typed
    clinics: Sequence[Clinic]
    fresh: str
    problem: str


@routes.get("/alerts/channels/new")
def channel_form(
    request: Request, visitor: Anyone, kind: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """Which service, and what to paste for it."""
    chosen = ChannelForm(kind=kind if kind in KINDS else "", attempt=True, tell=True)
    return render(request, _page(visitor, chosen, {}))


async def _pasted(request: Request) -> Mapping[str, str]:
    """The fields of whatever kind of channel it is; `read_form` takes those it knows."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


ThePasted = Annotated[Mapping[str, str], Depends(_pasted)]


@routes.post("/alerts/channels")
def add_channel(
    request: Request, desk: TheDesk, visitor: Anyone, given: ThePasted, form: Annotated[ChannelForm, Form()]
) -> Response:
    """A new channel of one's own that tells from now on, or the form again with what is wrong."""
    try:
        address = read_form(form.kind, _own_fields(form.kind, given), desk.settings.alerts)
        outcome = _attempt(desk, form.kind, address) if form.attempt else None
        if outcome is not None and outcome.verdict == "dead":
            raise InputError(f"测试消息没有送到，还没有保存：{outcome.reason}")
        with desk.records.transaction() as session:
            made = _keep(session, desk, visitor, form, address)
            if outcome is not None:
                channels.tried(session, made.id, outcome, who=visitor.login, now=desk.clock())
            told = {"done": "added"} | ({"tried": str(made.id)} if outcome is not None else {})
    except InputError as error:
        return render(request, _page(visitor, form, given, problem=str(error)), status=400)
    return _back(**told)


def _own_fields(kind: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the kind, also without its name before them, as they were called once."""
    fields = KINDS[kind].fields if kind in KINDS else ()
    return {field.name: given.get(f"{kind}.{field.name}") or given.get(field.name, "") for field in fields}


def _keep(session: Session, desk: Desk, visitor: Visitor, form: ChannelForm, address: str) -> Channel:
    now = desk.clock()
    made = channels.add(
        session,
        user_id=visitor.user_id,
        name=form.name.strip() or KINDS[form.kind].name,
        kind=form.kind,
        address=address,
        who=visitor.login,
        now=now,
    )
    ruled = ready.rule(visitor, form.clinic) if form.tell else None
    if ruled is not None:
        rule = rules.same_or_new(
            session, name=ruled.name, kind=ruled.kind, query=ruled.query, who=visitor.login, now=now
        )
        heard = rules.subscribe(session, rule.id, visitor.user_id, made.id, frequency="now")
        subject = f"subscription:{heard.id}"
        audit.note(session, who=visitor.login, action="subscription.add", now=now, subject=subject)
    return made


@routes.post("/alerts/channels/{channel_id}/test")
def test_channel(desk: TheDesk, visitor: Anyone, channel_id: RowId) -> Response:
    """A message at once, outside the outbox; the service's answer is shown in words."""
    with desk.records.reading() as session:
        channel = _channel(session, visitor, channel_id)
    try:
        address = desk.records.seal.open(channel.address)
    except LostKeyError as error:
        outcome = Outcome(verdict="dead", reason=str(error), revoked=True)
    else:
        outcome = _attempt(desk, channel.kind, address)
    with desk.records.transaction() as session:
        channels.tried(session, channel_id, outcome, who=visitor.login, now=desk.clock())
    return _back(tried=str(channel_id))


@routes.post("/alerts/channels/{channel_id}/remove")
def remove_channel(desk: TheDesk, visitor: Anyone, channel_id: RowId) -> Response:
    """What waits for it is cancelled, with the reason."""
    with desk.records.transaction() as session:
        channel = _channel(session, visitor, channel_id)
        channels.remove(session, channel, who=visitor.login, now=desk.clock())
    return _back(done="removed")


def _attempt(desk: Desk, kind: str, address: str) -> Outcome:
    now: datetime = desk.clock()
    message = send.trial(f"test-{secrets.token_hex(8)}", desk.settings, now=now)
    return send.deliver(kind, address, message, desk.settings.alerts, now=now)


def _page(visitor: Visitor, form: ChannelForm, kept: Mapping[str, str], *, problem: str = "") -> ChannelPage:
    return ChannelPage(
        kinds=KINDS,
        form=form,
        kept=kept,
        clinics=visitor.clinics,
        fresh=secrets.token_urlsafe(24),
        problem=problem,
    )


def _channel(session: Session, visitor: Visitor, channel_id: int) -> Channel:
    channel = channels.get(session, channel_id)
    own = channel is not None and (visitor.role == "admin" or channel.user_id == visitor.user_id)
    if channel is None or channel.removed or not own:
        raise HTTPException(404, "没有这个通道。")
    return channel


def _back(**said: str) -> Response:
    return RedirectResponse(f"/alerts?{urlencode(said)}", 303)
