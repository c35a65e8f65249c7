"""The disk fills up: admins hear of it by a channel, once a day, while there is still room."""

from __future__ import annotations

from datetime import datetime, timedelta

from leads.alerts.messages.message import Payload
from leads.alerts.triggers import admins
from leads.records import Records

KIND = "disk"
APART = timedelta(hours=20)  # once a day, also where a turn comes a little early


def tell(records: Records, sentence: str, *, now: datetime) -> int:
    """Put the sentence into the outbox, "" for nothing to tell; how many alerts.

    Raises:
        StorageError: the records cannot be read or written.
    """
    payload = Payload(title="磁盘快满了", lines=(sentence,), page="/") if sentence else None
    return admins.tell(records, KIND, lambda: payload, apart=APART, now=now)
