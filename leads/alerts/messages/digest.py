"""早报、周报、月报、季报: made at the hour wished, once, and put into the outbox in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from leads.alerts.channels.send import desk_address
from leads.alerts.messages import digest_text
from leads.alerts.outbox import outbox
from leads.config import Settings
from leads.index.base import LeadIndex
from leads.index.spread import city_of
from leads.insights import report
from leads.insights.funnel import funnel, journey
from leads.insights.summary import (
    Counted,
    NewsLine,
    Stretch,
    Summary,
    gap_sentences,
    lists_of,
    read_leads,
    read_mentions,
    summarise,
    unplaced_of,
)
from leads.insights.topics.sources import troubled_of
from leads.labels import STATUS_NAMES
from leads.models import BEIJING, Clinic, Period
from leads.records import Records, digests, feedback, headlines, heard, mentions
from leads.records.caseload import CaseLimits
from leads.records.clinics import clinics as all_clinics
from leads.records.journeys import worked_cases
from leads.records.tables.alerts import Alert
from leads.records.tables.digests import DigestIssue, DigestPlan
from leads.records.tables.people import User
from leads.records.tables.work import Case
from leads.scoring.expected import RECENT
from leads.sources.states import SourceState, states
from leads.storage import coverage, has_coverage, sources

SHOWN_DAYS: dict[Period, int] = {"daily": 7, "weekly": 14, "monthly": 31, "quarterly": 92}
FUNNEL_DAYS: dict[Period, int] = {"daily": 7, "weekly": 7, "monthly": 30, "quarterly": 90}
ENDED = ("visited", "shared", "dismissed")


class Digests:
    """Makes reports from the index, the records and the coverage."""

    def __init__(self, settings: Settings, records: Records, index: LeadIndex) -> None:
        self._settings, self._records, self._index = settings, records, index

    def make_due(self, now: datetime) -> int:
        """Make every report whose hour has come, and queue it; how many there were.

        Raises:
            StorageError: the index or the records cannot be read or written.
        """
        with self._records.reading() as session:
            due = digests.due(session, now)
        told: dict[_Asked, Summary] = {}  # hundreds of people may have wished for the very same report
        return sum(self._make(plan, slot, now, told) for plan, slot in due)

    def summary(self, plan: DigestPlan, until: datetime, now: datetime) -> Summary | None:
        """The numbers up to `until`, as far as this person may see them; None when the person is gone."""
        user = self._reader(plan)
        return None if user is None else self._summary(user, plan, until, now)

    def _reader(self, plan: DigestPlan) -> User | None:
        with self._records.reading() as session:
            user = session.get(User, plan.user_id)
        return None if user is None or user.disabled else user

    def _summary(self, user: User, plan: DigestPlan, until: datetime, now: datetime) -> Summary:
        with self._records.reading() as session:
            known = all_clinics(session)
        limited, chosen = _may_see(user, plan, known)
        stretch = Stretch(
            since=digests.slot_before(plan, until),
            until=until,
            zone=ZoneInfo(plan.timezone),
            days=SHOWN_DAYS[plan.period],
        )
        read = self._read(now)
        with self._records.reading() as session:
            waiting, overdue = open_cases(session, chosen if limited else None, until)
            rivals = share_of_voice(session, chosen, stretch)
            judged = feedback.judged(session, since=now - RECENT)
            others = mentions.others(session)
            news = news_of(session, stretch) if plan.period == "daily" else ()
        return summarise(
            stretch,
            leads=read_leads(self._index, stretch, chosen if limited or chosen else None, now=now),
            lists=lists_of(self._index, stretch, chosen),
            unplaced=unplaced_of(self._index, stretch, chosen) if chosen else None,
            mentions=read_mentions(self._index, stretch, chosen, others),
            clinics=chosen,
            gaps=[] if user.role == "doctor" else gap_sentences(read, stretch.since),
            waiting=waiting,
            overdue=overdue,
            rivals=rivals,
            judged=judged,
            news=news,
            parts=self._parts(user, plan, limited, chosen, read, now),
        )

    def _parts(
        self,
        user: User,
        plan: DigestPlan,
        limited: bool,
        chosen: Sequence[Clinic],
        read: Sequence[SourceState],
        now: datetime,
    ) -> tuple[report.ReportPart, ...]:
        """What this person may see of topics, questions, the funnel and how much was read."""
        treats = [clinic.specialties for clinic in chosen] if limited else []
        whole = not treats or not all(treats)
        city = next(filter(None, (city_of(clinic.adcode) for clinic in chosen)), "")
        town = report.town(
            self._index,
            city,
            report.SPANS[plan.period],
            now=now,
            troubled=troubled_of(read),
            specialties=() if whole else {code for codes in treats for code in codes},
        )
        clinic_id = plan.clinic_ids[0] if len(plan.clinic_ids) == 1 else ""
        since = (now - timedelta(days=FUNNEL_DAYS[plan.period])).astimezone(BEIJING)
        since = since.replace(hour=0, minute=0, second=0, microsecond=0)
        limits = CaseLimits(clinic_ids=user.clinic_ids, login=user.login) if user.role == "doctor" else None
        with self._records.reading() as session:
            worked = worked_cases(session, since=since, clinic_id=clinic_id, limits=limits)
        stages = funnel([journey(each, None) for each in worked])
        seen = () if user.role == "doctor" else read
        return report.parts_of(
            (*town, report.funnel_part(stages, since.date(), clinic_id), report.coverage_part(seen))
        )

    def _make(self, plan: DigestPlan, until: datetime, now: datetime, told: dict[_Asked, Summary]) -> bool:
        user = self._reader(plan)
        if user is None:
            return False
        asked = _asked(user, plan, until)
        if asked not in told:
            told[asked] = self._summary(user, plan, until, now)
        summary = told[asked]
        issue = DigestIssue(
            id=digests.issue_id(plan, until),
            plan_id=plan.id,
            since=digests.slot_before(plan, until),
            until=until,
            made_at=now,
            content=summary.to_json(),
        )
        said = digest_text.payload(summary, plan, issue.id, base=desk_address(self._settings))
        alert = Alert(
            id=issue.id,
            kind="digest",
            user_id=plan.user_id,
            channel_id=plan.channel_id,
            created_at=now,
            next_at=now,
            payload=said.to_json(),
        )
        with self._records.transaction() as session:
            # Another worker may have made it, or the person may have taken the plan back meanwhile.
            if session.get(DigestPlan, plan.id) is None or session.get(DigestIssue, issue.id) is not None:
                return False
            session.add(issue)
            return outbox.add(session, alert)

    def _read(self, now: datetime) -> tuple[SourceState, ...]:
        """What the crawler says of the sources that are switched on."""
        if not has_coverage(self._settings):
            return ()
        enabled = [each for each in sources(self._settings) if each.enabled]
        with coverage(self._settings) as opened:
            return states(enabled, opened, now)


class _Asked(NamedTuple):
    """All that a report depends on, but the hour at which it is made."""

    login: str  # a doctor's: their own cases are counted
    own: frozenset[str]  # clinics a doctor may see
    clinics: tuple[str, ...]
    period: Period
    timezone: str
    since: datetime
    until: datetime


def _asked(user: User, plan: DigestPlan, until: datetime) -> _Asked:
    doctor = user.role == "doctor"
    return _Asked(
        login=user.login if doctor else "",
        own=frozenset(user.clinic_ids) if doctor else frozenset(),
        clinics=tuple(plan.clinic_ids),
        period=plan.period,
        timezone=plan.timezone,
        since=digests.slot_before(plan, until),
        until=until,
    )


def _may_see(user: User, plan: DigestPlan, known: Sequence[Clinic]) -> tuple[bool, Sequence[Clinic]]:
    """(whether leads are limited to these clinics, the clinics)."""
    own = [clinic for clinic in known if user.role != "doctor" or clinic.id in user.clinic_ids]
    chosen = [clinic for clinic in own if not plan.clinic_ids or clinic.id in plan.clinic_ids]
    return user.role == "doctor" or bool(plan.clinic_ids), chosen


def share_of_voice(session: Session, chosen: Sequence[Clinic], stretch: Stretch) -> dict[str, dict[str, int]]:
    """Clinic id → name → posts on whole days, for clinics whose competitors were heard of."""
    since, until = (moment.astimezone(stretch.zone).date() for moment in (stretch.since, stretch.until))
    found = {}
    for clinic in chosen:
        heard_of = heard.shares(session, clinic.id, since=since, until=until)
        if any(name and share.posts for name, share in heard_of.items()):
            counts = {name or clinic.name: share.posts for name, share in heard_of.items()}
            found[clinic.id] = {clinic.name: 0, **counts}
    return found


def news_of(session: Session, stretch: Stretch) -> tuple[NewsLine, ...]:
    """The headlines of a stretch, at most as many as a day has."""
    found = headlines.between(session, stretch.since, stretch.until)[: headlines.A_DAY]
    return tuple(
        NewsLine(post_id=row.post_id, title=row.title, url=row.url, source=row.source, others=len(row.others))
        for row in found
    )


def open_cases(
    session: Session, chosen: Sequence[Clinic] | None, until: datetime
) -> tuple[list[Counted], int]:
    """Open cases by status, and how many are overdue; of these clinics (None: all)."""
    which: list[ColumnElement[bool]] = [Case.status.not_in(ENDED)]
    if chosen is not None:
        which.append(Case.clinic_id.in_([clinic.id for clinic in chosen]))
    rows = session.execute(select(Case.status, func.count()).where(*which).group_by(Case.status))
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    today = (until + timedelta(hours=8)).date()  # cases are due on days in China
    overdue = session.scalar(select(func.count()).select_from(Case).where(*which, Case.due_on < today)) or 0
    waiting = [Counted(name=name, count=counts[name]) for name in STATUS_NAMES if counts.get(name)]
    return waiting, overdue
