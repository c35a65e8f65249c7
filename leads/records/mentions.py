"""The work on mentions: who answers which, how far it is, notes, and every change with who and when.

待处理 → 处理中 → 已处理, any step back too; 不是我们 takes the mention out of all counts and teaches the
clinic's names (`leads.records.strangers`), until it is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.clinics.strangers import Stranger
from leads.errors import ConflictError, InputError
from leads.labels import MENTION_STATE_NAMES, NOBODY
from leads.models import BEIJING, MENTION_STATES, Mention, MentionState
from leads.records import audit, heard, nudges, strangers
from leads.records.heard import chunks
from leads.records.tables.mentions import MentionEvent, MentionNote, MentionWork
from leads.records.tables.people import User
from leads.records.tables.work import Nudge
from leads.records.texts import storable

WORK_FIELDS = {"state": "状态", "assignee": "负责人"}
KEPT = timedelta(days=730)  # since the last change, as long as cases are
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionChange:
    """What to change; None stays. "" takes the assignee away.

    `version` is the one the change was decided on (0: nobody had done anything yet); None changes whatever is
    there. `stranger` goes with the state "not_us": what it teaches.
    """

    state: MentionState | None = None
    assignee: str | None = None  # a login
    version: int | None = None
    stranger: Stranger | None = None


def get(session: Session, mention_id: str) -> MentionWork | None:
    """The work on a mention, once somebody did something about it."""
    return session.get(MentionWork, mention_id)


def get_many(session: Session, mention_ids: Iterable[str]) -> dict[str, MentionWork]:
    """The work there is on these mentions."""
    return {
        row.mention_id: row
        for some in chunks(list(mention_ids))
        for row in session.scalars(select(MentionWork).where(MentionWork.mention_id.in_(some)))
    }


class Stand(NamedTuple):
    """How far a mention is and whose it is; a login, "" for nobody's."""

    state: MentionState = "open"
    assignee: str = ""


def stands(session: Session, clinic_ids: Iterable[str]) -> dict[str, Stand]:
    """Mention → how far it is, of these clinics; one that is not in here is open and nobody's."""
    columns = select(MentionWork.mention_id, MentionWork.state, MentionWork.assignee)
    chosen = columns.where(MentionWork.clinic_id.in_(list(clinic_ids)))
    return {mention_id: Stand(state, who) for mention_id, state, who in session.execute(chosen)}


def changed_by(session: Session, clinic_id: str, who: str, *, state: MentionState) -> frozenset[str]:
    """Mentions of the clinic that are in this state, and that this person or the system changed last."""
    last = (
        select(MentionEvent.mention_id, func.max(MentionEvent.id).label("id"))
        .group_by(MentionEvent.mention_id)
        .subquery()
    )
    chosen = (
        select(MentionWork.mention_id)
        .join(last, last.c.mention_id == MentionWork.mention_id)
        .join(MentionEvent, MentionEvent.id == last.c.id)
        .where(MentionWork.clinic_id == clinic_id, MentionWork.state == state, MentionEvent.who == who)
    )
    return frozenset(session.scalars(chosen))


def others(session: Session) -> frozenset[str]:
    """Ids of the mentions that turned out not to be the clinic: no figure counts them."""
    return frozenset(session.scalars(select(MentionWork.mention_id).where(MentionWork.state == "not_us")))


def others_among(session: Session, mention_ids: Iterable[str]) -> frozenset[str]:
    """The same of these mentions only."""
    others = select(MentionWork.mention_id).where(MentionWork.state == "not_us")
    return frozenset(
        mention_id
        for some in chunks(list(mention_ids))
        for mention_id in session.scalars(others.where(MentionWork.mention_id.in_(some)))
    )


def history(session: Session, mention_id: str) -> Sequence[MentionEvent]:
    """Every change, the first one first."""
    chosen = select(MentionEvent).where(MentionEvent.mention_id == mention_id)
    return session.scalars(chosen.order_by(MentionEvent.id)).all()


def change(session: Session, mention: Mention, wanted: MentionChange, *, who: str, now: datetime) -> bool:
    """Change how far the work is or whose it is; False when it was so already, which leaves no trace.

    Raises:
        ConflictError: somebody changed it since the version the change was decided on.
        InputError: no such state or person.
    """
    _check(session, wanted)
    row = _locked(session, mention.id)
    _same_version(session, row, wanted)
    if row is None:
        row = _opened(session, mention, now)
        _same_version(session, row, wanted)
    before = row.state
    if not _apply(session, row, wanted, who=who, now=now):
        return False
    if "not_us" in (before, row.state) and before != row.state:
        _tell(session, mention, row.state, wanted.stranger)
    audit.note(session, who=who, action="mention.change", now=now, subject=mention.id)
    session.flush()
    return True


def add_note(
    session: Session, mention: Mention, text: str, *, who: str, now: datetime, people: Iterable[User] = ()
) -> MentionNote:
    """Keep a note. Whom of these people it calls with @ is told of it.

    Raises:
        InputError: nothing written, or more than 2,000 characters.
    """
    text = storable(text).strip()
    if not text:
        raise InputError("备注是空的：请写点什么再保存。")
    if len(text) > LONGEST_NOTE:
        raise InputError(f"备注有 {len(text):,} 个字，最多 {LONGEST_NOTE:,} 个：请截短或分成几条。")
    row = _locked(session, mention.id) or _opened(session, mention, now)
    row.changed_at = now  # no new version: a note is in nobody's way
    note = MentionNote(mention_id=mention.id, post_id=mention.post.id, at=now, who=who, text=text)
    session.add(note)
    nudges.named(session, mention.post.id, text, people, who=who, now=now, mention_id=mention.id)
    audit.note(session, who=who, action="mention.note", now=now, subject=mention.id)
    session.flush()
    return note


