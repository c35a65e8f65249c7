"""Who has which lead open right now: in the memory of this server, for a minute; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from threading import Lock

from fastapi import Request

LASTS = timedelta(seconds=60)  # since a window was heard of; it speaks every 25 seconds
MOST = 2000  # pairs of a lead and a person


class Presence:
    """People by the leads they have open. Several servers on one database each know their own visitors."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._lock = Lock()

    def came(self, lead_id: str, login: str, name: str, now: datetime) -> None:
        """This person looks at this lead."""
        with self._lock:
            self._seen.pop((lead_id, login), None)
            self._seen[lead_id, login] = name, now
            while len(self._seen) > MOST:
                del self._seen[next(iter(self._seen))]

    def left(self, lead_id: str, login: str) -> None:
        """This person looks at something else."""
        with self._lock:
            self._seen.pop((lead_id, login), None)

    def others(self, lead_ids: Iterable[str], login: str, now: datetime) -> Mapping[str, str]:
        """Lead → the names of those who look at it, without oneself."""
        wanted = set(lead_ids)
        found: dict[str, list[str]] = {}
        with self._lock:
            for (lead_id, who), (name, at) in self._seen.items():
                if lead_id in wanted and who != login and now - at < LASTS:
                    found.setdefault(lead_id, []).append(name)
        return {lead_id: "、".join(names) for lead_id, names in found.items()}


def presence(request: Request) -> Presence:
    """That of this application."""
    state = request.app.state
    if not hasattr(state, "presence"):
        state.presence = Presence()
    kept: Presence = state.presence
    return kept
