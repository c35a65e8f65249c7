"""A case changes in the records first; the index, by which people search, is told after. Safe to repeat."""

from __future__ import annotations

import logging
from datetime import datetime

from leads.errors import StorageError
from leads.index.base import LeadIndex
from leads.models import CaseMark
from leads.records import Records, cases

_log = logging.getLogger(__name__)


def wake(records: Records, index: LeadIndex, now: datetime) -> None:
    """Cases whose day has come are in the lists again; the index is told of all it does not know.

    Raises:
        StorageError: the records cannot be read or written.
    """
    with records.transaction() as session:
        cases.wake(session, now=now)
    sync_index(records, index)


def sync_index(records: Records, index: LeadIndex) -> int:
    """Tell the index of every case it does not know of yet; returns of how many. Safe to repeat.

    An index that cannot be reached is no error here: it is told the next time.

    Raises:
        StorageError: the records cannot be read or written.
    """
    told = 0
    while batch := cases.untold(records):
        marks = [
            CaseMark(lead_id=c.lead_id, status=cases.shown_status(c), assignee=c.assignee) for c in batch
        ]
        try:
            index.set_case(marks)
        except StorageError as error:
            _log.warning("the index was not told of %d cases and will be later: %s", len(marks), error)
            return told
        with records.transaction() as session:
            for case in batch:
                cases.mark_told(session, case)
        told += len(batch)
    return told
