"""简报: who gets which report when, and the reports themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from leads.alerts.messages import digest_text
from leads.alerts.messages.digest import Digests
from leads.errors import InputError
from leads.insights.bars_png import png
from leads.insights.few import LEAST
from leads.insights.report import ToldCount
from leads.insights.summary import Summary, place_name, symptom_name
from leads.labels import PERIOD_NAMES, STATUS_NAMES
from leads.models import Clinic, Period
from leads.records import channels, digests, users
from leads.records.tables.alerts import Channel
from leads.records.tables.digests import DigestIssue, DigestPlan
from leads.records.tables.people import User
from leads.web import pdf
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, Number, RowId, TheDesk
from leads.web.render import WebPage, render

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
routes = APIRouter(prefix="/digests")


class PlanFields(BaseModel):
    """The form of a plan."""

    channel_id: Number = 0
    period: str = "daily"
    at_time: str = "08:00"
    weekday: int = 0
    monthday: int = 1
    clinic: list[str] = []

    def form(self) -> digests.PlanForm:
        return digests.PlanForm(
            channel_id=self.channel_id,
            period=self.period,
            at_time=self.at_time,
            weekday=self.weekday,
            monthday=self.monthday,
            clinic_ids=tuple(self.clinic),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage(WebPage):
    """A report, with its address as a PDF."""

    template: ClassVar[str] = "digest.html"
    summary: Summary
    since: datetime
    until: datetime
    heading: str
    before: str
    sentences: Sequence[str]
    risen: Sequence[str]
    symptoms: Sequence[ToldCount]
    places: Sequence[ToldCount]
    statuses: Mapping[str, str]
    pdf: str
    least: int = LEAST
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestsPage(WebPage):
    """Own plans, own reports, and the form for another plan."""

    template: ClassVar[str] = "digests.html"
    plans: Sequence[DigestPlan]
    issues: Sequence[DigestIssue]
    by_plan: Mapping[int, DigestPlan]
    channels: Sequence[Channel]
    channel_names: Mapping[int, str]
    clinics: Sequence[Clinic]
    clinic_names: Mapping[str, str]
    periods: Mapping[str, str]
    titles: Mapping[Period, str]
    weekdays: Sequence[str]
    fields: PlanFields
    problem: str


@routes.get("")
def overview(request: Request, desk: TheDesk, visitor: Anyone) -> Response:
    """Own plans, own reports, and the form for another plan."""
    return _overview(request, desk, visitor)


@routes.post("")
def add(request: Request, desk: TheDesk, visitor: Anyone, fields: Annotated[PlanFields, Form()]) -> Response:
    """Another plan."""
    try:
        with desk.records.transaction() as session:
            digests.add(session, _user(session, visitor), fields.form(), now=desk.clock())
    except InputError as error:
        return _overview(request, desk, visitor, problem=str(error), fields=fields)
    return RedirectResponse("/digests", 303)


@routes.post("/plans/{plan_id}/remove")
def remove(desk: TheDesk, visitor: Anyone, plan_id: RowId) -> Response:
    """No more of these."""
    with desk.records.transaction() as session:
        plan = digests.own(session, visitor.user_id, plan_id)
        if plan is None:
            raise HTTPException(404)
        digests.remove(session, plan)
    return RedirectResponse("/digests", 303)


@routes.get("/plans/{plan_id}/preview")
def preview(request: Request, desk: TheDesk, visitor: Anyone, plan_id: RowId) -> Response:
    """What this plan's report would say if it were made now; nothing is sent."""
    now = desk.clock()
    with desk.records.reading() as session:
        plan = digests.own(session, visitor.user_id, plan_id)
    if plan is None:
        raise HTTPException(404)
    summary = Digests(desk.settings, desk.records, desk.index).summary(plan, now, now)
    assert summary is not None  # noqa: S101 - the visitor is logged in, so the person is there
    return _report(request, summary, plan, note="预览：按现在的数据，没有发送。")


@routes.get("/plans/{plan_id}/preview.pdf")
def preview_pdf(request: Request, desk: TheDesk, visitor: Anyone, plan_id: RowId) -> Response:
    """The preview as a PDF."""
    return pdf.of_page(preview(request, desk, visitor, plan_id), desk.address(request))


@routes.get("/{issue_id}.pdf")
def report_pdf(request: Request, desk: TheDesk, visitor: Anyone, issue_id: str) -> Response:
    """A report as a PDF, where there is a browser that prints it."""
    return pdf.of_page(report(request, desk, visitor, issue_id), desk.address(request))


@routes.get("/{issue_id}")
def report(request: Request, desk: TheDesk, visitor: Anyone, issue_id: str) -> Response:
    """A report that was made for this person."""
    summary, plan = _issue(desk, visitor, issue_id)
    return _report(request, summary, plan, note="")


@routes.get("/{issue_id}/days.png")
def plot(desk: TheDesk, visitor: Anyone, issue_id: str) -> Response:
    """Its days as a picture, for what shows no page."""
    summary, _ = _issue(desk, visitor, issue_id)
    return Response(png(summary.days), media_type="image/png")


def _issue(desk: Desk, visitor: Visitor, issue_id: str) -> tuple[Summary, DigestPlan]:
    with desk.records.reading() as session:
        found = digests.issue(session, visitor.user_id, issue_id)
    if found is None:
        raise HTTPException(404)
    issue, plan = found
    return Summary.from_json(issue.content), plan


def _report(request: Request, summary: Summary, plan: DigestPlan, *, note: str) -> Response:
    page = DigestPage(
        summary=summary,
        since=datetime.fromisoformat(summary.since),
        until=datetime.fromisoformat(summary.until),
        heading=digest_text.title(summary, plan),
        before=digest_text.BEFORE[plan.period],
        sentences=[digest_text.spoken(voice, plan.period) for voice in summary.voices],
        risen=[digest_text.risen(each) for each in summary.risen],
        symptoms=digest_text.named(summary.symptoms, symptom_name),
        places=digest_text.named(summary.places, place_name),
        statuses=STATUS_NAMES,
        pdf=request.url.path.removesuffix(".pdf") + ".pdf",
        note=note,
    )
    return render(request, page)


def _overview(
    request: Request, desk: Desk, visitor: Visitor, *, problem: str = "", fields: PlanFields | None = None
) -> Response:
    with desk.records.reading() as session:
        plans = digests.of_user(session, visitor.user_id)
        made = digests.issues(session, visitor.user_id)
        own = channels.of(session, visitor.user_id)
    page = DigestsPage(
        plans=plans,
        issues=made,
        by_plan={plan.id: plan for plan in plans},
        channels=own,
        channel_names={channel.id: channel.name for channel in own},
        clinics=visitor.clinics,
        clinic_names={clinic.id: clinic.name for clinic in visitor.clinics},
        periods=PERIOD_NAMES,
        titles=digest_text.TITLES,
        weekdays=WEEKDAYS,
        fields=fields or PlanFields(),
        problem=problem,
    )
    return render(request, page, status=400 if problem else 200)


def _user(session: Session, visitor: Visitor) -> User:
    user = users.get(session, visitor.user_id)
    assert user is not None  # noqa: S101 - somebody who is logged in
    return user
