"""What accounts write that are no private persons': the clinics' own, and those of houses and the trade.

Of a post its hash, times and counters are kept, never a word or a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from crawler.items import Post
from leads.clinics.public_accounts import PUBLIC, is_public
from leads.clinics.threads import keys_of, own_keys
from leads.records.heard import chunks, hash_of
from leads.records.tables.heard import DoubtedAccount, OwnPost, PublicPost
from leads.records.tables.work import ErasedPost, Erasure

MOST = 50  # accounts in an answer
LATEST = 3  # of an account's posts

# --- own accounts ------------------------------------------------------------


def keep_own(session: Session, posts: Iterable[tuple[Post, str]]) -> None:
    """Posts of clinics' own accounts, with the clinic; each is kept once."""
    for post, clinic_id in posts:
        opens = len(own_keys(post)) > 1 and not post.repost_of
        for of in ("",) if opens else keys_of(post) or ("",):
            row = OwnPost(
                post=hash_of(post.id), clinic_id=clinic_id, of=of, account=post.author_key,
                at=post.published_at,
            )  # fmt: skip
            session.merge(row)


def own_posts(session: Session, clinic_id: str, *, since: datetime, until: datetime) -> Sequence[OwnPost]:
    """What a clinic's accounts wrote, the first first; an answer to two things is there twice."""
    chosen = select(OwnPost).where(OwnPost.clinic_id == clinic_id, OwnPost.at >= since, OwnPost.at < until)
    return session.scalars(chosen.order_by(OwnPost.at, OwnPost.post, OwnPost.of)).all()


# --- public accounts ------------------------------------------------------------


def keep_public(session: Session, posts: Iterable[tuple[Post, Collection[str]]]) -> None:
    """Posts with the codes of their symptoms; those of anybody but a public account are passed over."""
    found = [(post, codes) for post, codes in posts if is_public(post)]
    doubted = _among(session, DoubtedAccount, [post.author_key for post, _ in found])
    for post, codes in found:
        if post.author_key in doubted:
            continue
        known = [count for count in (post.reposts, post.likes) if count is not None]
        for code in sorted(set(codes)):
            row = PublicPost(
                post=hash_of(post.id), symptom=code, account=post.author_key, kind=post.author_kind,
                source=post.source, url=post.url[:1000], at=post.published_at, replies=post.replies,
                spread=sum(known) if known else None,
            )  # fmt: skip
            session.merge(row)


def taken_for_public(session: Session, keys: Collection[str]) -> frozenset[str]:
    """Those of these accounts of which something is kept as of public ones, or was."""
    chosen = sorted(keys)
    return _among(session, PublicPost, chosen) | _among(session, DoubtedAccount, chosen)


def doubt(session: Session, keys: Iterable[str], *, now: datetime) -> None:
    """These may be private persons after all: what is kept of them goes, and nothing more is."""
    for key in keys:
        session.execute(delete(PublicPost).where(PublicPost.account == key))
        session.merge(DoubtedAccount(account=key, at=now))