def notes_of(session: Session, mention_id: str) -> Sequence[MentionNote]:
    """The notes of a mention, the first one first."""
    chosen = select(MentionNote).where(MentionNote.mention_id == mention_id)
    return session.scalars(chosen.order_by(MentionNote.id)).all()


def notes_about(session: Session, post_id: str) -> Sequence[MentionNote]:
    """Notes on whatever a post says of any clinic, in their order."""
    return session.scalars(
        select(MentionNote).where(MentionNote.post_id == post_id).order_by(MentionNote.id)
    ).all()


def forget(session: Session, post_ids: Sequence[str]) -> None:
    """Drop what was written about mentions in these posts: their writers want it.

    The work stays with its state and history, which hold no word of the post.
    """
    session.execute(delete(MentionNote).where(MentionNote.post_id.in_(list(post_ids))))
    strangers.forget(session, post_ids)


def purge(session: Session, *, now: datetime) -> int:
    """Drop work nobody touched for two years, with its history and notes; returns how many.

    What it taught of the names stays.
    """
    old = session.scalars(select(MentionWork.mention_id).where(MentionWork.changed_at < now - KEPT)).all()
    for some in chunks(old):
        for table in (MentionNote, MentionEvent, Nudge, MentionWork):
            session.execute(delete(table).where(table.mention_id.in_(some)))
    return len(old)


def describe_change(event: MentionEvent, names: Mapping[str, str]) -> str:
    """One change in words: "状态：待处理 → 处理中". `names` are those of logins."""
    before, after = (_in_words(event.field, value, names) for value in (event.before, event.after))
    return f"{WORK_FIELDS[event.field]}：{before} → {after}"


def _in_words(field: str, value: str, names: Mapping[str, str]) -> str:
    if field == "assignee":
        return names.get(value, value) or NOBODY
    return next((name for state, name in MENTION_STATE_NAMES.items() if state == value), value)


def _tell(session: Session, mention: Mention, state: MentionState, stranger: Stranger | None) -> None:
    """The names learn, or unlearn; the share of voice counts the mention, or not."""
    voice = heard.voice(mention.post, mention.clinic_id, "", mention.sentiment)
    if state != "not_us":
        strangers.drop(session, mention.id)
        heard.keep_voices(session, [voice])
        return
    heard.drop_voice(session, voice)
    if stranger is not None:
        strangers.keep(session, mention, stranger)


def _locked(session: Session, mention_id: str) -> MentionWork | None:
    chosen = select(MentionWork).where(MentionWork.mention_id == mention_id).with_for_update()
    return session.scalars(chosen.execution_options(populate_existing=True)).one_or_none()


def _opened(session: Session, mention: Mention, now: datetime) -> MentionWork:
    row = MentionWork(
        mention_id=mention.id, post_id=mention.post.id, clinic_id=mention.clinic_id,
        opened_at=now, changed_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody opened it in this very moment
        there = _locked(session, mention.id)
        if there is None:
            raise ConflictError("这条提及的记录刚被删掉：请刷新后再试。") from None
        return there
    return row


def _apply(session: Session, row: MentionWork, wanted: MentionChange, *, who: str, now: datetime) -> bool:
    asked = {"state": wanted.state, "assignee": wanted.assignee}
    found = {
        field: value for field, value in asked.items() if value is not None and value != getattr(row, field)
    }
    if not found:
        return False
    row.version += 1
    row.changed_at = now
    for field, value in found.items():
        event = MentionEvent(
            mention_id=row.mention_id, at=now, who=who, field=field, before=getattr(row, field), after=value,
            version=row.version,
        )  # fmt: skip
        session.add(event)
        setattr(row, field, value)
    if found.get("assignee"):
        nudges.assigned(session, row.post_id, row.assignee, who=who, now=now, mention_id=row.mention_id)
    return True


def _check(session: Session, wanted: MentionChange) -> None:
    """Raises InputError for what cannot be."""
    if wanted.state is not None and wanted.state not in MENTION_STATES:
        raise InputError(f"状态 {wanted.state!r} 不认识：可用 {'、'.join(MENTION_STATES)}。")
    if wanted.assignee:
        known = session.scalar(select(User.login).where(User.login == wanted.assignee))
        if known is None:
            raise InputError(f"负责人 {wanted.assignee!r} 不存在：请从列表里选。")


def _same_version(session: Session, row: MentionWork | None, wanted: MentionChange) -> None:
    """Raises ConflictError when the change was decided on another state than the present one."""
    there = row.version if row else 0
    if wanted.version is None or wanted.version == there:
        return
    since = history(session, row.mention_id) if row else ()
    last = [event for event in since if event.version == there and event.version > wanted.version]
    if not last:
        raise ConflictError("这条提及已经不是你看到的那一版：请看过再改。")
    names = {found.login: found.name for found in session.execute(select(User.login, User.name))}
    when = last[0].at.astimezone(BEIJING).strftime("%m-%d %H:%M")
    said = "，".join(describe_change(event, names) for event in last)
    who = names.get(last[0].who, last[0].who)
    raise ConflictError(f"{who} 在 {when} 刚改过这条提及（{said}）：请看过再决定。")
