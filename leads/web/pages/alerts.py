"""提醒: my channels, what I hear of and when, and what became of every alert. A new channel: `channels`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.alerts.channels import KINDS
from leads.alerts.channels.base import ChannelKind
from leads.alerts.channels.form import label
from leads.alerts.outbox import claims, outbox
from leads.alerts.outbox.history import TABS, counts, listed
from leads.errors import ConflictError, InputError
from leads.labels import FREQUENCY_NAMES, SEVERITY_NAMES, STATE_NAMES
from leads.models import AlertState
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
    "added": "通道加好了。",
    "removed": "通道已移除，等着从它送出的提醒已取消，原因写在下面的记录里。",
    "subscribed": "订阅好了。",
    "changed": "订阅已改。",
    "unsubscribed": "订阅已取消。",
    "retried": "马上再送一次。",
}
SEVERITIES = {"": "没有"} | {str(key): f"{name}及以上" for key, name in SEVERITY_NAMES.items()}
CHOICES = {"seen": "已看", "irrelevant": "不相关"}
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


def _subscription(session: Session, visitor: Visitor, subscription_id: int) -> Subscription:
    found = rules.subscription(session, subscription_id)
    if found is None or not _own(visitor, found.user_id):
        raise HTTPException(404, "没有这个订阅。")
    return found


def _back(**said: str) -> Response:
    return RedirectResponse(f"/alerts?{urlencode(said)}", 303)
