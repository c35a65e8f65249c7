"""Who did what: written in the transaction of the deed itself, so that neither is without the other.

The rows form a chain (`leads.records.chain`). A row gets its place and link when its transaction ends and has
all other locks it needs: writers take turns for that moment only, and whose turn it is waits for nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import delete, event, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, UOWTransaction, sessionmaker

from leads.records import chain
from leads.records.seal import Seal
from leads.records.tables.people import Audit, AuditEnd

SYSTEM = "system"  # the name of what nobody asked for
BROKEN = "audit.broken"  # the end of the chain was not as we left it
_DEEDS = "deeds"  # in a session's `info`: rows that wait for their places


def note(
    session: Session, *, who: str, action: str, now: datetime, subject: str = "", **detail: object
) -> None:
    """Write down a deed: `who` is a login, "token:<name>" or `SYSTEM`; `action` like "case.status".

    Never a post's text, a password or a secret in `subject` or `detail`; details are what JSON can hold.
    """
    session.add(Audit(at=now, who=who[:80], action=action, subject=subject[:200], detail=detail))


def entries(
    session: Session,
    *,
    limit: int,
    who: str = "",
    action: str = "",
    before: int | None = None,
) -> Sequence[Audit]:
    """Deeds, the latest first: of one person, of actions that begin with `action`, before the id `before`."""
    chosen = select(Audit).order_by(Audit.id.desc()).limit(limit)
    if who:
        chosen = chosen.where(Audit.who == who)
    if action:
        chosen = chosen.where(Audit.action.startswith(action, autoescape=True))
    if before is not None:
        chosen = chosen.where(Audit.id < before)
    return session.scalars(chosen).all()


def came_before(session: Session, login: str) -> bool:
    """This person has logged in before."""
    return bool(session.scalar(select(exists().where(Audit.who == login, Audit.action == "login"))))


def forget(session: Session, before: datetime, *, now: datetime) -> int:
    """Drop what is older; how many rows. The chain then begins later, and what is left can still be verified.

    Nothing is dropped while the end of the chain is not as we left it: whoever looks into it needs the rows.
    """
    end = _end(session)
    if not _ours(session, end):
        return 0
    younger = select(func.min(Audit.place)).where(Audit.at >= before)
    first = session.scalar(younger) or end.last_place + 1
    dropped = first - end.first_place
    if dropped <= 0:
        return 0
    last = select(Audit.link).where(Audit.place == first - 1)
    end.first_link, end.first_place = session.scalars(last).one(), first
    end.seal = _seal(session).sign(_said(end))
    session.execute(delete(Audit).where(Audit.place < first))
    note(session, who=SYSTEM, action="audit.forget", now=now, count=dropped)
    return dropped


# --- the chain ------------------------------------------------------------


def watch(sessions: sessionmaker[Session]) -> None:
    """Whatever these sessions write into the audit is chained."""
    event.listen(sessions, "after_flush", _remember)
    event.listen(sessions, "before_commit", _chain)


def _remember(session: Session, _context: UOWTransaction) -> None:
    made = [each for each in session.new if isinstance(each, Audit)]
    session.info.setdefault(_DEEDS, []).extend(made)


def _chain(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    made: list[Audit] = [each for each in session.info.pop(_DEEDS, ()) if each in session]
    if not made:
        return
    end = _end(session)
    if not end.seal:
        # The first time ever: rows of versions that knew no chain come first.
        unplaced = select(Audit).where(Audit.place.is_(None)).order_by(Audit.id)
        made = list(session.scalars(unplaced).all())
    elif not _ours(session, end):
        found = Audit(at=made[0].at, who=SYSTEM, action=BROKEN, detail={"count": end.last_place})
        session.add(found)
        made.append(found)
    for row in made:
        row.place = end.last_place + 1
        row.link = chain.link(end.last_link, _content(row))
        end.last_place, end.last_link = row.place, row.link
    end.seal = _seal(session).sign(_said(end))


def _end(session: Session) -> AuditEnd:
    """The end of the chain; until this transaction is over nobody else has it for writing."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    first = {"first_place": 1, "first_link": chain.START, "last_place": 0, "last_link": chain.START}
    session.execute(insert(AuditEnd).values(id=1, seal="", **first).on_conflict_do_nothing())
    held = select(AuditEnd).with_for_update().execution_options(populate_existing=True)
    return session.scalars(held).one()


