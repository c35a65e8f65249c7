"""提醒: my channels, what I hear of and when, and what became of every alert."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.alerts.channels import KINDS, send
from leads.alerts.channels.base import ChannelKind
from leads.alerts.channels.form import label, read_form
from leads.alerts.outbox import claims, outbox
from leads.alerts.outbox.history import TABS, counts, listed
from leads.errors import ConflictError, InputError
from leads.labels import FREQUENCY_NAMES, KIND_NAMES, SEVERITY_NAMES, STATE_NAMES
from leads.models import AlertState, Outcome
from leads.records import audit, cancellations, channels, rules, users
from leads.records.rules import SubscriptionWishes
from leads.records.seal import LostKeyError
from leads.records.tables.alerts import Alert, Channel, Rule, Subscription
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, RowId, TheDesk
from leads.web.render import WebPage, render

routes = APIRouter()
PAGE_SIZE = 50
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
CHANNEL_STATES = {
    "untested": ("没试过", ""),
    "ok": ("正常", "good"),
    "failing": ("送不到", "bad"),
    "revoked": ("失效", "bad"),
}
DONE = {
    "added": "通道加好了，请发一条测试消息。",
    "removed": "通道已移除，等着从它送出的提醒已取消，原因写在下面的记录里。",
    "subscribed": "订阅好了。",
    "changed": "订阅已改。",
    "unsubscribed": "订阅已取消。",
    "retried": "马上再送一次。",
}
SEVERITIES = {"": "没有"} | {str(key): f"{name}及以上" for key, name in SEVERITY_NAMES.items()}
CHOICES = {"seen": "已看", "irrelevant": "不相关"}
Line = Annotated[str, Form(max_length=600)]
Short = Annotated[str, Form(max_length=40)]
Number = Annotated[int, Form(ge=0, lt=2**31)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsTab:
    """Which alerts are listed: the state asked for, the page of them from 1, and whether more follow."""

    state: str
    page: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPage(WebPage):
    """Channels, subscriptions and alerts of a person, or of everybody; `chosen` is a rule's id, `own` are
    the visitor's channels, `tried` is the one just tested."""

    template: ClassVar[str] = "alerts.html"
    channels: Sequence[Channel]
    subscriptions: Sequence[Subscription]
    rules: Sequence[Rule]
    people: Mapping[int, str]
    counts: Mapping[str, int]
    alerts: Sequence[Alert]
    pages: AlertsTab
    own: Sequence[Channel]
    titles: Mapping[str, str]  # alert → what it said
    channel_names: Mapping[int, str]
    labels: Mapping[int, str]  # channel → its address, masked
    all_people: bool
    now: datetime
    kinds: Mapping[str, ChannelKind]
    frequencies: Mapping[str, str]
    weekdays: Sequence[str]
    severities: Mapping[str, str]
    channel_states: Mapping[str, tuple[str, str]]
    states: Mapping[AlertState, str]
    tabs: Mapping[str, tuple[AlertState, ...]]
    choices: Mapping[str, str]
    done: str = ""
    tried: Channel | None = None
    chosen: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPage(WebPage):
    """The form of a channel of one kind, "" while none is chosen; `fresh` is a secret to propose."""

    template: ClassVar[str] = "alert_channel.html"
    kinds: Mapping[str, ChannelKind]
    kind: str
    kept: Mapping[str, str]
    problem: str
    fresh: str


