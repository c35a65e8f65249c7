"""The journeys of the cases somebody worked on, from records and index."""

from __future__ import annotations

from datetime import datetime

from leads import storage
from leads.config import Settings
from leads.index.base import LeadIndex
from leads.insights.funnel import Journey, journey
from leads.query.search import to_query
from leads.records import Records, open_records
from leads.records.caseload import CaseLimits
from leads.records.journeys import worked_cases


def journeys(
    records: Records,
    index: LeadIndex,
    *,
    since: datetime | None,
    clinic_id: str = "",
    limits: CaseLimits | None = None,
) -> list[Journey]:
    """Of the cases opened since then (None: ever), of one clinic ("": of all).

    Raises:
        StorageError: records or index cannot be read.
    """
    with records.reading() as session:
        worked = worked_cases(session, since=since, clinic_id=clinic_id, limits=limits)
    read = {post.id: post.fetched_at for post in index.posts([each.case.lead_id for each in worked])}
    return [journey(each, read.get(each.case.lead_id)) for each in worked]


def moment(since: str, now: datetime) -> datetime | None:
    """The beginning of the time asked for, None for "all"; raises QueryError."""
    return None if since in ("", "all") else to_query({"since": since}, clinics=(), now=now).since


def by_command(settings: Settings, *, since: str, clinic_id: str, now: datetime) -> list[Journey]:
    """`tingzhen funnel`; raises as `journeys` and `moment`."""
    begin = moment(since, now)
    with storage.open_index(settings, create=False) as index, open_records(settings) as records:
        return journeys(records, index, since=begin, clinic_id=clinic_id)
