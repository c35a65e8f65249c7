"""A clinic's work on a lead: where it stands, who does it, until when, and every change with who and when.

The funnel is new → seen → replied → talking → booked → visited → shared, or dismissed with a reason. Any
step, back too, is allowed and recorded. The records are the truth; the index is told of status and assignee,
because searches filter by them (`sync_index`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.errors import ConflictError, InputError
from leads.labels import SNOOZED, STATUS_NAMES
from leads.models import BEIJING, CASE_STATUSES, CaseStatus
from leads.records import audit, nudges
from leads.records.database import Records
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.people import User
from leads.records.tables.work import Case, CaseEvent, DailyQuestion, Feedback, Note, Nudge, VisitCard

DISMISSALS = ("不是求诊", "太远", "已经看过医生", "广告或同行", "联系不上", "不看这个科", "重复")
FIELD_NAMES = {
    "status": "状态",
    "reason": "排除理由",
    "assignee": "负责人",
    "due_on": "跟进日期",
    "value_yuan": "金额",
    "clinic_id": "诊所",
    "snoozed_until": "暂缓到",
}
FIELDS = tuple(FIELD_NAMES)
BATCH = 500  # cases the index is told of at once
KEPT = timedelta(days=730)  # since the last change of a case
LONGEST_REASON = 100
CARD_ENDS = ("visited", "shared", "dismissed")  # a card with words of the post is there for the visit only
MOST_YUAN = 10_000_000
LONGEST_SNOOZE = timedelta(days=366)
CLOCK = "schedule"  # who did what the clock did
CLOCK_NAME = "听诊"
UNDO_FOR = timedelta(minutes=10)  # a page offers it for some seconds; without scripts until one goes on
_log = logging.getLogger(__name__)


class Keep(Enum):
    """Stands for "leave as is" where None is a value of its own."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """What to change; what is not given stays. "" takes an assignee, clinic or reason away.

    `reason` counts for a dismissed case only. `version` is the one the change was decided on (0: there was no
    case yet); None changes whatever is there.
    """

    status: CaseStatus | None = None
    assignee: str | None = None  # a login
    reason: str | None = None
    due_on: date | Keep | None = KEEP
    value_yuan: int | Keep | None = KEEP
    clinic_id: str | None = None
    snoozed_until: date | Keep | None = KEEP  # another status ends it, unless it is given too
    version: int | None = None


def get(session: Session, lead_id: str) -> Case | None:
    """The case of a lead, once somebody did something about it."""
    return session.get(Case, lead_id)


def get_many(session: Session, lead_ids: Iterable[str]) -> dict[str, Case]:
    """The cases there are of these leads."""
    found = session.scalars(select(Case).where(Case.lead_id.in_(list(lead_ids))))
    return {case.lead_id: case for case in found}


def history(session: Session, lead_id: str) -> Sequence[CaseEvent]:
    """Every change of a case, the first one first."""
    return session.scalars(select(CaseEvent).where(CaseEvent.lead_id == lead_id).order_by(CaseEvent.id)).all()


def change(session: Session, changes: Mapping[str, CaseChange], *, who: str, now: datetime) -> list[str]:
    """Change the cases of these leads, all or none; a case that is missing is opened.

    Returns the ids of the leads whose case changed; what was so already leaves no trace.

    Raises:
        ConflictError: a case was changed since the version its change was decided on.
        InputError: a dismissal without a reason, or a value that cannot be.
    """
    _check(session, changes.values(), now.astimezone(BEIJING).date())
    changed = []
    for lead_id in sorted(
        changes
    ):  # always in this order, so that two who change many cannot lock each other
        case = _locked(session, lead_id)
        wanted = changes[lead_id]
        _same_version(session, lead_id, case, wanted)
        if case is None:
            if not _differences(_unopened(lead_id, now), wanted):
                continue
            case = open_case(session, lead_id, now=now)
            _same_version(session, lead_id, case, wanted)
        if _apply(session, case, wanted, who=who, now=now):
            changed.append(lead_id)
    if len(changed) == 1:
        audit.note(session, who=who, action="case.change", now=now, subject=changed[0])
    elif changed:  # each case's own history says what became of it
        audit.note(session, who=who, action="case.bulk", now=now, leads=len(changed))
    return changed


def undo(session: Session, *, at: datetime, who: str, now: datetime) -> list[str]:
    """Take back all that this person changed in cases at one moment, all or none; returns the leads' ids.

    Raises:
        ConflictError: one of these cases was changed again since.
        InputError: there is nothing to take back, or it is too long ago.
    """
    made = session.scalars(select(CaseEvent).where(CaseEvent.who == who, CaseEvent.at == at)).all()
    if not made or now - at > UNDO_FOR:
        raise InputError("这次改动已经不能撤销：请在线索里直接改。")
    back: dict[str, CaseChange] = {}
    for event in made:
        begun = back.get(event.lead_id, CaseChange(version=event.version))
        back[event.lead_id] = replace(begun, **{event.field: _read_back(event)})
    return change(session, back, who=who, now=now)


def _read_back(event: CaseEvent) -> Any:  # of the type of its field in `CaseChange`
    """The value that was there before the event."""
    text = event.before
    if event.field in ("due_on", "snoozed_until"):
        return date.fromisoformat(text) if text else None
    if event.field == "value_yuan":
        return int(text) if text else None
    return text


def open_case(session: Session, lead_id: str, *, now: datetime) -> Case:
    """The case of this lead, locked for this transaction; a new one (version 0) where there was none."""
    case = _locked(session, lead_id)
    if case is not None:
        return case
    case = _unopened(lead_id, now)
    try:
        with session.begin_nested():
            session.add(case)
    except IntegrityError:  # somebody opened it in this very moment
        return _there(_locked(session, lead_id))
    return case


def purge(session: Session, *, now: datetime) -> int:
    """Drop cases nobody touched for two years, with all that was written about them; returns how many."""
    old = session.scalars(select(Case.lead_id).where(Case.changed_at < now - KEPT)).all()
    for start in range(0, len(old), BATCH):
        chosen = old[start : start + BATCH]
        forget(session, chosen)
        for table in (CaseEvent, Case):
            session.execute(delete(table).where(table.lead_id.in_(chosen)))
    return len(old)


def wake(session: Session, *, now: datetime) -> list[str]:
    """End the rest of cases whose day has come; returns the leads' ids. Safe to repeat."""
    today = now.astimezone(BEIJING).date()
    due = session.scalars(select(Case.lead_id).where(Case.snoozed_until <= today)).all()
    return change(session, dict.fromkeys(due, CaseChange(snoozed_until=None)), who=CLOCK, now=now)


