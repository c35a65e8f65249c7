"""Hours of every day in which something is left alone: a source by crawls, a person by alerts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

_FORM = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the clock of a zone, every day; over midnight when `end` is earlier."""

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

    def covers(self, local: datetime) -> bool:
        """Whether `local`, a moment on the zone's clock, falls into them."""
        at = local.time().replace(fold=0)
        if self.end < self.start:
            return at >= self.start or at < self.end
        return self.start <= at < self.end

    def ends(self, local: datetime) -> datetime | None:
        """When the quiet that `local` falls into is over, on the same clock; None outside of it."""
        if not self.covers(local):
            return None
        ends = (end.astimezone(local.tzinfo) for end in self._ends(local) if end > local)
        return next(end for end in ends if not self.covers(end))

    def _ends(self, local: datetime) -> list[datetime]:
        """Those of the days around, UTC: two moments of one zone are compared by their clocks alone. In the
        night clocks go back the hour comes twice (fold 0 and 1); one that is missing is the one after it."""
        return sorted(
            datetime.combine(
                local.date() + timedelta(days=days), self.end.replace(fold=fold), local.tzinfo
            ).astimezone(UTC)
            for days in range(3)
            for fold in (0, 1)
        )

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"
