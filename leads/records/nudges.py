"""What a colleague wants somebody to know: a lead or a mention was given to them, or a note names them.

A lead and a mention of one post are one thing to the person: while what came by the one is not seen, nothing
of its kind comes by the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from leads.records.tables.people import User
from leads.records.tables.work import Nudge

MOST = 100  # of one person that are listed
TOLD_AT_ONCE = 200


def assigned(
    session: Session, lead_id: str, login: str, *, who: str, now: datetime, mention_id: str = ""
) -> None:
    """The lead, or this mention of that post, is the person's from now on; who takes one needs no telling."""
    user = session.scalars(select(User).where(User.login == login)).one_or_none() if login != who else None
    if user is not None:
        _add(session, user, "assigned", lead_id, mention_id, who=who, now=now)


def named(
    session: Session,
    lead_id: str,
    text: str,
    people: Iterable[User],
    *,
    who: str,
    now: datetime,
    mention_id: str = "",
) -> list[str]:
    """A note names some of these people; their logins. `people` are those who may see what it is about."""
    found = [user for user in in_text(text, people) if user.login != who]
    for user in found:
        _add(session, user, "named", lead_id, mention_id, who=who, now=now)
    return [user.login for user in found]


def new_device(session: Session, user: User, device: str, *, now: datetime) -> None:
    """Somebody came into this account in a browser that was never in it: the person should know."""
    session.add(Nudge(user_id=user.id, kind="device", lead_id="", who=device, at=now))


def in_text(text: str, people: Iterable[User]) -> list[User]:
    """Who is called "@name" or "@login"; of names that begin alike the longest counts."""
    calls = sorted(
        ((f"@{call}", user) for user in people for call in {user.name, user.login} if call),
        key=lambda each: -len(each[0]),
    )
    found: dict[str, User] = {}
    for call, user in calls:
        if call in text:
            found[user.login] = user
            text = text.replace(call, " ")
    return list(found.values())


def _add(
    session: Session, user: User, kind: str, lead_id: str, mention_id: str, *, who: str, now: datetime
) -> None:
    if user.disabled or _told_by_the_other(session, user, kind, lead_id, mention_id):
        return
    session.add(Nudge(user_id=user.id, kind=kind, lead_id=lead_id, who=who, at=now, mention_id=mention_id))


def _told_by_the_other(session: Session, user: User, kind: str, lead_id: str, mention_id: str) -> bool:
    same = select(Nudge.id).where(Nudge.user_id == user.id, Nudge.kind == kind, Nudge.lead_id == lead_id)
    waiting = same.where(Nudge.seen_at.is_(None), Nudge.mention_id != mention_id)
    return session.scalar(waiting.limit(1)) is not None


def listed(session: Session, user_id: int) -> Sequence[Nudge]:
    """A person's own, the newest first."""
    chosen = select(Nudge).where(Nudge.user_id == user_id).order_by(Nudge.id.desc())
    return session.scalars(chosen.limit(MOST)).all()


def unseen(session: Session, user_ids: Collection[int]) -> Mapping[int, int]:
    """How many each of these people has not looked at; who has none is left out."""
    chosen = (
        select(Nudge.user_id, func.count())
        .where(Nudge.user_id.in_(list(user_ids)), Nudge.seen_at.is_(None))
        .group_by(Nudge.user_id)
    )
    return {row[0]: row[1] for row in session.execute(chosen)}


def own(session: Session, user_id: int, nudge_id: int) -> Nudge | None:
    """This one, if it is this person's."""
    found = session.get(Nudge, nudge_id)
    return found if found is not None and found.user_id == user_id else None


def look(session: Session, user_id: int, *, now: datetime, lead_id: str = "") -> None:
    """The person has looked at all of them, or at those of one lead."""
    mine = update(Nudge).where(Nudge.user_id == user_id, Nudge.seen_at.is_(None))
    session.execute((mine.where(Nudge.lead_id == lead_id) if lead_id else mine).values(seen_at=now))


def untold(session: Session) -> Sequence[Nudge]:
    """Those that no channel was told of yet, the oldest first."""
    chosen = select(Nudge).where(~Nudge.told).order_by(Nudge.id).limit(TOLD_AT_ONCE)
    return session.scalars(chosen.with_for_update(skip_locked=True)).all()
