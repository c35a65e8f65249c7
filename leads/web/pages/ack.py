"""The page behind the link in a message: two buttons, no login.

Opening it changes nothing: chat programs open links too, to show what is behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from leads.actions import change_case
from leads.alerts.outbox.acknowledge import CHOICES, PATH, Choice, Links, acknowledge, told_by
from leads.records import cases, feedback
from leads.records.cases import CaseChange
from leads.records.tables.alerts import Alert
from leads.web.desk import Desk, TheDesk
from leads.web.render import WebPage, error_page, render

routes = APIRouter()
MOST_SHOWN = 50
GONE = "这个链接已过期或不完整：请登录听诊，在提醒页处理。"
CHOICE_NAMES = {"seen": "已看", "irrelevant": "不相关"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AckPage(WebPage):
    """What a message told; `open` counts the alerts nobody has answered."""

    template: ClassVar[str] = "ack.html"
    alerts: Sequence[Alert]
    total: int
    open: int
    choices: Mapping[str, str]
    wanted: str  # chosen in the message already; "" for neither


@routes.get(PATH + "{token}")
def page(request: Request, desk: TheDesk, token: str, choice: str = "") -> Response:
    """What the message told, each with its two buttons; the `choice` made in the message stands out."""
    link = Links(desk.settings.data_dir).read(token)
    with desk.records.reading() as session:
        alerts = told_by(session, link, now=desk.clock()) if link else []
    if not alerts:
        return error_page(request, GONE, 410)
    shown = AckPage(
        alerts=alerts[:MOST_SHOWN],
        total=len(alerts),
        open=sum(not each.acknowledged for each in alerts),
        choices=CHOICE_NAMES,
        wanted=choice if choice in CHOICES else "",
    )
    return render(request, shown)


@routes.post(PATH + "{token}")
def choose(
    request: Request,
    desk: TheDesk,
    token: str,
    choice: Annotated[str, Form(max_length=16)] = "",
    alert: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """One alert of the message, or all of them when none is named. The link is what proves the right to."""
    link = Links(desk.settings.data_dir).read(token)
    if link is None or choice not in CHOICES:
        return error_page(request, GONE, 410)
    with desk.records.transaction() as session:
        told = told_by(session, link, now=desk.clock())
        for each in told:
            if alert in ("", each.id):
                _acknowledge(session, desk, each, choice)
    if not told:
        return error_page(request, GONE, 410)
    change_case.sync_index(desk.records, desk.index)
    return RedirectResponse(PATH + token, 303)


def _acknowledge(session: Session, desk: Desk, alert: Alert, choice: Choice) -> None:
    def tell(session: Session, alert: Alert, choice: Choice, who: str, now: datetime) -> None:
        if alert.kind == "lead":
            _tell_case(session, desk, alert.post_id, choice, who, now)

    acknowledge(session, alert, choice, now=desk.clock(), tell_case=tell)


def _tell_case(session: Session, desk: Desk, lead_id: str, choice: Choice, who: str, now: datetime) -> None:
    """A case nobody has worked on yet moves on; work of a person is not undone by a button in a chat."""
    lead = desk.index.get(lead_id)
    if lead is None:
        return
    case = cases.get(session, lead_id)
    status = case.status if case else "new"
    if choice == "irrelevant":
        feedback.add(session, lead, "not_lead", intent="other", reason="在提醒里标为不相关", who=who, now=now)
        if status in ("new", "seen"):
            change = CaseChange(status="dismissed", reason="不是求诊")
            cases.change(session, {lead_id: change}, who=who, now=now)
    elif status == "new":
        cases.change(session, {lead_id: CaseChange(status="seen")}, who=who, now=now)
