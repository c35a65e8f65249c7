"""Tombstones: what somebody wants forgotten is never stored again. Everything written about it goes too."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crawler.items import Post
from leads.errors import InputError
from leads.records import (
    accounts,
    audit,
    cancellations,
    captures,
    cases,
    headlines,
    heard,
    idempotency,
    mentions,
    origins,
    readings,
)
from leads.records.heard import chunks
from leads.records.tables.base import Base
from leads.records.tables.heard import PostOrigin
from leads.records.tables.work import ErasedPost, Erasure, Feedback

ErasureKind = Literal["post", "author"]
KINDS: tuple[ErasureKind, ...] = get_args(ErasureKind)
LONGEST_KEY = 200
LONGEST_REASON = 200


def number(key: str) -> str:
    """Stands for a key on paper: nobody can find the key from it."""
    return hashlib.sha256(f"held:{key}".encode()).hexdigest()[:12]


def is_number(text: str) -> bool:
    """Looks like what `number` makes."""
    return re.fullmatch(r"[0-9a-f]{12}", text) is not None


def receipt(row: Erasure) -> str:
    """The number of its receipt, the same whatever becomes of the key of the author hashes."""
    return row.receipt or number(row.key)


def bury(
    session: Session, kind: ErasureKind, key: str, *, who: str, now: datetime, reason: str = ""
) -> Erasure:
    """The tombstone of a post or an author, written down; the first one stays when there is one already.

    Raises:
        InputError: not a post's id or an author's key, or a reason that is too long.
    """
    if len(reason) > LONGEST_REASON:
        raise InputError(f"删除的原因太长：最多 {LONGEST_REASON} 个字。")
    key = _checked(kind, key)
    found = session.get(Erasure, key)
    if found is None:
        found = Erasure(key=key, kind=kind, at=now, who=who, reason=reason.strip(), receipt=number(key))
        session.add(found)
        session.flush()
    if found.kind != kind:
        raise InputError(f"{key!r} 已经作为另一种内容删除过：请检查写的是帖子还是作者。")
    # What an author is called here changes, the audit does not.
    subject = receipt(found) if kind == "author" else key
    audit.note(session, who=who, action=f"erase.{kind}", subject=subject, now=now)
    return found


def keep_receipts(session: Session) -> None:
    """Write down the numbers of receipts that older versions worked out of keys: keys are about to change."""
    for row in session.scalars(select(Erasure).where(Erasure.receipt == "")):
        row.receipt = number(row.key)
    session.flush()


def bury_posts(session: Session, post_ids: Iterable[str], known: Iterable[PostOrigin]) -> None:
    """Tombstones of the posts themselves: by them a post is known again without its author, under another
    key of the author hashes, or from a file with other ids."""
    by_id = {row.post_id: row for row in known}
    for post_id in post_ids:
        row = by_id.get(post_id)
        before = session.get(ErasedPost, post_id)
        if before is None:
            before = ErasedPost(post_id=post_id, address=origins.address_of(post_id), words="")
            session.add(before)
        if row is not None:
            before.address, before.words = row.address or before.address, row.words or before.words
    session.flush()


def erased(session: Session, posts: Sequence[Post]) -> frozenset[str]:
    """Ids of those posts that somebody had erased, or whose author had; they are never stored again."""
    if session.scalar(select(Erasure.key).limit(1)) is None:
        return frozenset()
    rows = [origins.origin(post) for post in posts]
    buried = _among(session, Erasure.key, {key for row in rows for key in (row.post_id, row.author_key)})
    ids = _among(session, ErasedPost.post_id, {row.post_id for row in rows})
    keys = {row.post_id: _keys(row, post) for row, post in zip(rows, posts, strict=True)}
    addresses = _among(session, ErasedPost.address, set().union(*keys.values()))
    words = _among(session, ErasedPost.words, {row.words for row in rows})
    return frozenset(
        row.post_id
        for row in rows
        if row.post_id in buried | ids
        or row.author_key in buried
        or keys[row.post_id] & addresses
        or row.words in words
    )


def _keys(row: PostOrigin, post: Post) -> frozenset[str]:
    """The hashes of a post's own address."""
    return origins.address_keys(post.url) if row.address else frozenset()


def _among(session: Session, column: InstrumentedAttribute[str], values: set[str]) -> set[str]:
    """Those of these values, but "", that stand in a column."""
    chosen = sorted(values - {""})
    return {
        each for some in chunks(chosen) for each in session.scalars(select(column).where(column.in_(some)))
    }


def clean(session: Session, post_ids: Sequence[str], texts: Iterable[str] = ()) -> None:
    """Drop notes, judged texts and what alerts say of posts; `texts` are the posts' own, under any id."""
    idempotency.blank(session)
    readings.drop(session, post_ids)
    captures.drop(session, post_ids)
    headlines.drop(session, post_ids)
    heard.drop(session, post_ids)
    accounts.drop(session, post_ids)
    for some in chunks(post_ids):
        cases.forget(session, some)
        mentions.forget(session, some)
    for post_id in post_ids:
        cancellations.cancel_for_post(session, post_id)
    for same in chunks(sorted(set(filter(None, texts)))):
        session.execute(delete(Feedback).where(Feedback.text.in_(same)))


def adopt(session: Session, other: Session) -> int:
    """Write down the tombstones of other records that are not known here; how many of those there are."""
    new = 0
    for table in (Base.metadata.tables[each.__tablename__] for each in (Erasure, ErasedPost)):
        key = next(iter(table.primary_key))
        for some in other.execute(select(table)).mappings().partitions(500):
            known = set(session.scalars(select(key).where(key.in_([each[key.name] for each in some]))))
            fresh = [dict(each) for each in some if each[key.name] not in known]
            if fresh:
                session.execute(insert(table), fresh)
            new += len(fresh) if table.name == Erasure.__tablename__ else 0
    return new


def listed(session: Session, *, limit: int, after: str = "") -> Sequence[Erasure]:
    """Tombstones in the order of their keys, from after a key on."""
    chosen = select(Erasure).where(Erasure.key > after).order_by(Erasure.key)
    return session.scalars(chosen.limit(limit)).all()


def latest(session: Session, *, limit: int) -> Sequence[Erasure]:
    """Tombstones, the newest first."""
    return session.scalars(select(Erasure).order_by(Erasure.at.desc(), Erasure.key).limit(limit)).all()


def _checked(kind: str, key: str) -> str:
    key = key.strip()
    if kind not in KINDS:
        raise InputError(f"删除的种类 {kind!r} 不认识：可用 {'、'.join(KINDS)}。")
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise InputError(f"要删除的编号不可用：请写 1 到 {LONGEST_KEY} 个可见字符。")
    if kind == "post" and "/" not in key:
        raise InputError(f"帖子编号 {key!r} 不对：请写成 来源/编号，如 my-forum/1002。")
    return key
