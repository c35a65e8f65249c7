"""Two people changed one case: what each wants, field by field. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leads.records.cases import FIELD_NAMES, FIELDS, in_words, replay, state
from leads.records.tables.work import Case, CaseEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field the late one changed, and what it is now; both as events write values, and in words."""

    field: str
    title: str
    mine: str
    theirs: str
    my_words: str
    their_words: str


def differences(
    case: Case | None,
    events: Sequence[CaseEvent],
    posted: Mapping[str, str],
    version: int,
    names: Mapping[str, str],
) -> list[Difference]:
    """What the late one really changed (against the version they saw) and is not so already."""
    base = replay(event for event in events if event.version <= version)
    now = state(case) if case else replay(())
    return [
        Difference(
            field=field,
            title=FIELD_NAMES[field],
            mine=posted[field],
            theirs=now[field],
            my_words=in_words(field, posted[field], names),
            their_words=in_words(field, now[field], names),
        )
        for field in FIELDS
        if field in posted and posted[field] != base[field] and posted[field] != now[field]
    ]
