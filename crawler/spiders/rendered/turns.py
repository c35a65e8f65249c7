"""One request after the other: what a page in the browser asks for keeps the pace of its host."""

from __future__ import annotations

import asyncio
from time import monotonic


class Turns:
    """Whose turn it is to ask a host. `last` has when the one before went, in seconds of `monotonic`.

    The pause counts from there and not from a plan made beforehand: on a machine that is too busy to wake
    somebody in time, requests go later, never closer together.
    """

    def __init__(self) -> None:
        self.last: dict[str, float] = {}
        self._queues: dict[str, asyncio.Lock] = {}

    async def wait(self, host: str, pause: float) -> None:
        """Returns when the host may be asked, `pause` seconds or more after the one before; in order."""
        async with self._queues.setdefault(host, asyncio.Lock()):
            while (left := self.last.get(host, monotonic() - pause) + pause - monotonic()) > 0:
                await asyncio.sleep(left)
            self.last[host] = monotonic()
