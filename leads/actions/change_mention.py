"""A mention changes, and what it taught of the names holds for what is stored already, as for what comes.

Those that nobody touched follow into "not us" by themselves (`audit.SYSTEM`), and come back with the one that
taught it, unless another lesson holds for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from leads.clinics.strangers import Stranger, Strangers
from leads.index.base import LeadIndex
from leads.models import Mention
from leads.records import mentions, strangers
from leads.records.audit import SYSTEM
from leads.records.mentions import MentionChange, Stand
from nlp.text.normal import normalise

READ_AT_ONCE = 500
EVERY = 1_000_000  # mentions of a clinic: more than one will ever have


def change(
    session: Session, index: LeadIndex, mention: Mention, wanted: MentionChange, *, who: str, now: datetime
) -> bool:
    """Change it; False when it was so already.

    Raises:
        ConflictError, InputError: as `leads.records.mentions.change`.
        StorageError: the index cannot be read.
    """
    before = strangers.learnt_from(session, mention.id)
    if not mentions.change(session, mention, wanted, who=who, now=now):
        return False
    after = strangers.learnt_from(session, mention.id)
    if before is not None and before != after:
        _come_back(session, index, before, now)
    if after is not None and before != after:
        _follow(session, index, after, now)
    return True


def _follow(session: Session, index: LeadIndex, lesson: Stranger, now: datetime) -> None:
    stands = mentions.stands(session, [lesson.clinic_id])
    untouched = [each for each in _meant(index, lesson) if stands.get(each.id, Stand()) == Stand()]
    for each in untouched:
        mentions.change(session, each, MentionChange(state="not_us"), who=SYSTEM, now=now)


def _come_back(session: Session, index: LeadIndex, lesson: Stranger, now: datetime) -> None:
    others = Strangers(strangers.known(session))
    followed = mentions.changed_by(session, lesson.clinic_id, SYSTEM, state="not_us")
    for each in _meant(index, lesson) if followed else ():
        if each.id in followed and not _is_one(others, each):
            mentions.change(session, each, MentionChange(state="open"), who=SYSTEM, now=now)


def _meant(index: LeadIndex, lesson: Stranger) -> Iterator[Mention]:
    """Stored mentions of the clinic for which the lesson holds."""
    heads = index.mention_heads(clinic_id=lesson.clinic_id, limit=EVERY)
    lessons = Strangers([lesson])
    for start in range(0, len(heads), READ_AT_ONCE):
        ids = [head.id for head in heads[start : start + READ_AT_ONCE]]
        found = (each for each in index.records("mentions", ids) if isinstance(each, Mention))
        yield from (each for each in found if _is_one(lessons, each))


def _is_one(lessons: Strangers, mention: Mention) -> bool:
    text = normalise(mention.post.full_text)
    return bool(mention.said) and lessons.is_one(mention.clinic_id, mention.said, text)
