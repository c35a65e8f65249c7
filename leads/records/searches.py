"""Saved searches: query strings of the lead page under a name, each with the secret of its feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from leads.errors import InputError
from leads.records.secrets import new_secret
from leads.records.tables.people import User
from leads.records.tables.work import SavedSearch

LONGEST_NAME = 40
MOST = 50  # of one person


def of_user(session: Session, user_id: int) -> Sequence[SavedSearch]:
    """A person's searches in the order of names."""
    return session.scalars(
        select(SavedSearch).where(SavedSearch.user_id == user_id).order_by(SavedSearch.name)
    ).all()


def own(session: Session, user_id: int, search_id: int) -> SavedSearch | None:
    """This search, if it is this person's."""
    found = session.get(SavedSearch, search_id)
    return found if found is not None and found.user_id == user_id else None


def start(session: Session, user_id: int) -> str:
    """The search this person's desk opens with; "" for the usual one."""
    user = session.get(User, user_id)
    return user.start if user is not None else ""


def keep_start(session: Session, user_id: int, query: str) -> None:
    """Open this person's desk with this search from now on; "" for the usual one."""
    user = session.get(User, user_id)
    if user is not None:
        user.start = query


def add(session: Session, *, user_id: int, name: str, query: str, now: datetime) -> SavedSearch:
    """Keep a search.

    Raises:
        InputError: the name cannot be used, or there are too many.
    """
    there = session.scalar(select(func.count()).where(SavedSearch.user_id == user_id)) or 0
    if there >= MOST:
        raise InputError(f"已经保存了 {MOST} 个搜索：请先删掉不用的。")
    made = SavedSearch(
        user_id=user_id,
        name=_free_name(session, user_id, name),
        query=query,
        feed_secret=new_secret(),
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def rename(session: Session, search: SavedSearch, name: str) -> None:
    """Raises InputError when the name cannot be used."""
    if name.strip() != search.name:
        search.name = _free_name(session, search.user_id, name)


def renew_feed(search: SavedSearch) -> None:
    """Another address for the feed; the old one is gone."""
    search.feed_secret = new_secret()


def behind_feed(session: Session, secret: str) -> tuple[SavedSearch, User] | None:
    """The search whose feed this is, and its owner."""
    found = session.scalars(select(SavedSearch).where(SavedSearch.feed_secret == secret)).one_or_none()
    owner = session.get(User, found.user_id) if found is not None else None
    return (found, owner) if found is not None and owner is not None else None


def _free_name(session: Session, user_id: int, name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"名称不可用：请写 1 到 {LONGEST_NAME} 个字。")
    taken = select(SavedSearch.id).where(SavedSearch.user_id == user_id, SavedSearch.name == name)
    if session.scalar(taken) is not None:
        raise InputError(f"已经有一个搜索叫“{name}”：请换一个名称。")
    return name
