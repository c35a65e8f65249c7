"""Accounts elsewhere that people sign in by: whose they are.

An account is bound the first time, by its verified address; from then on the provider's own, lasting name for
it counts, whatever the address becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import RightsError, SignInError
from leads.models import Role
from leads.records import audit, rights, users
from leads.records.tables.people import Identity, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Who somebody is, as the provider says. `email` is verified, or ""; `role` is what their groups mean."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""
    role: Role | None = None


def person(session: Session, shown: Shown, *, now: datetime) -> User:
    """Whose account it is; made when the groups give a role, bound when the address is a login.

    Raises:
        SignInError: nobody's, or that of somebody who may not come in.
    """
    known = session.get(Identity, (shown.issuer, shown.subject[:255]))
    user = users.get(session, known.user_id) if known else None
    if user is None:
        user = _found(session, shown, now)
        session.add(
            Identity(issuer=shown.issuer, subject=shown.subject[:255], user_id=user.id, created_at=now)
        )
        audit.note(session, who=user.login, action="user.bind", subject=user.login, now=now)
    if user.disabled:
        raise SignInError("这个用户已停用：请找管理员。")
    if shown.role and shown.role != user.role:
        try:
            rights.set_role(
                session, user, who=audit.SYSTEM, role=shown.role, clinic_ids=user.clinic_ids, now=now
            )
        except RightsError as error:
            raise SignInError(f"单位账号给的角色用不了：{error}") from None
    return user


def _found(session: Session, shown: Shown, now: datetime) -> User:
    if not shown.email:
        raise SignInError("单位账号没有给出验证过的邮箱：请找管理员。")
    user = users.by_login(session, shown.email)
    if user is None and shown.role and users.LOGIN.fullmatch(shown.email):
        try:
            user, _ = rights.invite(
                session,
                who=audit.SYSTEM,
                login=shown.email,
                name=shown.name[: rights.NAME_LENGTH],
                role=shown.role,
                clinic_ids=(),
                now=now,
            )
        except RightsError as error:
            raise SignInError(f"单位账号给的角色用不了：{error}") from None
        users.drop_links(session, user)
    if user is None:
        raise SignInError("还没有你的用户：请管理员在“用户”页添加，用户名写你的单位邮箱。")
    bound = select(Identity).where(Identity.user_id == user.id, Identity.issuer == shown.issuer)
    if session.scalars(bound).first() is not None:  # the address was given to somebody else since
        raise SignInError("这个邮箱以前是另一个单位账号的：请找管理员。")
    return user