@routes.get("/alerts")
def page(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    state: Annotated[str, Query(max_length=16)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
    done: Annotated[str, Query(max_length=16)] = "",
    tried: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    rule: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """Everything of the person; an admin sees everybody's. `rule` is chosen in the form already."""
    shown = _page(desk, visitor, state=state, number=number)
    channel = next((channel for channel in shown.channels if channel.id == tried), None)
    return render(request, replace(shown, done=DONE.get(done, ""), tried=channel, chosen=rule))


# --- channels ------------------------------------------------------------


@routes.get("/alerts/channels/new")
def channel_form(
    request: Request, visitor: Anyone, kind: Annotated[str, Query(max_length=16)] = ""
) -> Response:
    """What to paste for this kind of channel."""
    return _channel_form(request, kind, {})


async def _pasted(request: Request) -> Mapping[str, str]:
    """The fields of whatever kind of channel it is; `read_form` takes those it knows."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


ThePasted = Annotated[Mapping[str, str], Depends(_pasted)]


@routes.post("/alerts/channels")
def add_channel(
    request: Request,
    desk: TheDesk,
    visitor: Anyone,
    given: ThePasted,
    kind: Short = "",
    name: Line = "",
    tell: Annotated[bool, Form()] = False,
) -> Response:
    """A new channel of one's own, or the form again with what is wrong. `tell`: of new leads, at once."""
    try:
        kept = read_form(kind, given, desk.settings.alerts)
        with desk.records.transaction() as session:
            made = channels.add(
                session,
                user_id=visitor.user_id,
                name=name,
                kind=kind,
                address=kept,
                who=visitor.login,
                now=desk.clock(),
            )
            if tell:
                _tell_of_leads(session, desk, visitor, made)
    except InputError as error:
        return _channel_form(request, kind, {**given, "name": name}, problem=str(error))
    return _back(done="added")


def _tell_of_leads(session: Session, desk: Desk, visitor: Visitor, channel: Channel) -> None:
    """The first alert in one step: the rule about new leads near, made where there is none yet."""
    session.flush()
    known = next((rule for rule in rules.all(session) if rule.kind == "lead" and rule.enabled), None)
    if known is None and visitor.restricted:
        return
    rule = known or rules.add(
        session, name=KIND_NAMES["lead"], kind="lead", query="", who=visitor.login, now=desk.clock()
    )
    subscribed = rules.subscribe(session, rule.id, visitor.user_id, channel.id, frequency="now")
    _note(session, desk, visitor, "add", subscribed.id)


@routes.post("/alerts/channels/{channel_id}/test")
def test_channel(desk: TheDesk, visitor: Anyone, channel_id: RowId) -> Response:
    """A message at once, outside the outbox; the service's answer is shown in words."""
    with desk.records.reading() as session:
        channel = _channel(session, visitor, channel_id)
    now = desk.clock()
    message = send.trial(f"test-{secrets.token_hex(8)}", desk.settings, now=now)
    try:
        address = desk.records.seal.open(channel.address)
    except LostKeyError as error:
        outcome = Outcome(verdict="dead", reason=str(error), revoked=True)
    else:
        outcome = send.deliver(channel.kind, address, message, desk.settings.alerts, now=now)
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


# --- subscriptions ------------------------------------------------------------


def wishes_of(
    frequency: Short = "now",
    at_time: Short = "08:00",
    weekday: Number = 0,
    weekdays: Annotated[list[int] | None, Form()] = None,
    quiet_from: Short = "",
    quiet_to: Short = "",
    timezone: Short = "Asia/Shanghai",
    max_per_hour: Number = 10,
    break_through: Short = "",
) -> SubscriptionWishes:
    """The fields of a subscription's form; `leads.records.rules` checks them."""
    return SubscriptionWishes(
        frequency=frequency,  # type: ignore[typeddict-item]  # checked where it is kept
        at_time=at_time,
        weekday=weekday,
        weekdays=weekdays or [],
        quiet_from=quiet_from,
        quiet_to=quiet_to,
        timezone=timezone,
        max_per_hour=max_per_hour,
        break_through=break_through,
    )


TheWishes = Annotated[SubscriptionWishes, Depends(wishes_of)]


@routes.post("/alerts/subscriptions")
def subscribe(
    request: Request, desk: TheDesk, visitor: Anyone, wishes: TheWishes, rule: Number = 0, channel: Number = 0
) -> Response:
    """Hear of a rule by one of the own channels."""
    try:
        with desk.records.transaction() as session:
            made = rules.subscribe(session, rule, visitor.user_id, channel, **wishes)
            _note(session, desk, visitor, "add", made.id)
    except (InputError, ConflictError) as error:
        return render(request, replace(_page(desk, visitor), chosen=rule, problem=str(error)), status=400)
    return _back(done="subscribed")


@routes.post("/alerts/subscriptions/{subscription_id}")
def change(
    request: Request, desk: TheDesk, visitor: Anyone, subscription_id: RowId, wishes: TheWishes
) -> Response:
    """Other wishes; what waits is planned anew."""
    try:
        with desk.records.transaction() as session:
            _subscription(session, visitor, subscription_id)
            rules.change_subscription(session, subscription_id, **wishes)
            claims.plan_anew(session, subscription_id, now=desk.clock())
            _note(session, desk, visitor, "change", subscription_id)
    except (InputError, ConflictError) as error:
        return render(request, replace(_page(desk, visitor), problem=str(error)), status=400)
    return _back(done="changed")


@routes.post("/alerts/subscriptions/{subscription_id}/remove")
def unsubscribe(desk: TheDesk, visitor: Anyone, subscription_id: RowId) -> Response:
    """Nothing more, not what waits either."""
    with desk.records.transaction() as session:
        _subscription(session, visitor, subscription_id)
        rules.unsubscribe(session, subscription_id)
        cancellations.cancel_for_subscription(session, subscription_id)
        _note(session, desk, visitor, "remove", subscription_id)
    return _back(done="unsubscribed")


def _note(session: Session, desk: Desk, visitor: Visitor, deed: str, subscription_id: int) -> None:
    subject = f"subscription:{subscription_id}"
    audit.note(session, who=visitor.login, action=f"subscription.{deed}", now=desk.clock(), subject=subject)


# --- the outbox ------------------------------------------------------------


@routes.post("/alerts/{alert_id}/retry")
def retry(desk: TheDesk, visitor: Anyone, alert_id: str) -> Response:
    """Another try of what was given up."""
    with desk.records.transaction() as session:
        alert = cancellations.alert(session, alert_id)
        if alert is None or not _own(visitor, alert.user_id):
            raise HTTPException(404, "没有这条提醒。")
        now = desk.clock()
        if outbox.retry(session, alert_id, now=now):
            audit.note(session, who=visitor.login, action="alert.retry", now=now, subject=f"alert:{alert_id}")
    return _back(done="retried")


def _page(desk: Desk, visitor: Visitor, *, state: str = "", number: int = 1) -> AlertsPage:
    whose = None if visitor.role == "admin" else visitor.user_id
    with desk.records.reading() as session:
        mine = channels.of(session, whose)
        alerts = listed(session, whose, tab=state, limit=PAGE_SIZE + 1, offset=(number - 1) * PAGE_SIZE)
        subscriptions = rules.subscriptions(session, user_id=whose)
        known, people = rules.all(session), users.everybody(session)
        counted = counts(session, whose)
    return AlertsPage(
        channels=mine,
        subscriptions=subscriptions,
        rules=known,
        people={user.id: user.name for user in people},
        counts=counted,
        alerts=alerts[:PAGE_SIZE],
        pages=AlertsTab(state=state, page=number, more=len(alerts) > PAGE_SIZE),
        own=[channel for channel in mine if channel.user_id == visitor.user_id],
        titles={alert.id: _title(visitor, alert) for alert in alerts},
        channel_names={channel.id: channel.name for channel in mine},
        labels={channel.id: _label(desk, channel) for channel in mine},
        all_people=whose is None,
        now=desk.clock(),
        kinds=KINDS,
        frequencies=FREQUENCY_NAMES,
        weekdays=WEEKDAYS,
        severities=SEVERITIES,
        channel_states=CHANNEL_STATES,
        states=STATE_NAMES,
        tabs=TABS,
        choices=CHOICES,
    )


def _channel_form(request: Request, kind: str, kept: Mapping[str, str], *, problem: str = "") -> Response:
    shown = ChannelPage(
        kinds=KINDS,
        kind=kind if kind in KINDS else "",
        kept=kept,
        problem=problem,
        fresh=secrets.token_urlsafe(24),
    )
    return render(request, shown, status=400 if problem else 200)


def _title(visitor: Visitor, alert: Alert) -> str:
    """What an alert said; a doctor who lost a clinic sees nothing of it any more."""
    clinic = alert.payload.get("clinic_id", "")
    hidden = visitor.restricted and clinic and all(clinic != own.id for own in visitor.clinics)
    return "（没有权限看这家诊所）" if hidden else str(alert.payload.get("title", ""))


def _label(desk: Desk, channel: Channel) -> str:
    try:
        return label(channel.kind, desk.records.seal.open(channel.address))
    except LostKeyError:
        return "（密钥打不开，请重新添加）"


def _own(visitor: Visitor, user_id: int) -> bool:
    return visitor.role == "admin" or visitor.user_id == user_id


def _channel(session: Session, visitor: Visitor, channel_id: int) -> Channel:
    channel = channels.get(session, channel_id)
    if channel is None or channel.removed or not _own(visitor, channel.user_id):
        raise HTTPException(404, "没有这个通道。")
    return channel


def _subscription(session: Session, visitor: Visitor, subscription_id: int) -> Subscription:
    found = rules.subscription(session, subscription_id)
    if found is None or not _own(visitor, found.user_id):
        raise HTTPException(404, "没有这个订阅。")
    return found


def _back(**said: str) -> Response:
    return RedirectResponse(f"/alerts?{urlencode(said)}", 303)
