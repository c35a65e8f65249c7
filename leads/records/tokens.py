"""API tokens: a program's way in, with some of its owner's rights. Shown once, stored as a hash."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from leads.models import Role
from leads.records.secrets import hashed, new_secret
from leads.records.tables.people import ApiToken, User

PREFIX = "tz_"  # lets people and scanners recognise what leaked
HINT = 9  # characters that are shown to tell tokens apart: the prefix and 36 bits of 256
LONGEST = timedelta(days=365)  # of a token whose owner is no admin
MOST = 20  # tokens of one person that are neither revoked nor too old
_TOUCH = timedelta(minutes=10)  # how old "last use" may be before it is written again
# What a program may do. The first ones are all that a doctor's may.
SCOPES: dict[str, str] = {
    "leads:read": "查看线索和跟进",
    "leads:write": "修改跟进、写备注和反馈",
    "mentions:read": "查看提及",
    "mentions:write": "处理提及、写备注",
    "export": "导出",
    "capture": "保存看到的帖子",
    "coverage:read": "查看采集情况",
    "rules:write": "查看和修改规则",
    "clinics:write": "修改诊所",
    "erase": "删除帖子或作者的全部内容",
}
SCOPES_OF_ROLE: dict[Role, tuple[str, ...]] = {
    "admin": tuple(SCOPES),
    "marketer": tuple(scope for scope in SCOPES if scope != "erase"),
    "doctor": ("leads:read", "leads:write", "mentions:read", "mentions:write", "export", "capture"),
}


def create(
    session: Session,
    user: User,
    *,
    name: str,
    scopes: Iterable[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[str, ApiToken]:
    """A new token's text, never to be had again, and its row. Scopes beyond the owner's role are left out.

    Without `expires_at` an admin's has no end; anybody else's lasts for `LONGEST`.
    """
    secret = PREFIX + new_secret()
    wanted = set(scopes)
    row = ApiToken(
        user_id=user.id,
        name=name,
        hint=secret[:HINT],
        secret_hash=hashed(secret),
        scopes=[scope for scope in SCOPES_OF_ROLE[user.role] if scope in wanted],
        created_at=now,
        expires_at=expires_at if expires_at or user.role == "admin" else now + LONGEST,
    )
    session.add(row)
    session.flush()
    return secret, row


def find(session: Session, secret: str, *, now: datetime) -> tuple[User, ApiToken] | None:
    """Whose token this is; None when it is revoked, too old, never was, or its owner may not come in.

    Which scopes it has now is `effective`'s to say: the owner's role may have changed.
    """
    if not secret.startswith(PREFIX):
        return None
    given = hashed(secret)
    row = session.scalars(select(ApiToken).where(ApiToken.secret_hash == given)).one_or_none()
    # The database compares hashes, of which a caller who guesses learns nothing; this compares them once
    # more without a hint in its time.
    if row is None or not hmac.compare_digest(row.secret_hash, given):
        return None
    user = session.get(User, row.user_id)
    return None if user is None or user.disabled or not alive(row, user, now=now) else (user, row)


def effective(user: User, token: ApiToken) -> frozenset[str]:
    """What the token may do: its scopes, as far as its owner's role goes today."""
    return frozenset(token.scopes) & frozenset(SCOPES_OF_ROLE[user.role])


def alive(token: ApiToken, owner: User, *, now: datetime) -> bool:
    """Neither revoked nor too old. One without an end needs an owner who is an admin still."""
    lasts = owner.role == "admin" if token.expires_at is None else now < token.expires_at
    return token.revoked_at is None and lasts


def stale(token: ApiToken, *, now: datetime) -> bool:
    """The last use was so long ago that this one is worth writing down."""
    return token.used_at is None or token.used_at + _TOUCH <= now


def touch(session: Session, token: ApiToken, *, now: datetime) -> None:
    """It was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token.id).values(used_at=now))


def of_user(session: Session, user_id: int) -> Sequence[ApiToken]:
    """A person's tokens that were not revoked, the newest first."""
    chosen = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return session.scalars(chosen.order_by(ApiToken.id.desc())).all()


def revoke(session: Session, user_id: int, token_id: int, *, now: datetime) -> ApiToken | None:
    """Ends one of this person's tokens; None when there is no such one."""
    row = session.get(ApiToken, token_id)
    if row is None or row.user_id != user_id or row.revoked_at is not None:
        return None
    row.revoked_at = now
    return row


def revoke_endless(session: Session, user_id: int, *, now: datetime) -> Sequence[ApiToken]:
    """Ends a person's tokens that have no end of their own; those that it ended."""
    ended = [each for each in of_user(session, user_id) if each.expires_at is None]
    for each in ended:
        each.revoked_at = now
    return ended


def revoke_all(session: Session, user_id: int, *, now: datetime) -> None:
    """Ends all of a person's tokens."""
    mine = update(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    session.execute(mine.values(revoked_at=now))
