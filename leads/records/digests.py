"""Regular reports: who wants which, when the next one is due, and those that were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.models import PERIODS, Period
from leads.records.heard import chunks
from leads.records.tables.alerts import Channel
from leads.records.tables.digests import DigestIssue, DigestPlan
from leads.records.tables.people import User

# A report that could not be made in time (the machine was off) is still of use for so long.
LATEST = {
    "daily": timedelta(hours=12),
    "weekly": timedelta(days=3),
    "monthly": timedelta(days=7),
    "quarterly": timedelta(days=14),
}
LAST_MONTHDAY = 28  # every month has it


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanForm:
    """A plan as a person gives it."""

    channel_id: int
    period: str = "daily"
    at_time: str = "08:00"
    weekday: int = 0
    monthday: int = 1
    timezone: str = "Asia/Shanghai"
    clinic_ids: tuple[str, ...] = ()


def add(session: Session, user: User, form: PlanForm, *, now: datetime) -> DigestPlan:
    """A new plan; its first report is that of the first hour wished after `now`.

    Raises:
        InputError: what cannot be understood, or a channel or clinic that is not this person's.
    """
    period = _checked(session, user, form)
    plan = DigestPlan(
        user_id=user.id,
        channel_id=form.channel_id,
        period=period,
        created_at=now,
        at_time=form.at_time,
        weekday=form.weekday,
        monthday=form.monthday,
        timezone=form.timezone,
        clinic_ids=list(form.clinic_ids),
    )
    session.add(plan)
    session.flush()
    return plan


def of_user(session: Session, user_id: int) -> Sequence[DigestPlan]:
    """This person's plans."""
    return session.scalars(
        select(DigestPlan).where(DigestPlan.user_id == user_id).order_by(DigestPlan.id)
    ).all()


def own(session: Session, user_id: int, plan_id: int) -> DigestPlan | None:
    """The plan, when it is this person's."""
    plan = session.get(DigestPlan, plan_id)
    return plan if plan is not None and plan.user_id == user_id else None


def remove(session: Session, plan: DigestPlan) -> None:
    """No more reports; those that were made go, too."""
    for issue in session.scalars(select(DigestIssue).where(DigestIssue.plan_id == plan.id)):
        session.delete(issue)
    session.delete(plan)


def issues(session: Session, user_id: int, limit: int = 30) -> Sequence[DigestIssue]:
    """What was made for this person, newest first."""
    return session.scalars(
        select(DigestIssue)
        .join(DigestPlan, DigestPlan.id == DigestIssue.plan_id)
        .where(DigestPlan.user_id == user_id)
        .order_by(DigestIssue.until.desc(), DigestIssue.id)
        .limit(limit)
    ).all()


def issue(session: Session, user_id: int, issue_id: str) -> tuple[DigestIssue, DigestPlan] | None:
    """A report with its plan, when it was made for this person."""
    found = session.get(DigestIssue, issue_id)
    plan = own(session, user_id, found.plan_id) if found else None
    return (found, plan) if found and plan else None


def issue_id(plan: DigestPlan, until: datetime) -> str:
    """The same report has the same id whoever makes it."""
    return blake2b(f"digest\n{plan.id}\n{until.isoformat()}".encode(), digest_size=20).hexdigest()


def due(session: Session, now: datetime) -> list[tuple[DigestPlan, datetime]]:
    """(plan, the hour wished) of every report that should have been made by now and was not."""
    wanted: dict[str, tuple[DigestPlan, datetime]] = {}
    for plan in session.scalars(select(DigestPlan).where(DigestPlan.enabled)):
        slot = last_slot(plan, now)
        if plan.created_at < slot and now <= slot + LATEST[plan.period]:
            wanted[issue_id(plan, slot)] = (plan, slot)
    for part in chunks(list(wanted)):
        for made in session.scalars(select(DigestIssue.id).where(DigestIssue.id.in_(part))):
            del wanted[made]
    return list(wanted.values())


def last_slot(plan: DigestPlan, now: datetime) -> datetime:
    """The latest hour wished that is not after `now`."""
    day = now.astimezone(ZoneInfo(plan.timezone)).date()
    slot = _slot(plan, day)
    return slot if slot <= now else _slot(plan, _earlier(plan, slot))


def slot_before(plan: DigestPlan, slot: datetime) -> datetime:
    """The hour wished before this one: where the report begins."""
    return _slot(plan, _earlier(plan, slot))


def _earlier(plan: DigestPlan, slot: datetime) -> date:
    """A day that belongs to the turn before."""
    day = slot.astimezone(ZoneInfo(plan.timezone)).date()
    if plan.period == "daily":
        return day - timedelta(days=1)
    return day - timedelta(days=7) if plan.period == "weekly" else day.replace(day=1) - timedelta(days=1)


def _slot(plan: DigestPlan, day: date) -> datetime:
    """The hour wished in the turn of this day: on it, in its week up to it, in its month, in its quarter."""
    if plan.period == "weekly":
        day -= timedelta(days=(day.weekday() - plan.weekday) % 7)
    elif plan.period == "monthly":
        day = day.replace(day=plan.monthday)
    elif plan.period == "quarterly":
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=plan.monthday)
    # A clock that is put forward skips an hour: the report then comes when that hour would have begun.
    local = datetime.combine(day, time.fromisoformat(plan.at_time), ZoneInfo(plan.timezone))
    return local.astimezone(UTC)


def _checked(session: Session, user: User, form: PlanForm) -> Period:
    channel = session.get(Channel, form.channel_id)
    if channel is None or channel.user_id != user.id or channel.removed:
        raise InputError("请选一个自己的通道：可以先在「提醒」页加一个。")
    period = next((each for each in PERIODS if each == form.period), None)
    if period is None:
        raise InputError(f"简报周期 {form.period!r} 不认识：可用 {'、'.join(PERIODS)}。")
    try:
        if len(form.at_time) != 5:
            raise ValueError
        time.fromisoformat(form.at_time)
    except ValueError:
        raise InputError(f"时间 {form.at_time!r} 看不懂：请写成 08:00 这样。") from None
    try:
        ZoneInfo(form.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"时区 {form.timezone!r} 不认识：中国是 Asia/Shanghai。") from None
    if not 0 <= form.weekday <= 6 or not 1 <= form.monthday <= LAST_MONTHDAY:
        raise InputError(f"星期写 0（周一）到 6，每月的日子写 1 到 {LAST_MONTHDAY}。")
    if user.role == "doctor" and not set(form.clinic_ids) <= set(user.clinic_ids):
        raise InputError("只能选自己的诊所。")
    return period
