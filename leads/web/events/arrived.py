"""What came into the index, read by the causes written with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leads.index.base import LeadIndex, Stored
from leads.models import Lead, Mention


def read(index: LeadIndex, causes: Iterable[str]) -> tuple[Sequence[Lead], Sequence[Mention]]:
    """The leads that are listed themselves, and the mentions, of these causes ("lead:<id>"), in their order.

    Raises:
        StorageError: the index cannot be read.
    """
    ids = {"lead": list[str](), "mention": list[str]()}
    for cause in causes:
        kind, _, id_ = cause.partition(":")
        ids[kind].append(id_)
    leads = index.records("leads", ids["lead"]) if ids["lead"] else ()
    mentions = index.records("mentions", ids["mention"]) if ids["mention"] else ()
    return (
        [each.lead for each in leads if isinstance(each, Stored) and not each.head],
        [each for each in mentions if isinstance(each, Mention)],
    )
