"""Jobs of one machine: threads take them from the records, APScheduler does what comes by the clock."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from leads.errors import TingzhenError
from leads.models import Clock
from leads.queue.kinds import Again, Beat, Plan, Stop
from leads.records import Records, jobs
from leads.records.jobs import embedded
from leads.records.tables.jobs import Job

_RENEW_SECONDS = 10
_CLOCK_SECONDS = 2.0
_log = logging.getLogger(__name__)


class Threads:
    """A `Runner`: takes jobs and runs them, as many at a time as all roles have together."""

    def __init__(self, records: Records, plan: Plan, *, clock: Clock) -> None:
        self._records, self._plan, self._clock = records, plan, clock
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self._kinds = {kind.name: kind for role in plan.parallel for kind in plan.taken(role)}
        self._over = threading.Event()
        self._running: dict[int, Stop] = {}
        self._claiming = threading.Lock()  # what one thread runs is known to the next that asks
        # A turn that was missed is made up for once, whatever the delay; nothing overlaps itself.
        self._timer = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        number = sum(plan.parallel[role] for role in plan.parallel if plan.taken(role))
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{n}", daemon=True) for n in range(number)
        ]
        self._threads.append(threading.Thread(target=self._watch_clock, name="clock", daemon=True))

    def start(self) -> None:
        """Begin; returns at once."""
        # A turn that comes while the last one still runs is left out: no news for anybody.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        quietly(self.take_up)
        self._every(_RENEW_SECONDS, self.renew)
        for beat in self._beats():
            self._every(beat.seconds, beat.run)
        self._timer.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End what is under way, park the rest; returns when all is quiet."""
        self._over.set()
        for stop in tuple(self._running.values()):
            stop.set()
        self._timer.shutdown(wait=True)
        for thread in self._threads:
            thread.join()

    def run_all(self) -> int:
        """Run jobs until none is due; how many."""
        self.take_up()
        done = 0
        while self.run_next():
            done += 1
        return done

    def take_up(self) -> None:
        """Jobs of servers of this machine that are dead wait again at once, not when their leases end."""
        with self._records.transaction() as session:
            for job in jobs.open_jobs(session):
                if job.state == "running" and not _alive(job.worker):
                    embedded.park(
                        session, job.id, worker=job.worker, due_at=self._clock(),
                        reason="上次运行中断", failures=job.failures,
                    )  # fmt: skip

    def run_next(self) -> bool:
        """Run the job that has waited longest, to its end; False when none waits."""
        with self._claiming:
            job = self._claim()
            if job is None:
                return False
            stop = self._running[job.id] = Stop()
        try:
            ran = self._run_claimed(job, stop)
        finally:
            del self._running[job.id]
        return ran or self.run_next()

    def _claim(self) -> Job | None:
        with self._records.transaction() as session:
            return embedded.claim(
                session, worker=self.worker, now=self._clock(), kinds=self._kinds, without=self._running
            )

    def _run_claimed(self, job: Job, stop: Stop) -> bool:
        """False: not run, it waits again behind its lock."""
        kind = self._kinds[job.kind]
        lock = kind.lock(job.subject)
        if job.lock != lock:  # who asked did not know it
            self._park(job, self._clock(), lock=lock)
            return False
        if self._over.is_set():
            stop.set()
        self._run(job, stop)
        return True

    def renew(self) -> None:
        """Say that we live, for every job we run; one that is not ours any more ends."""
        for job_id, stop in tuple(self._running.items()):
            with self._records.transaction() as session:
                if not embedded.renew(session, job_id, worker=self.worker, now=self._clock()):
                    stop.set()

    def _run(self, job: Job, stop: Stop) -> None:
        kind = self._kinds[job.kind]
        try:
            kind.run(job, stop)
        except Again as later:
            self._park(job, later.at, later.reason)
        except TingzhenError as error:
            _log.warning("%s：%s", job.subject, error)
            again = kind.again(job, error, self._clock())
            if again is None:
                self._finish(job, str(error))
            else:
                self._park(job, again, str(error), failures=job.failures + 1)
        except Exception:  # a fault of ours costs this job, not the thread and all jobs after it
            _log.exception("%s: an error that nobody foresaw", job.subject)
            self._finish(job, "程序出错了：详情在日志里，请发给听诊的维护者。")
        else:
            self._finish(job, "")

    def _finish(self, job: Job, reason: str) -> None:
        with self._records.transaction() as session:
            embedded.finish(session, job.id, worker=self.worker, now=self._clock(), reason=reason)

    def _park(
        self,
        job: Job,
        at: datetime,
        reason: str = "",
        *,
        failures: int | None = None,
        lock: str | None = None,
    ) -> None:
        known = job.failures if failures is None else failures
        with self._records.transaction() as session:
            embedded.park(
                session, job.id, worker=self.worker, due_at=at, reason=reason, failures=known, lock=lock
            )

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                busy = self.run_next()
            except TingzhenError as error:
                _log.warning("%s", error)
                busy = False
            if not busy:
                self._over.wait(1.0)

    def _watch_clock(self) -> None:
        """What comes by the clock comes at once where that is set back: it would wait until then again."""
        ahead = self._ahead()
        while not self._over.wait(_CLOCK_SECONDS):
            before, ahead = ahead, self._ahead()
            if ahead < before - _CLOCK_SECONDS:
                for job in self._timer.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    def _ahead(self) -> float:
        """Seconds by which the wall clock is ahead of one that nobody sets."""
        return self._clock().timestamp() - time.monotonic()

    def _beats(self) -> tuple[Beat, ...]:
        return tuple(beat for beat in self._plan.beats if beat.role in self._plan.parallel)

    def _every(self, seconds: float, task: Callable[[], None]) -> None:
        self._timer.add_job(
            quietly, "interval", args=[task], seconds=seconds, next_run_time=datetime.now(UTC)
        )


def quietly(task: Callable[[], None]) -> None:
    """A trouble of one turn is a line in the log; the next turn tries again."""
    try:
        task()
    except TingzhenError as error:
        _log.warning("%s", error)


def _alive(worker: str) -> bool:
    """Whether a server still lives; of another machine nothing is known but its lease."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return int(pid) != os.getpid()  # a process of ours that had this number before
