"""People: who may come in, with a password or by a one-time link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from leads.models import Role
from leads.records import passwords, sessions, tokens
from leads.records.secrets import hashed, new_secret
from leads.records.tables.people import LoginLink, User

LINK_LASTS = timedelta(hours=24)
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def add_user(
    session: Session, *, login: str, name: str, role: Role, now: datetime, clinic_ids: tuple[str, ...] = ()
) -> User:
    """A person without a password yet; `make_link` lets them choose one."""
    user = User(login=login, name=name, role=role, created_at=now, clinic_ids=list(clinic_ids))
    session.add(user)
    session.flush()
    return user


def by_login(session: Session, login: str) -> User | None:
    """The person of this login, however it is capitalised."""
    plain = login.strip().lower()
    if not LOGIN.fullmatch(plain):
        return None
    return session.scalars(select(User).where(User.login == plain)).one_or_none()


def names(session: Session) -> dict[str, str]:
    """What everybody is called, by login."""
    return {user.login: user.name for user in everybody(session)}


def everybody(session: Session) -> Sequence[User]:
    """All users by login, the disabled ones last."""
    return session.scalars(select(User).order_by(User.disabled, User.login)).all()


def may_come_in(user: User | None, password: str) -> bool:
    """The password is theirs, and they are not disabled. Slow by design, for unknown people too."""
    right = passwords.fits(user.password if user else "", password)
    return right and user is not None and not user.disabled


def set_password(session: Session, user: User, password: str, *, now: datetime) -> None:
    """A new password; every browser has to log in again, every program needs a new token: raises CrowdError.

    Who resets a password may do so because somebody else knew it.
    """
    user.password = passwords.hashed(password)
    end_everything(session, user, now=now)


def end_everything(session: Session, user: User, *, now: datetime) -> None:
    """All of this person's sessions, one-time links and tokens end."""
    sessions.close_all(session, user)
    drop_links(session, user)
    tokens.revoke_all(session, user.id, now=now)


def make_link(session: Session, user: User, *, now: datetime, direct: bool = False) -> str:
    """The secret of a one-time link that lets this person choose a password; valid for a day.

    Links made before no longer work. A `direct` one goes straight to the desk: for the demo only.
    """
    drop_links(session, user)
    secret = new_secret()
    session.add(
        LoginLink(secret_hash=hashed(secret), user_id=user.id, expires_at=now + LINK_LASTS, direct=direct)
    )
    return secret


def drop_links(session: Session, user: User) -> None:
    """One-time links of this person that nobody used no longer work."""
    session.execute(delete(LoginLink).where(LoginLink.user_id == user.id, LoginLink.used_at.is_(None)))


def link(session: Session, secret: str, *, now: datetime) -> tuple[User, LoginLink] | None:
    """Whose link this is; None when it was used, is too old or never was."""
    row = session.get(LoginLink, hashed(secret))
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    user = session.get(User, row.user_id)
    return None if user is None or user.disabled else (user, row)


def use_link(session: Session, row: LoginLink, *, now: datetime) -> bool:
    """Uses the link up; False when somebody else did so at the same moment."""
    mine = update(LoginLink).where(LoginLink.secret_hash == row.secret_hash, LoginLink.used_at.is_(None))
    return session.execute(mine.values(used_at=now).returning(LoginLink.secret_hash)).first() is not None


def nobody_has_a_password(session: Session) -> bool:
    """Nobody could log in: the first start."""
    return session.scalars(select(User.id).where(User.password != "").limit(1)).first() is None


def first_admin(session: Session, *, now: datetime) -> User:
    """The admin whom the first start lets in; made if need be."""
    admins = select(User).where(User.role == "admin", User.disabled.is_(False)).order_by(User.id)
    found = session.scalars(admins).first()
    return found or add_user(session, login="admin", name="管理员", role="admin", now=now)


def state(user: User) -> str:
    """Whether this person can come in."""
    return "已停用" if user.disabled else "可登录" if user.password else "还没设密码"


def get(session: Session, user_id: int) -> User | None:
    """None when it is not there."""
    return session.get(User, user_id)
