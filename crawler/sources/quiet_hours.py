"""Hours in which a source is left alone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_FORM = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the source's own clock, every day; over midnight when `end` is earlier."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """ "23:00-07:00". Raises ValueError for anything else, and for a span without length."""
        found = _FORM.fullmatch(text.strip())
        if not found:
            raise ValueError(text)
        hours = [int(part) for part in found.groups()]
        made = cls(time(hours[0], hours[1]), time(hours[2], hours[3]))
        if made.start == made.end:
            raise ValueError(text)
        return made

    def ends(self, local: datetime) -> datetime | None:
        """When the quiet that `local` (the source's clock) falls into is over; None outside of it."""
        at = local.time().replace(tzinfo=None)
        over_midnight = self.end < self.start
        inside = at >= self.start or at < self.end if over_midnight else self.start <= at < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if over_midnight and at >= self.start else 0)
        return datetime.combine(day, self.end, tzinfo=local.tzinfo)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"