def _ours(session: Session, end: AuditEnd) -> bool:
    return _seal(session).signed(_said(end), end.seal)


def _seal(session: Session) -> Seal:
    seal: Seal = session.info["seal"]
    return seal


def _said(end: AuditEnd) -> str:
    return f"{end.first_place} {end.first_link} {end.last_place} {end.last_link}"


def _content(row: Audit) -> dict[str, object]:
    return {
        "place": row.place,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "who": row.who,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
    }


# --- verifying it ------------------------------------------------------------


_Problem = Literal["", "changed", "missing", "outside", "end", "seal", "known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """What was found. `place` and `link` are those of the end; whoever keeps them elsewhere can ask later
    whether they still hold."""

    rows: int  # that are kept
    place: int
    link: str
    problem: _Problem = ""
    broken: int = 0  # the place of the first broken row; of one outside of the chain its id

    @property
    def sentence(self) -> str:
        """What it means, zh-CN."""
        if not self.problem:
            if not self.rows:
                return "还没有操作记录。"
            return f"操作记录 {self.rows} 条，前后相连，没有被改过；末尾是 {self.place}:{self.link[:16]}。"
        return _PROBLEMS[self.problem].format(self.broken)


_PROBLEMS = {
    "changed": "操作记录从第 {} 条起对不上：这一条被改过，或它前面少了、多了一条。请和备份对照。",
    "missing": "操作记录缺第 {} 条：有人删过。请和备份对照。",
    "outside": "操作记录里编号 {} 的一行不是听诊写的：有人直接写进了记录库。",
    "end": "操作记录的末尾不见了：有人直接改过记录库。请和备份对照。",
    "seal": "操作记录的末尾不是这里写的：有人直接改过记录库，或 channel.key 换过。请和备份对照。",
    "known": "操作记录的第 {} 条和你记下的不一样：整份记录被重写过。请和备份对照。",
}


def verify(session: Session, *, known: tuple[int, str] | None = None) -> ChainState:
    """Go through the whole chain. `known`: a place and the beginning of its link, as an earlier call told
    them; a place that was dropped for its age since is passed over."""
    end = session.scalars(select(AuditEnd).execution_options(populate_existing=True)).one_or_none()
    if end is None:
        placed = session.scalar(select(exists().where(Audit.place.is_not(None))))
        rows = session.scalar(select(func.count()).select_from(Audit)) or 0
        return ChainState(rows=rows, place=0, link=chain.START, problem="end" if placed else "")
    problem, broken = _first_problem(session, end, known)
    if problem and session.scalar(select(AuditEnd.first_place)) != end.first_place:
        return verify(session, known=known)  # old rows were dropped meanwhile
    rows = end.last_place - end.first_place + 1
    return ChainState(rows=rows, place=end.last_place, link=end.last_link, problem=problem, broken=broken)


def _first_problem(session: Session, end: AuditEnd, known: tuple[int, str] | None) -> tuple[_Problem, int]:
    before, place = end.first_link, end.first_place
    kept = select(Audit).where(Audit.place <= end.last_place).order_by(Audit.place)
    with closing(session.scalars(kept.execution_options(yield_per=1000))) as rows:
        for row in rows:
            if row.place != place:
                return "missing", place
            if row.link != chain.link(before, _content(row)):
                return "changed", place
            if known and known[0] == place and not row.link.startswith(known[1]):
                return "known", place
            before, place = row.link, place + 1
    if place <= end.last_place:
        return "missing", place
    if known and known[0] > end.last_place:
        return "known", known[0]
    if before != end.last_link or not _ours(session, end):
        return "seal", 0
    outside = session.scalar(select(func.min(Audit.id)).where(Audit.place.is_(None)))
    return ("outside", outside) if outside else ("", 0)