def _among(
    session: Session, table: type[PublicPost] | type[DoubtedAccount], keys: Sequence[str]
) -> frozenset[str]:
    return frozenset(
        key
        for some in chunks(keys)
        for key in session.scalars(select(table.account).where(table.account.in_(some)).distinct())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAccount:
    """A public account in a stretch of time. Nothing in it says who it is but its posts at their site."""

    kind: str  # organisation | professional
    source: str
    posts: int  # about what was asked for
    all_posts: int  # about any symptom
    replies: int | None  # to these posts; None where the site never said
    spread: int | None  # their reposts and likes
    topic: str  # code of the symptom most of them are about
    urls: tuple[str, ...]  # of the newest

    @property
    def reach(self) -> int:
        """Replies, reposts and likes."""
        return (self.replies or 0) + (self.spread or 0)


def public_accounts(
    session: Session, *, symptoms: Collection[str], since: datetime, until: datetime, least: int
) -> list[PublicAccount]:
    """Accounts with `least` posts about these symptoms (none: any), those of most reach first."""
    within = (PublicPost.kind.in_(PUBLIC), PublicPost.at >= since, PublicPost.at < until)
    about = (*within, PublicPost.symptom.in_(symptoms)) if symptoms else within
    once = (
        select(
            PublicPost.account, PublicPost.post, PublicPost.kind, PublicPost.source, PublicPost.replies,
            PublicPost.spread,
        )
        .where(*about)
        .distinct()
        .subquery()
    )  # fmt: skip
    count, replies, spread = func.count(), func.sum(once.c.replies), func.sum(once.c.spread)
    reach = func.coalesce(replies, 0) + func.coalesce(spread, 0)
    rows = session.execute(
        select(once.c.account, func.min(once.c.kind), once.c.source, count, replies, spread)
        .group_by(once.c.account, once.c.source)
        .having(count >= least)
        .order_by(reach.desc(), count.desc(), once.c.account)
        .limit(MOST)
    ).all()
    return [
        PublicAccount(
            kind=kind,
            source=source,
            posts=posts,
            all_posts=session.scalar(
                select(func.count(PublicPost.post.distinct())).where(PublicPost.account == key, *within)
            )
            or 0,
            replies=replied,
            spread=spreads,
            topic=_topic(session, key, about),
            urls=_newest(session, key, about),
        )
        for key, kind, source, posts, replied, spreads in rows
    ]


def _topic(session: Session, key: str, about: Sequence[ColumnElement[bool]]) -> str:
    chosen = select(PublicPost.symptom).where(PublicPost.account == key, *about)
    most = chosen.group_by(PublicPost.symptom).order_by(func.count().desc(), PublicPost.symptom)
    return session.scalars(most.limit(1)).one()


def _newest(session: Session, key: str, about: Sequence[ColumnElement[bool]]) -> tuple[str, ...]:
    at = func.max(PublicPost.at)
    chosen = select(PublicPost.url).where(PublicPost.account == key, PublicPost.url != "", *about)
    return tuple(session.scalars(chosen.group_by(PublicPost.url).order_by(at.desc()).limit(LATEST)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """What is kept of one post of an account, as for who asks what is held of them."""

    kind: str  # organisation | professional; "own" of a clinic's account
    at: datetime
    source: str = ""
    url: str = ""
    symptom: str = ""  # its code
    replies: int | None = None
    spread: int | None = None


def of_account(session: Session, key: str) -> Sequence[HeldRow]:
    """Everything that is kept of one account's posts, the newest first."""
    public = session.scalars(select(PublicPost).where(PublicPost.account == key))
    own = session.scalars(select(OwnPost).where(OwnPost.account == key))
    rows = [
        HeldRow(
            kind=row.kind, at=row.at, source=row.source, url=row.url, symptom=row.symptom,
            replies=row.replies, spread=row.spread,
        )
        for row in public
    ]  # fmt: skip
    rows += [HeldRow(kind="own", at=row.at) for row in own]
    return sorted(rows, key=lambda row: row.at, reverse=True)


# --- forgetting ------------------------------------------------------------


def drop(session: Session, post_ids: Sequence[str]) -> None:
    """Take these posts out: their writers want it."""
    for some in chunks([hash_of(post_id) for post_id in post_ids]):
        for table in (OwnPost, PublicPost):
            session.execute(delete(table).where(table.post.in_(some)))
    for some in chunks([key for post_id in post_ids for key in (post_id, post_id.replace("/", "#", 1))]):
        session.execute(delete(OwnPost).where(OwnPost.of.in_(some)))


def drop_author(session: Session, key: str) -> None:
    """Take everything of one account out."""
    for table in (OwnPost, PublicPost, DoubtedAccount):
        session.execute(delete(table).where(table.account == key))


def drop_buried(session: Session) -> None:
    """Take out whatever has a tombstone, as after a backup was put back."""
    drop(session, session.scalars(select(ErasedPost.post_id)).all())
    for key in session.scalars(select(Erasure.key).where(Erasure.kind == "author")).all():
        drop_author(session, key)


def forget(session: Session, before: datetime) -> None:
    """Drop what is older than leads are kept."""
    for table in (OwnPost, PublicPost, DoubtedAccount):
        session.execute(delete(table).where(table.at < before))
