"""People: their passwords (argon2), their one-time links."""

from __future__ import annotations

from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from leads.records import sessions
from leads.records.secrets import hashed, new_secret
from leads.records.tables import LoginLink, Role, User

LINK_LASTS = timedelta(hours=24)
SHORTEST = 10  # characters of a password
_hasher = PasswordHasher()  # the library's defaults follow RFC 9106's second choice
# Checked for unknown logins, so that the answer takes as long and tells nothing.
_NOBODY = _hasher.hash(new_secret())


def add_user(
    session: Session, *, login: str, name: str, role: Role, now: datetime, clinic_ids: tuple[str, ...] = ()
) -> User:
    """A person without a password yet; `make_link` lets them choose one."""
    user = User(login=login, name=name, role=role, created_at=now, clinic_ids=list(clinic_ids))
    session.add(user)
    session.flush()
    return user


def by_login(session: Session, login: str) -> User | None:
    """The person of this login."""
    return session.scalars(select(User).where(User.login == login)).one_or_none()


def authenticate(session: Session, login: str, password: str) -> User | None:
    """The person, when the password is theirs and they may come in."""
    user = by_login(session, login)
    try:
        _hasher.verify(user.password if user and user.password else _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    if user is None or user.disabled:
        return None
    if _hasher.check_needs_rehash(user.password):
        user.password = _hasher.hash(password)
    return user


def password_problem(password: str) -> str:
    """Why this cannot be a password, in zh-CN; "" when it can."""
    return "" if len(password) >= SHORTEST else f"密码太短：至少 {SHORTEST} 个字符。"


def set_password(session: Session, user: User, password: str) -> None:
    """A new password; every browser that was logged in has to log in again."""
    user.password = _hasher.hash(password)
    sessions.close_all(session, user)


def make_link(session: Session, user: User, *, now: datetime, direct: bool = False) -> str:
    """The secret of a one-time link that lets this person choose a password; valid for a day.

    Links made before no longer work. A `direct` one goes straight to the desk: for the demo only.
    """
    session.execute(delete(LoginLink).where(LoginLink.user_id == user.id, LoginLink.used_at.is_(None)))
    secret = new_secret()
    session.add(
        LoginLink(secret_hash=hashed(secret), user_id=user.id, expires_at=now + LINK_LASTS, direct=direct)
    )
    return secret


def link(session: Session, secret: str, *, now: datetime) -> tuple[User, LoginLink] | None:
    """Whose link this is; None when it was used, is too old or never was."""
    row = session.get(LoginLink, hashed(secret))
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    user = session.get(User, row.user_id)
    return None if user is None or user.disabled else (user, row)


def nobody_has_a_password(session: Session) -> bool:
    """Nobody could log in: the first start."""
    return session.scalars(select(User.id).where(User.password != "").limit(1)).first() is None


def first_admin(session: Session, *, now: datetime) -> User:
    """The admin whom the first start lets in; made if need be."""
    admins = select(User).where(User.role == "admin", User.disabled.is_(False)).order_by(User.id)
    found = session.scalars(admins).first()
    return found or add_user(session, login="admin", name="管理员", role="admin", now=now)
