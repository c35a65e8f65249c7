"""What mentions of somebody else taught of the clinics' names, kept for the posts to come."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from leads.clinics.strangers import Stranger
from leads.models import Mention
from leads.records.tables.mentions import StrangerRow


def known(session: Session) -> list[Stranger]:
    """All that was learnt, of all clinics."""
    rows = session.scalars(select(StrangerRow).order_by(StrangerRow.mention_id))
    return [_stranger(row) for row in rows]


def learnt_from(session: Session, mention_id: str) -> Stranger | None:
    """What this mention taught; None when it taught nothing."""
    row = session.get(StrangerRow, mention_id)
    return None if row is None else _stranger(row)


def keep(session: Session, mention: Mention, stranger: Stranger) -> None:
    """What a mention teaches, in place of what it taught before."""
    session.merge(
        StrangerRow(
            mention_id=mention.id,
            post_id=mention.post.id,
            clinic_id=stranger.clinic_id,
            said=stranger.said,
            word=stranger.word,
            beside=stranger.beside,
        )
    )


def drop(session: Session, mention_id: str) -> None:
    """It was the clinic after all."""
    session.execute(delete(StrangerRow).where(StrangerRow.mention_id == mention_id))


def forget(session: Session, post_ids: Sequence[str]) -> None:
    """Their writers want it: words of theirs may stand in what was learnt."""
    session.execute(delete(StrangerRow).where(StrangerRow.post_id.in_(list(post_ids))))


def _stranger(row: StrangerRow) -> Stranger:
    return Stranger(clinic_id=row.clinic_id, said=row.said, word=row.word, beside=row.beside)
