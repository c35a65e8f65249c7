"""procrastinate's manager of jobs, made to sit out a database that is away for a while.

Its own lets a worker end at the first lost connection. Here a worker waits and goes on, but only as long as
its jobs are its own: who has not been heard of for a while is taken for dead by the others, and they take
them over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import TypeVar

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback

_AGAIN_SECONDS = 1.0
_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class PatientManager(JobManager):
    """`lost` is set when others may have taken over what runs here; nothing is written for it any more."""

    lost = False

    def signs_of_life(self) -> dict[int, float]:
        """Worker → when it last told the others that it lives, as `time.monotonic` has it."""
        found: dict[int, float] = self.__dict__.setdefault("_signs", {})
        return found

    async def register_worker(self) -> int:
        told = time.monotonic()
        worker = await super().register_worker()
        self.signs_of_life()[worker] = told
        return worker

    async def unregister_worker(self, worker_id: int) -> None:
        del self.signs_of_life()[worker_id]
        await super().unregister_worker(worker_id)

    async def update_heartbeat(self, worker_id: int) -> None:
        told = time.monotonic()  # before, so that we never think ourselves more alive than others do
        try:
            await super().update_heartbeat(worker_id)
        except ConnectorException as error:
            _log.warning("PostgreSQL 暂时连不上，等它回来（%s）", error.__cause__)
            return
        if worker_id in self.signs_of_life():
            self.signs_of_life()[worker_id] = told

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        if self.lost:
            return None
        try:
            return await super().fetch_job(queues, worker_id)
        except ConnectorException as error:
            if not _away(error):
                raise
            return None  # the next look comes by itself

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        finish = super().finish_job
        await self._told(lambda: finish(job, status, delete_job))

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        retry = super().retry_job
        await self._told(lambda: retry(job, retry_at, priority, queue, lock))

    async def defer_periodic_job(self, job: Job, periodic_id: str, defer_timestamp: int) -> int | None:
        defer = super().defer_periodic_job
        return await self._told(lambda: defer(job, periodic_id, defer_timestamp))

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        while True:
            try:
                await super().listen_for_jobs(on_notification=on_notification, queues=queues)
            except ConnectorException:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _told(self, tell: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """What the database answers, however long it is away; None once our jobs are not ours any more."""
        while not self.lost:
            try:
                return await tell()
            except ConnectorException as error:
                if not _away(error):
                    raise
                await asyncio.sleep(_AGAIN_SECONDS)
        return None


def _away(error: ConnectorException) -> bool:
    """The connection failed, rather than what was asked."""
    return isinstance(error.__cause__, psycopg.OperationalError | psycopg.InterfaceError)
