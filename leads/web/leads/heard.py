"""Which leads of a page speak of a clinic of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from leads.index.base import LeadIndex
from leads.models import Clinic, Mention
from leads.records import Records, mentions
from leads.web.leads.list_view import HeardLine, heard_line


def heard_of(
    index: LeadIndex, records: Records, lead_ids: Iterable[str], clinics: Sequence[Clinic]
) -> Mapping[str, HeardLine]:
    """Lead → what its post says of one of these clinics, and how far the work on that is."""
    ids = [f"{lead_id}#{clinic.id}" for lead_id in lead_ids for clinic in clinics]
    found: dict[str, list[Mention]] = {}
    for record in index.records("mentions", ids) if ids else ():
        if isinstance(record, Mention):
            found.setdefault(record.post.id, []).append(record)
    with records.reading() as session:
        work = mentions.get_many(session, [each.id for several in found.values() for each in several])
    states = {mention_id: row.state for mention_id, row in work.items()}
    lines = {lead_id: heard_line(several, clinics, states) for lead_id, several in found.items()}
    return {lead_id: line for lead_id, line in lines.items() if line is not None}
