"""The desk served the way `tingzhen serve` does it, in a thread of the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from leads import server as serving
from leads.connections import Patience


@contextmanager
def running(app: FastAPI, allowed: Patience | None = None) -> Iterator[int]:
    """Gives the port."""
    server = serving.Server(serving.config(app, "127.0.0.1", 0, allowed), "")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(timeout=20)
