"""Tagging everything anew: which pieces are done, who does which. Any number of workers, on any machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from leads.records.tables.retags import Retag, RetagPiece

LEASE = timedelta(minutes=5)  # renewed by a worker that lives
SIZE = 2000  # leads of a piece: some seconds of work


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """See `RetagPiece`."""

    since: int
    until: int
    leads: int
    part: int = 0
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagging:
    """How far it has come; counts are of leads."""

    model: str
    begun_at: datetime
    ended_at: datetime | None
    leads: int
    done: int
    changed: int
    unlike: int
    wordless: int
    open_pieces: int


def cut(hours: Mapping[int, int], size: int = SIZE) -> tuple[Piece, ...]:
    """Pieces of about `size` leads from what each hour holds; an hour of more is cut into parts. Pure."""
    pieces: list[Piece] = []
    for hour in sorted(hours):
        count = hours[hour]
        if count > size:
            parts = ceil(count / size)
            shares = [count // parts + (n < count % parts) for n in range(parts)]
            pieces += [
                Piece(since=hour, until=hour + 1, leads=share, part=n, parts=parts)
                for n, share in enumerate(shares)
            ]
        elif pieces and pieces[-1].parts == 1 and pieces[-1].leads + count <= size:
            pieces[-1] = Piece(since=pieces[-1].since, until=hour + 1, leads=pieces[-1].leads + count)
        else:
            pieces.append(Piece(since=hour, until=hour + 1, leads=count))
    return tuple(pieces)


def begin(session: Session, pieces: Sequence[Piece], *, model: str, who: str, now: datetime) -> Retag:
    """The one that is under way for this model, to be gone on with, or a new one. One for another model is
    given up: all would have to be done again."""
    found = under_way(session)
    if found is not None and found.model == model:
        return found
    if found is not None:
        _drop(session, found.id)
    made = Retag(model=model, asked_by=who, begun_at=now, ended_at=None if pieces else now)
    session.add(made)
    session.flush()
    session.add_all(
        RetagPiece(
            retag_id=made.id,
            since=each.since,
            until=each.until,
            part=each.part,
            parts=each.parts,
            leads=each.leads,
        )
        for each in pieces
    )
    return made


def under_way(session: Session) -> Retag | None:
    """The one that has not ended; locked, so that two beginners see each other."""
    return session.scalars(select(Retag).where(Retag.ended_at.is_(None)).with_for_update()).first()


def claim(session: Session, *, worker: str, now: datetime) -> RetagPiece | None:
    """A piece that waits, now this worker's until its lease runs out."""
    waiting = (
        select(RetagPiece)
        .join(Retag, Retag.id == RetagPiece.retag_id)
        .where(
            Retag.ended_at.is_(None),
            RetagPiece.done_at.is_(None),
            or_(RetagPiece.lease_until.is_(None), RetagPiece.lease_until < now),
        )
        .order_by(RetagPiece.id.desc())  # the newest leads first: they are looked at
        .limit(1)
        .with_for_update(skip_locked=True, of=RetagPiece)
    )
    piece = session.scalars(waiting).first()
    if piece is not None:
        piece.worker, piece.lease_until = worker, now + LEASE
    return piece


def renew(session: Session, piece_id: int, *, worker: str, now: datetime) -> bool:
    """This worker still lives; False when the piece is no longer its own."""
    mine = update(RetagPiece).where(RetagPiece.id == piece_id, RetagPiece.worker == worker)
    return session.execute(mine.values(lease_until=now + LEASE).returning(RetagPiece.id)).first() is not None


def release(session: Session, workers: Sequence[str]) -> None:
    """These workers are dead: what they had begun waits again."""
    theirs = update(RetagPiece).where(RetagPiece.worker.in_(workers), RetagPiece.done_at.is_(None))
    session.execute(theirs.values(lease_until=None, worker=""))


def workers(session: Session) -> tuple[str, ...]:
    """Who has a piece at the moment, or had when it died."""
    held = select(RetagPiece.worker).where(RetagPiece.done_at.is_(None), RetagPiece.worker != "")
    return tuple(session.scalars(held.distinct()))


def finish(session: Session, piece: RetagPiece, *, now: datetime) -> None:
    """The piece, with its counts, is done; with the last one all of it is."""
    session.get(Retag, piece.retag_id, with_for_update=True)  # two last pieces see each other
    session.execute(
        update(RetagPiece)
        .where(RetagPiece.id == piece.id)
        .values(
            done_at=now,
            lease_until=None,
            tagged=piece.tagged,
            changed=piece.changed,
            unlike=piece.unlike,
            wordless=piece.wordless,
        )
    )
    left = select(RetagPiece.id).where(RetagPiece.retag_id == piece.retag_id, RetagPiece.done_at.is_(None))
    if session.scalar(left.limit(1)) is None:
        session.execute(update(Retag).where(Retag.id == piece.retag_id).values(ended_at=now))


def latest(session: Session) -> Retagging | None:
    """The one under way, or the last that ended."""
    retag = session.scalars(select(Retag).order_by(Retag.id.desc()).limit(1)).first()
    if retag is None:
        return None
    done = RetagPiece.done_at.is_not(None)
    sums = [func.coalesce(func.sum(each), 0) for each in _COUNTED]
    row = session.execute(
        select(
            func.coalesce(func.sum(RetagPiece.leads), 0),
            func.coalesce(func.sum(RetagPiece.leads).filter(done), 0),
            *sums,
            func.count().filter(~done),
        ).where(RetagPiece.retag_id == retag.id)
    ).one()
    leads, ready, changed, unlike, wordless, left = (int(each) for each in row)
    return Retagging(
        model=retag.model,
        begun_at=retag.begun_at,
        ended_at=retag.ended_at,
        leads=leads,
        done=ready,
        changed=changed,
        unlike=unlike,
        wordless=wordless,
        open_pieces=left,
    )


_COUNTED = (RetagPiece.changed, RetagPiece.unlike, RetagPiece.wordless)


def _drop(session: Session, retag_id: int) -> None:
    session.execute(delete(RetagPiece).where(RetagPiece.retag_id == retag_id))
    session.execute(delete(Retag).where(Retag.id == retag_id))
