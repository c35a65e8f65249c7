"""The pace of what a page in the browser asks for: held by when requests went, whatever was planned."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from crawler.spiders.rendered.turns import Turns
from tests.support.coroutines import finish

PAUSE = 0.05


def test_a_machine_that_wakes_late_sends_later_and_never_closer_together() -> None:
    turns, went = Turns(), list[float]()

    async def ask(number: int) -> None:
        await turns.wait("bbs.example", PAUSE)
        went.append(turns.last["bbs.example"])
        if number == 0:
            await asyncio.sleep(0)
            time.sleep(3 * PAUSE)

    async def all_at_once() -> None:
        await asyncio.gather(*(ask(number) for number in range(5)))

    finish(all_at_once())
    assert len(went) == 5
    assert min(later - earlier for earlier, later in pairwise(went)) >= PAUSE


def test_the_first_need_not_wait_and_no_host_waits_for_another() -> None:
    turns = Turns()

    async def ask() -> None:
        await turns.wait("bbs.example", 3600)
        await turns.wait("other.example", 3600)

    finish(ask())
    assert set(turns.last) == {"bbs.example", "other.example"}
