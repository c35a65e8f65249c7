"""Second factors: codes of a telephone (TOTP, RFC 6238), and recovery codes for the day it is lost.

The secret is kept sealed, recovery codes as hashes. A code counts once: the step of time it belongs to is
remembered, and only later ones are taken.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

import pyotp
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from leads.errors import RightsError
from leads.records import audit, sessions
from leads.records.seal import PREFIX, LostKeyError, Seal
from leads.records.secrets import hashed
from leads.records.tables.people import RecoveryCode, SecondFactor, User

STEP = 30  # seconds; what every telephone's program takes for granted
DRIFT = 1  # steps a clock may be fast or slow
RECOVERY_CODES = 10
OFFER_LASTS = timedelta(minutes=15)
LONGEST = 40  # characters somebody may type
ISSUER = "听诊"
Passed = Literal["", "code", "recovery"]


def new_secret() -> str:
    """160 random bits in base 32, as telephones read them."""
    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """What stands in the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Which step of time this code belongs to, if it is one of those around `now`. Pure."""
    totp, today = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    around = range(today - DRIFT, today + DRIFT + 1)
    fitting = [step for step in around if hmac.compare_digest(totp.generate_otp(step), code)]
    return fitting[-1] if fitting else None


def typed(text: str) -> str:
    """What somebody typed, as codes are compared: spaces, hyphens and full width make no difference."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    return "".join(each for each in plain if each.isascii() and each.isalnum())


def has(session: Session, user_id: int) -> bool:
    """There is a second factor."""
    return bool(session.scalar(select(exists().where(SecondFactor.user_id == user_id))))


def having(session: Session) -> Collection[int]:
    """Who has one."""
    return set(session.scalars(select(SecondFactor.user_id)))


def codes_left(session: Session, user_id: int) -> int:
    """Recovery codes that were not used yet."""
    chosen = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(chosen) or 0


# --- getting one ------------------------------------------------------------


def offer(session: Session, user: User, *, now: datetime) -> tuple[str, str]:
    """A new secret, and the same sealed: the form brings it back with the first code, so nothing is kept of
    what nobody confirmed."""
    secret = new_secret()
    return secret, _seal(session).close(f"{user.id} {int(now.timestamp())} {secret}")


def offered(session: Session, user: User, kept: str, *, now: datetime) -> str:
    """The secret that was offered to this person a while ago; "" when it was not, or too long ago."""
    if not kept.startswith(PREFIX):  # a seal takes what bears no mark of it for older than itself
        return ""
    try:
        number, at, secret = _seal(session).open(kept).split(" ")
        late = now - timedelta(seconds=int(at)) - OFFER_LASTS
    except (LostKeyError, ValueError):
        return ""
    return secret if number == str(user.id) and late.timestamp() < 0 else ""


def confirm(
    session: Session, user: User, secret: str, given: str, *, cookie: str, now: datetime
) -> list[str]:
    """The offered secret is this person's factor from now on; new recovery codes, shown once. None of them
    when the code is not the secret's. All browsers but the one with this cookie are logged out."""
    step = step_of(secret, typed(given), now=now)
    if step is None:
        return []
    action = "factor.replace" if has(session, user.id) else "factor.add"
    _drop(session, user)
    kept = _seal(session).close(secret)
    session.add(SecondFactor(user_id=user.id, secret=kept, step=step, created_at=now))
    sessions.close_all(session, user, but=cookie)
    audit.note(session, who=user.login, action=action, subject=user.login, now=now)
    return _new_codes(session, user)


def new_codes(session: Session, user: User, *, now: datetime) -> list[str]:
    """Recovery codes in place of those before."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    audit.note(session, who=user.login, action="factor.codes", subject=user.login, now=now)
    return _new_codes(session, user)


def _new_codes(session: Session, user: User) -> list[str]:
    made = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=hashed(each)) for each in made)
    return ["-".join(each[start : start + 4] for start in range(0, 16, 4)) for each in made]


def remove(session: Session, user: User, *, who: str, now: datetime, cookie: str = "") -> None:
    """The password alone is enough again: by the person, or by who helps one that lost the telephone. All
    browsers but the one with this cookie are logged out."""
    _drop(session, user)
    sessions.close_all(session, user, but=cookie)
    action = "factor.remove" if who == user.login else "factor.reset"
    audit.note(session, who=who, action=action, subject=user.login, now=now)


def _drop(session: Session, user: User) -> None:
    for table in (SecondFactor, RecoveryCode):
        session.execute(delete(table).where(table.user_id == user.id))


# --- showing it ------------------------------------------------------------


def passes(session: Session, user: User, given: str, *, now: datetime) -> Passed:
    """Whether this is the person's code or a recovery code, which is used up by that; "" for neither.

    Raises:
        RightsError: the secret was sealed with another key.
    """
    code = typed(given)
    if code.isdigit():
        return "code" if _code_passes(session, user, code, now=now) else ""
    row = update(RecoveryCode).where(
        RecoveryCode.user_id == user.id,
        RecoveryCode.code_hash == hashed(code),
        RecoveryCode.used_at.is_(None),
    )
    if session.execute(row.values(used_at=now).returning(RecoveryCode.id)).first() is None:
        return ""
    left = codes_left(session, user.id)
    audit.note(session, who=user.login, action="factor.recovery", subject=user.login, now=now, count=left)
    return "recovery"


def _code_passes(session: Session, user: User, code: str, *, now: datetime) -> bool:
    row = session.get(SecondFactor, user.id)
    if row is None:
        return False
    try:
        step = step_of(_seal(session).open(row.secret), code, now=now)
    except LostKeyError:
        raise RightsError(
            "两步验证的密钥打不开了（channel.key 换过或丢了）："
            f"请管理员在服务器上运行 tingzhen users reset-factor {user.login}。"
        ) from None
    if step is None:
        return False
    # Of two that bring the same code at once, or one after the other, the second finds the step taken.
    later = update(SecondFactor).where(SecondFactor.user_id == user.id, SecondFactor.step < step)
    taken = session.execute(later.values(step=step).returning(SecondFactor.user_id)).first()
    return taken is not None


def _seal(session: Session) -> Seal:
    seal: Seal = session.info["seal"]
    return seal
