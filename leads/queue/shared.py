"""Jobs of many machines: procrastinate's workers on the PostgreSQL database of the records.

Each worker says every few seconds that it lives. One that has not for `jobs.stalled_seconds` is taken for
dead and its jobs wait again; one that cannot say so (the database or the network is away) ends its jobs in
half of that time by itself, so that no host is ever asked by two machines.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.app import WorkerOptions
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job as Queued
from procrastinate.jobs import Status

from leads.config import Settings
from leads.errors import StorageError, TingzhenError
from leads.models import Clock
from leads.queue.embedded import quietly
from leads.queue.kinds import Again, Beat, Kind, Plan, Stop
from leads.queue.patient import PatientManager
from leads.records import Records
from leads.records.jobs.shared import note
from leads.records.tables.jobs import Job

_LOOK_SECONDS = 0.5
_POLL_SECONDS = 2.0  # what is due later than it was asked for is seen by looking
_PAUSE_SECONDS = 2.0
_CONNECTIONS = 6
_TAKE_OVER = "take-over"
_MISSED = 2 * 24 * 3600.0  # a turn that was missed is made up for, up to this late
_log = logging.getLogger(__name__)


class Workers:
    """A `Runner`: procrastinate's workers, in a thread with an event loop of its own."""

    def __init__(self, settings: Settings, records: Records, plan: Plan, *, clock: Clock) -> None:
        self._settings, self._records, self._plan, self._clock = settings, records, plan, clock
        self._stalled = float(settings.jobs.stalled_seconds)
        self._over = threading.Event()
        self._running: dict[int, tuple[JobContext, Stop]] = {}
        self._done = 0
        self._thread = threading.Thread(target=self._live, name="jobs", daemon=True)
        logging.getLogger("procrastinate.worker").addFilter(_without_outcomes)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End what is under way, give back the rest; returns when all is quiet."""
        self._over.set()
        self._thread.join()

    def run_all(self) -> int:
        """Carry out jobs until none is due; how many.

        Raises:
            StorageError: the database cannot be reached.
        """
        begun, before = self._done, -1
        while self._done > before:  # a job may have waited for the lock of another one
            before = self._done
            try:
                asyncio.run(self._generation(wait=False))
            except (ConnectorException, psycopg.Error) as error:
                raise StorageError(
                    f"任务队列连不上（{error}）：请检查 records 设置和 PostgreSQL。"
                ) from error
        return self._done - begun

    def _live(self) -> None:
        while not self._over.is_set():
            try:
                asyncio.run(self._generation(wait=True))
            except (ConnectorException, psycopg.Error) as error:
                _log.warning("任务队列连不上，过一会再试（%s）", error.__cause__ or error)
            self._over.wait(_PAUSE_SECONDS)

    async def _generation(self, *, wait: bool) -> None:
        """Workers from their first sign of life until they are told to end, or have lost touch."""
        app = self._app(beats=wait)
        options = self._options(wait=wait)
        threads = sum(each["concurrency"] for each in options) + 2
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=threads))
        manager = app.job_manager
        assert isinstance(manager, PatientManager)  # noqa: S101 - made in _app
        async with app.open_async():
            await self._take_over(manager)
            tasks = [asyncio.create_task(app.run_worker_async(**each)) for each in options]
            end = asyncio.Event()
            watch = asyncio.create_task(self._watch(manager, end))
            ending, all_done = asyncio.create_task(_came(end)), asyncio.create_task(_ended(tasks))
            try:
                await asyncio.wait([ending, all_done], return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                found = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                watch.cancel()
                ending.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await all_done
        for each in found:
            if isinstance(each, Exception):
                raise each

    def _app(self, *, beats: bool) -> App:
        connector = PsycopgConnector(
            conninfo=self._settings.records, min_size=1, max_size=_CONNECTIONS, timeout=5.0
        )
        app = App(connector=connector, periodic_defaults={"max_delay": _MISSED})
        app.job_manager = PatientManager(connector)
        for kind in self._plan.kinds:
            self._add_kind(app, kind)
        for beat in self._beats() if beats else ():
            self._add_beat(app, beat)
        if beats:
            self._add_take_over(app)
        return app

    def _add_kind(self, app: App, kind: Kind) -> None:
        def carry_out(context: JobContext, /, **told: object) -> None:
            self._carry_out(kind, context, told)

        app.task(name=kind.name, queue=kind.name, pass_context=True, retry=_GivenBack())(carry_out)

    def _add_beat(self, app: App, beat: Beat) -> None:
        def carry_out(timestamp: int) -> None:
            quietly(beat.run)

        name = f"beat-{beat.name}"
        task = app.task(name=name, queue=name, lock=name, queueing_lock=name)(carry_out)
        app.periodic(cron=_cron(beat.seconds))(task)

    def _add_take_over(self, app: App) -> None:
        async def carry_out(timestamp: int) -> None:
            manager = app.job_manager
            assert isinstance(manager, PatientManager)  # noqa: S101 - made in _app
            await self._take_over(manager)

        # No lock: the one that dies in the middle of it must not keep the next from helping.
        task = app.task(name=_TAKE_OVER, queue=_TAKE_OVER, queueing_lock=_TAKE_OVER)(carry_out)
        app.periodic(cron=_cron(max(1, int(self._stalled / 4))))(task)

    def _beats(self) -> tuple[Beat, ...]:
        return tuple(beat for beat in self._plan.beats if beat.role in self._plan.parallel)

    def _options(self, *, wait: bool) -> list[WorkerOptions]:
        common = WorkerOptions(
            wait=wait,
            install_signal_handlers=False,
            fetch_job_polling_interval=_POLL_SECONDS,
            update_heartbeat_interval=self._stalled / 12,
            stalled_worker_timeout=self._stalled,
        )
        found: list[WorkerOptions] = []
        for role, number in self._plan.parallel.items():
            queues = [kind.name for kind in self._plan.taken(role)]
            if queues and number:
                found.append({**common, "queues": queues, "concurrency": number, "name": role})
        if wait:
            queues = [_TAKE_OVER, *(f"beat-{beat.name}" for beat in self._beats())]
            found.append(
                {
                    **common,
                    "queues": queues,
                    "concurrency": len(queues),
                    "name": "beats",
                    "delete_jobs": "always",
                }
            )
        return found

    async def _watch(self, manager: PatientManager, end: asyncio.Event) -> None:
        """Tells jobs to end: somebody cancelled one, we are to stop, or others take us for dead."""
        while True:
            signs = manager.signs_of_life().values()
            if signs and time.monotonic() > min(signs) + self._stalled / 2:
                manager.lost = True
                end.set()
            if self._over.is_set():
                end.set()
            for context, stop in tuple(self._running.values()):
                if manager.lost:
                    stop.lose()
                elif self._over.is_set() or context.should_abort():
                    stop.set()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _take_over(self, manager: PatientManager) -> None:
        """What dead workers left behind waits again."""
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled):
            _log.warning("上次运行中断，重新排队：%s", job.task_kwargs.get("subject", job.task_name))
            with suppress(ConnectorException):  # somebody else was quicker
                if job.task_name.startswith("beat-") or job.task_name == _TAKE_OVER:
                    await manager.finish_job(job, Status.FAILED, True)  # the next beat does it
                else:
                    await manager.retry_job(job, retry_at=datetime.now(UTC))

    def _carry_out(self, kind: Kind, context: JobContext, told: Mapping[str, object]) -> None:
        job = _job(kind, context.job, told)
        lock = kind.lock(job.subject)
        if lock and lock != job.lock:  # who asked did not know it
            raise _GiveBack(self._clock(), lock=lock)
        with self._stoppable(context) as stop:
            try:
                kind.run(job, stop)
            except Again as later:
                if context.should_abort():
                    raise JobAborted from later
                self._note(job, later.reason, job.failures)
                raise _GiveBack(later.at) from later
            except TingzhenError as error:
                _log.warning("%s：%s", job.subject, error)
                self._note(job, str(error), job.failures + 1)
                again = kind.again(job, error, self._clock())
                if again is None:
                    raise
                raise _GiveBack(again) from error
            finally:
                self._done += 1

    @contextmanager
    def _stoppable(self, context: JobContext) -> Iterator[Stop]:
        number, stop = context.job.id or 0, Stop()
        self._running[number] = (context, stop)
        try:
            yield stop
        finally:
            del self._running[number]

    def _note(self, job: Job, reason: str, failures: int) -> None:
        with suppress(StorageError), self._records.transaction() as session:
            note(session, job.id, reason=reason, failures=failures)


async def _came(event: asyncio.Event) -> None:
    await event.wait()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)


class _GiveBack(Exception):  # noqa: N818 - no error: the job waits again
    """The job waits again, from `at` on, with another lock where one is given."""

    def __init__(self, at: datetime, *, lock: str | None = None) -> None:
        super().__init__()
        self.at, self.lock = at, lock


class _GivenBack(BaseRetryStrategy):
    """A job waits again when it was given back, and at no other time."""

    def get_retry_decision(self, *, exception: BaseException, job: Queued) -> RetryDecision | None:
        if isinstance(exception, _GiveBack):
            return RetryDecision(retry_at=exception.at, lock=exception.lock)
        return None


def _job(kind: Kind, queued: Queued, told: Mapping[str, object]) -> Job:
    job = Job(
        kind=kind.name,
        subject=str(told["subject"]),
        due_at=queued.scheduled_at or datetime.now(UTC),
        asked_by=str(told.get("who", "")),
        state="running",
        lock=queued.lock or "",
        failures=int(str(told.get("failures", 0))),
    )
    job.id = queued.id or 0
    return job


def _cron(seconds: int) -> str:
    """The same turns on every machine: minute, hour, day, month, weekday and, sixth, second."""
    if seconds < 60:
        return f"* * * * * */{seconds}"
    if seconds < 3600:
        return f"*/{seconds // 60} * * * *"
    if seconds < 24 * 3600:
        return f"0 */{seconds // 3600} * * *"
    return "30 19 * * *"  # half past three at night in Beijing


def _without_outcomes(record: logging.LogRecord) -> bool:
    """What became of a job is said by us, in the operator's words."""
    return not str(getattr(record, "action", "")).startswith("job_")
