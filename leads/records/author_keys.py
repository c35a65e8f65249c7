"""Whether the key behind the author hashes is still the one it was: tombstones of authors depend on it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from leads.records.tables.work import AuthorKey

REPLACED = (
    "作者密钥和以前的不是同一把：按作者删除的名单对新帖不再起作用（删过的帖子仍认得出）。"
    "请从备份恢复 author.key（或 TINGZHEN_SECRET）；恢复不了，就请删过的人再指认一条帖子。"
)


def note_use(session: Session, secret: bytes, *, now: datetime, kept: timedelta) -> str:
    """Writes down that this key is used; says in zh-CN when it took another's place, "" when all is well.

    It is said for as long as posts under the other key may still be stored (`kept`).
    """
    here = _fingerprint(secret)
    rows = {row.fingerprint: row for row in session.scalars(select(AuthorKey))}
    if here not in rows:
        rows[here] = AuthorKey(fingerprint=here, first_used=now)
        session.add(rows[here])
        session.flush()
    first = min(row.first_used for row in rows.values())
    began = rows[here].first_used
    return REPLACED if began > first and now < began + kept else ""


def generation(session: Session) -> int:
    """How many times the key was changed on purpose; authors under an older one are nobody's any more."""
    return session.scalar(select(func.max(AuthorKey.generation))) or 0


def changed(session: Session, secret: bytes, times: int, *, now: datetime) -> None:
    """From here on this key is the one that always was; doing it twice does no harm."""
    first = session.scalar(select(func.min(AuthorKey.first_used)))
    session.execute(delete(AuthorKey))
    session.add(AuthorKey(fingerprint=_fingerprint(secret), first_used=first or now, generation=times))


def _fingerprint(secret: bytes) -> str:
    return hmac.digest(secret, b"tingzhen author key", hashlib.sha256)[:16].hex()
