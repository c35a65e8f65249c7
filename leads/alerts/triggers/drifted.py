"""The posts of late are unlike those before: admins hear of it by a channel, once in four weeks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from leads.alerts.messages.message import Payload
from leads.alerts.triggers import admins
from leads.records import Records

KIND = "drift"
# A shift stays in the comparison for five weeks; said every day nobody would read it.
APART = timedelta(days=28)


def tell(records: Records, measure: Callable[[], float | None], *, now: datetime) -> int:
    """Put a shift into the outbox; how many alerts.

    `measure` gives the shift (a population stability index), None where there is nothing to tell.

    Raises:
        StorageError: the records cannot be read or written, or as `measure` does.
    """

    def payload() -> Payload | None:
        shift = measure()
        return _said(shift) if shift is not None else None

    return admins.tell(records, KIND, payload, apart=APART, now=now)


def _said(shift: float) -> Payload:
    return Payload(
        title="最近的帖子和以前很不一样，线索可能不准了",
        lines=(f"最近 7 天的线索和之前 28 天相比，偏移 {shift:.2f}（0.25 以上算明显）。请多答几天十问。",),
        page="/ten/effect",
    )
