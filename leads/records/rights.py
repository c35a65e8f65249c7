"""Changes of people and their rights: each checked, each written down, and never without an admin left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.errors import RightsError
from leads.models import ROLES, Role
from leads.records import audit, clinics, tokens, users
from leads.records.tables.people import User

NAME_LENGTH = 64


def invite(
    session: Session,
    *,
    who: str,
    login: str,
    name: str,
    role: str,
    clinic_ids: Sequence[str],
    now: datetime,
) -> tuple[User, str]:
    """A new person, and the secret of the one-time link to give to them.

    Raises:
        RightsError: the login is taken or odd, no such role or clinic, a doctor without a clinic.
    """
    plain = login.strip().lower()
    if not users.LOGIN.fullmatch(plain):
        raise RightsError(f"用户名 {login!r} 不行：请用小写字母、数字和 . _ - @，以字母或数字开头。")
    if users.by_login(session, plain):
        raise RightsError(f"已经有用户名 {plain!r}：请换一个，或把那个用户启用、改角色。")
    checked, own = _checked(session, role, clinic_ids)
    user = users.add_user(
        session, login=plain, name=checked_name(name or plain), role=checked, now=now, clinic_ids=own
    )
    audit.note(session, who=who, action="user.add", subject=plain, now=now, role=role, clinics=list(own))
    return user, users.make_link(session, user, now=now)


def set_role(
    session: Session, user: User, *, who: str, role: str, clinic_ids: Sequence[str], now: datetime
) -> None:
    """Another role, or other clinics of a doctor; holds from the person's next click on.

    Tokens without an end are an admin's: they end with that.

    Raises:
        RightsError: no such role or clinic, a doctor without a clinic, or the last admin.
    """
    checked, own = _checked(session, role, clinic_ids)
    if checked != "admin":
        _keep_an_admin(session, user)
    before = {"role": user.role, "clinics": user.clinic_ids}
    user.role, user.clinic_ids = checked, list(own)
    after = {"role": user.role, "clinics": user.clinic_ids}
    if before != after:
        audit.note(
            session, who=who, action="user.role", subject=user.login, now=now, before=before, after=after
        )
    for token in tokens.revoke_endless(session, user.id, now=now) if checked != "admin" else ():
        audit.note(
            session, who=who, action="token.revoke", subject=token.name, now=now, hint=token.hint, by="role"
        )


def disable(session: Session, user: User, *, who: str, now: datetime) -> None:
    """The person comes in no more: not with a password, a session, a link or a token.

    Raises:
        RightsError: the last admin.
    """
    _keep_an_admin(session, user)
    user.disabled = True
    users.end_everything(session, user, now=now)
    audit.note(session, who=who, action="user.disable", subject=user.login, now=now)


def end(session: Session, user: User, *, who: str, now: datetime) -> None:
    """Logs the person out everywhere, programs too: for a lost telephone, or a token that got about."""
    users.end_everything(session, user, now=now)
    audit.note(session, who=who, action="user.end", subject=user.login, now=now)


def enable(session: Session, user: User, *, who: str, now: datetime) -> None:
    """The person may come in again, with the old password; tokens stay revoked."""
    user.disabled = False
    audit.note(session, who=who, action="user.enable", subject=user.login, now=now)


def new_link(session: Session, user: User, *, who: str, now: datetime) -> str:
    """The secret of a one-time link: for who forgot a password. The password holds until the link is used.

    Raises:
        RightsError: the person is disabled.
    """
    if user.disabled:
        raise RightsError(f"用户 {user.login} 已停用：请先启用，再给链接。")
    audit.note(session, who=who, action="user.link", subject=user.login, now=now)
    return users.make_link(session, user, now=now)


def checked_name(name: str) -> str:
    """A name people are shown by; raises RightsError when it is empty or too long."""
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= NAME_LENGTH or not plain.isprintable():
        raise RightsError(f"姓名要有 1 到 {NAME_LENGTH} 个字。")
    return plain


def _checked(session: Session, role: str, clinic_ids: Sequence[str]) -> tuple[Role, tuple[str, ...]]:
    """The role and, for a doctor, the clinics; nobody else is limited to clinics."""
    found: Role | None = next((each for each in ROLES if each == role), None)
    if found is None:
        raise RightsError(f"没有角色 {role!r}：可用 {'、'.join(ROLES)}。")
    if found != "doctor":
        return found, ()
    known = [clinic.id for clinic in clinics.clinics(session)]
    unknown = [each for each in clinic_ids if each not in known]
    if unknown:
        raise RightsError(f"没有诊所 {unknown[0]!r}：可用 {'、'.join(known) or '（一个都没有）'}。")
    if not clinic_ids:
        raise RightsError("医生只看自己诊所的线索和提及：请至少选一个诊所。")
    return found, tuple(dict.fromkeys(clinic_ids))


def _keep_an_admin(session: Session, user: User) -> None:
    """Raises RightsError when no admin could log in without this one.

    The rows are locked, so that two admins who remove each other at once do not both succeed.
    """
    chosen = select(User).where(User.role == "admin", User.disabled.is_(False))
    admins = session.scalars(chosen.order_by(User.id).with_for_update()).all()
    if user.id not in [each.id for each in admins]:
        return
    others = [each for each in admins if each.id != user.id]
    if not others or (user.password and not any(each.password for each in others)):
        raise RightsError(
            f"{user.login} 是最后一个能登录的管理员，不能停用或改角色：请先让另一个管理员设好密码。"
        )
