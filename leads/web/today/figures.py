"""The figures of 今天: each counts what its address lists, and says how it was a day before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.index.base import MentionHead
from leads.labels import SEVERITY_NAMES
from leads.models import BEIJING, Severity
from leads.query.alert_conditions import severity_of
from leads.records import caseload
from leads.records.caseload import CaseLimits, Wanted
from leads.sources.states import troubled
from leads.storage import coverage, sources
from leads.web.auth import Visitor
from leads.web.desk import Desk
from leads.web.mentions.search import find
from leads.web.mentions.view import MentionForm
from leads.web.pages.cases import EVERYBODY, CaseForm
from leads.web.pages.coverage import IN_TROUBLE

DAY = timedelta(days=1)
GRAVE: tuple[Severity, ...] = ("critical", "high")  # told apart: at least so grave


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePart:
    """Some of what a figure counts, with the list of these."""

    name: str
    count: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigure:
    """How many there are now, and what there was a day before; `url` lists exactly these."""

    key: str
    title: str
    count: int
    url: str
    before: str  # in words
    bad: bool = False  # somebody should look
    parts: Sequence[FigurePart] = ()


def of_leads(count: int, before: int, url: str) -> DayFigure:
    """What was published near the clinic within a day, and within the day before."""
    return DayFigure(key="leads", title="24 小时新线索", count=count, url=url, before=_before(before))


def of_mentions(found: Sequence[MentionHead], form: MentionForm, now: datetime) -> DayFigure:
    """Who spoke of the clinic within a day; `found` reach two days back."""
    today, before = _halves(found, now)
    return DayFigure(
        key="mentions",
        title="24 小时提及",
        count=len(today),
        url=form.url(since="1d"),
        before=_before(len(before)),
    )


def of_complaints(found: Sequence[MentionHead], form: MentionForm, now: datetime) -> DayFigure:
    """Who complained of the clinic within a day, the grave told apart; `found` reach two days back."""
    today, before = _halves([each for each in found if each.polarity == "complaint"], now)
    asked = form.model_copy(update={"polarity": "complaint", "since": "1d"})
    parts = [
        FigurePart(
            name=SEVERITY_NAMES[least] + ("" if least == "critical" else "以上"),
            count=sum(_grave(each, least) for each in today),
            url=asked.url(severity=least),
        )
        for least in GRAVE
    ]
    return DayFigure(
        key="complaints",
        title="24 小时投诉",
        count=len(today),
        url=asked.url(),
        before=_before(len(before)),
        bad=bool(today),
        parts=[part for part in parts if part.count],
    )


def of_overdue(desk: Desk, limits: CaseLimits | None, now: datetime) -> DayFigure:
    """Cases whose day has passed; of these, what had passed a day before."""
    today = now.astimezone(BEIJING).date()
    late = Wanted(due="overdue")
    with desk.records.reading() as session:
        count = caseload.count(session, late, today=today, limits=limits)
        older = caseload.count(session, late, today=today - DAY, limits=limits)
    return DayFigure(
        key="overdue",
        title="过期跟进",
        count=count,
        url=CaseForm().url(who=EVERYBODY, due="overdue"),
        before=f"新增 {count - older}" if count > older else "没有新增",
        bad=bool(count),
    )


def of_sources(desk: Desk, now: datetime) -> DayFigure:
    """Sources whose latest run ended badly, and how many there were of these a day before."""
    known = sources(desk.settings)
    with coverage(desk.settings) as opened:
        bad = troubled(known, opened, now)
        before = troubled(known, opened, now - DAY)
    return DayFigure(
        key="sources",
        title="出问题的来源",
        count=len(bad),
        url=f"/coverage?only={IN_TROUBLE}",
        before=_before(len(before)),
        bad=bool(bad),
    )


def heard(
    desk: Desk, visitor: Visitor, spoken: MentionForm, since: datetime, now: datetime
) -> Sequence[MentionHead]:
    """The mentions asked for since then."""
    return find(desk, visitor, spoken.model_copy(update={"since": since.isoformat()}), now).heads


def within(found: Iterable[MentionHead], since: datetime) -> list[MentionHead]:
    """Those that were published since."""
    return [each for each in found if each.published >= since.timestamp()]


def _halves(found: Sequence[MentionHead], now: datetime) -> tuple[list[MentionHead], list[MentionHead]]:
    """Of the last day, and of the day before it."""
    today = within(found, now - DAY)
    known = {each.id for each in today}
    return today, [each for each in within(found, now - 2 * DAY) if each.id not in known]


def _grave(mention: MentionHead, least: Severity) -> bool:
    found = severity_of(mention.severity)
    return found in GRAVE[: GRAVE.index(least) + 1]


def _before(count: int) -> str:
    return f"前一天 {count}"