def shown_status(case: Case) -> str:
    """The status by which lists filter."""
    return SNOOZED if case.snoozed_until else case.status


def forget(session: Session, lead_ids: Sequence[str]) -> None:
    """Drop what was written about these leads, notes, nudges, judged texts, questions: their writers want it.

    The case stays with its status and history, which hold no word of the post.
    """
    for table in (Note, Feedback, DailyQuestion, VisitCard, Nudge):
        session.execute(delete(table).where(table.lead_id.in_(list(lead_ids))))


def day_of(text: str) -> date | None:
    """A day as a form sends it; None for "".

    Raises:
        InputError: it is none.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InputError(f"日期 {text!r} 看不懂：请写成 2026-11-30。") from None


def describe(event: CaseEvent, names: Mapping[str, str] | None = None) -> str:
    """One change in words: "状态：已看 → 已回复". `names` are those of logins and clinics."""
    before, after = (in_words(event.field, value, names) for value in (event.before, event.after))
    return f"{FIELD_NAMES.get(event.field, event.field)}：{before} → {after}"


def replay(events: Iterable[CaseEvent]) -> dict[str, str]:
    """The state a history leads to, field by field, as its events write values."""
    reached = dict.fromkeys(FIELDS, "") | {"status": "new"}
    for event in events:
        reached[event.field] = event.after
    return reached


def state(case: Case) -> dict[str, str]:
    """The case as its events write values."""
    return {field: _written(getattr(case, field)) for field in FIELDS}


def _unopened(lead_id: str, now: datetime) -> Case:
    return Case(lead_id=lead_id, opened_at=now, changed_at=now, version=0, unindexed=False)


def _locked(session: Session, lead_id: str) -> Case | None:
    statement = select(Case).where(Case.lead_id == lead_id).with_for_update()  # SQLite is locked already
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _there(case: Case | None) -> Case:
    if case is None:
        raise ConflictError("这条线索的记录刚被删掉：请刷新后再试。")
    return case


def _apply(session: Session, case: Case, wanted: CaseChange, *, who: str, now: datetime) -> bool:
    found = _differences(case, wanted)
    if not found:
        return False
    if found.get("status", case.status) == "dismissed" and not found.get("reason", case.reason):
        raise InputError("排除一条线索要说明理由：请选一个，或自己写。")
    case.version += 1
    case.changed_at = now
    for field, value in found.items():
        session.add(
            CaseEvent(
                lead_id=case.lead_id,
                at=now,
                who=who,
                field=field,
                before=_written(getattr(case, field)),
                after=_written(value),
                version=case.version,
            )
        )
        setattr(case, field, value)
    if found.get("assignee"):
        nudges.assigned(session, case.lead_id, case.assignee, who=who, now=now)
    case.unindexed = case.unindexed or bool({"status", "assignee", "snoozed_until"} & found.keys())
    if found.get("status") in CARD_ENDS:
        session.execute(delete(VisitCard).where(VisitCard.lead_id == case.lead_id))
    session.flush()
    return True


def _differences(case: Case, wanted: CaseChange) -> dict[str, str | int | date | None]:
    """The fields that become another, with their new values."""
    status = wanted.status or case.status
    reason = case.reason if wanted.reason is None else wanted.reason.strip()
    asked: dict[str, str | int | date | None] = {
        "status": status,
        "reason": reason if status == "dismissed" else "",
        "assignee": case.assignee if wanted.assignee is None else wanted.assignee,
        "clinic_id": case.clinic_id if wanted.clinic_id is None else wanted.clinic_id,
        "due_on": case.due_on if isinstance(wanted.due_on, Keep) else wanted.due_on,
        "value_yuan": case.value_yuan if isinstance(wanted.value_yuan, Keep) else wanted.value_yuan,
        "snoozed_until": _snooze(case, wanted, status),
    }
    return {field: value for field, value in asked.items() if value != getattr(case, field)}


def _snooze(case: Case, wanted: CaseChange, status: str) -> date | None:
    if not isinstance(wanted.snoozed_until, Keep):
        return wanted.snoozed_until
    return case.snoozed_until if status == case.status else None


def _check(session: Session, changes: Iterable[CaseChange], today: date) -> None:
    """Raises InputError for a value that no case can have."""
    changes = list(changes)
    for wanted in changes:
        if wanted.status is not None and wanted.status not in CASE_STATUSES:
            raise InputError(f"状态 {wanted.status!r} 不认识：可用 {'、'.join(CASE_STATUSES)}。")
        if len(wanted.reason or "") > LONGEST_REASON:
            raise InputError(f"排除理由太长：最多 {LONGEST_REASON} 个字，细节请写进备注。")
        yuan = wanted.value_yuan
        if isinstance(yuan, int) and not 0 <= yuan <= MOST_YUAN:
            raise InputError(f"金额 {yuan} 不可用：请写 0 到 {MOST_YUAN:,} 之间的整数（元）。")
        until = wanted.snoozed_until
        if isinstance(until, date) and not today < until <= today + LONGEST_SNOOZE:
            raise InputError(f"暂缓到 {until} 不行：请选明天以后、一年以内的日子。")
    _known(session, {each.assignee for each in changes}, User.login, "负责人")
    _known(session, {each.clinic_id for each in changes}, ClinicRow.id, "诊所")


def _known(session: Session, names: set[str | None], column: object, what: str) -> None:
    asked = {name for name in names if name}
    if asked:
        statement = select(column).where(column.in_(asked))  # type: ignore[attr-defined,call-overload]  # a column
        unknown = asked - set(session.scalars(statement))
        if unknown:
            raise InputError(f"{what} {min(unknown)!r} 不存在：请从列表里选。")


def _same_version(session: Session, lead_id: str, case: Case | None, wanted: CaseChange) -> None:
    """Raises ConflictError when the change was decided on another state than the present one."""
    there = case.version if case else 0
    if wanted.version is None or wanted.version == there:
        return
    since = [event for event in history(session, lead_id) if event.version > wanted.version]
    if not since:
        raise ConflictError("这条线索的记录已经不是你看到的那一版：请刷新后再改。", lead_id=lead_id)
    last = [event for event in since if event.version == since[-1].version]
    when = last[0].at.astimezone(BEIJING).strftime("%m-%d %H:%M")
    names = {CLOCK: CLOCK_NAME}
    names |= {row.login: row.name for row in session.execute(select(User.login, User.name))}
    names |= {row.id: row.name for row in session.execute(select(ClinicRow.id, ClinicRow.name))}
    said = "，".join(describe(event, names) for event in last)
    who = names.get(last[0].who, last[0].who)
    raise ConflictError(f"{who} 在 {when} 刚改过这条线索（{said}）：请看过再决定。", lead_id=lead_id)


def untold(records: Records) -> Sequence[Case]:
    with records.reading() as session:
        return session.scalars(select(Case).where(Case.unindexed).order_by(Case.lead_id).limit(BATCH)).all()


def mark_told(session: Session, case: Case) -> None:
    """Unless it was changed meanwhile: then the index has to hear of it again."""
    session.execute(
        update(Case).where(Case.lead_id == case.lead_id, Case.version == case.version).values(unindexed=False)
    )


def _written(value: str | int | date | None) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def in_words(field: str, value: str, names: Mapping[str, str] | None = None) -> str:
    """A field's value, written as events write it, as people read it."""
    if not value:
        return "（无）"
    if field in ("assignee", "clinic_id"):
        return (names or {}).get(value, value)
    return STATUS_NAMES.get(value, value) if field == "status" else value


def untell(session: Session, lead_ids: Sequence[str]) -> None:
    """The index may know nothing of the cases of these leads, stored just now: it may be a new one."""
    for start in range(0, len(lead_ids), BATCH):
        some = list(lead_ids[start : start + BATCH])
        said = (Case.status != "new") | (Case.assignee != "") | Case.snoozed_until.is_not(None)
        session.execute(update(Case).where(Case.lead_id.in_(some), said).values(unindexed=True))
