"""Coroutines run to their end, also where Playwright's sync interface holds this thread's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[object, object, T]) -> T:
    """Its result, from a loop of its own in a thread of its own; raises what it raises."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
