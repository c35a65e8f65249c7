"""Where pseudonyms of authors stand in the records, and carrying them over to another key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from leads.records.tables.clinics import ClinicRow
from leads.records.tables.heard import DoubtedAccount, OwnPost, PostOrigin, PublicPost
from leads.records.tables.work import Erasure

Change = Callable[[str], str]  # a pseudonym under the new key; one that is under it already stays
_PLACES: tuple[tuple[InstrumentedAttribute[str], ColumnElement[bool]], ...] = (
    (PostOrigin.author_key, true()),
    (DoubtedAccount.account, true()),
    (OwnPost.account, true()),
    (PublicPost.account, true()),
    (Erasure.key, Erasure.kind == "author"),
)


def kept(session: Session) -> Iterator[str]:
    """Every pseudonym in the records, some of them more than once."""
    for column, where in _PLACES:
        yield from session.scalars(select(column).where(column != "", where).distinct())
    for row in session.scalars(select(ClinicRow)):
        yield from row.own_accounts


def carry_over(session: Session, change: Change) -> int:
    """Put every pseudonym under the new key; how many were not yet."""
    count = 0
    for column, where in _PLACES:
        for old in session.scalars(select(column).where(column != "", where).distinct()).all():
            new = change(old)
            if new != old:
                session.execute(
                    update(column.class_)
                    .where(column == old, where)
                    .values({column.key: new})
                    .execution_options(synchronize_session=False)
                )
                count += 1
    for row in session.scalars(select(ClinicRow)):
        accounts = [change(each) for each in row.own_accounts]
        if accounts != row.own_accounts:
            row.own_accounts = accounts
            count += 1
    return count
