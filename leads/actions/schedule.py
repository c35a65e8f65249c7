"""What happens by itself: crawls when they are due, alerts, reports, and keeping house.

`tingzhen serve` runs a `Schedule` beside the pages; `run_once` does one round of the same for cron and
systemd. Work is asked for in the records (leads.records.jobs) and taken from there, so that two servers on
one database share it, and a server that was killed loses nothing: its jobs are taken up again.
"""

from __future__ import annotations

import logging
import os
import random
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from leads.actions import backup, change_case, night, room, uploads
from leads.actions.crawl import crawl
from leads.actions.crawl_process import Stopped
from leads.actions.shared_intake import SharedIntake
from leads.alerts.messages.digest import Digests
from leads.alerts.outbox.worker import Worker
from leads.alerts.triggers import crowded, drifted, nudged
from leads.alerts.triggers.causes import Causes
from leads.alerts.triggers.watch import watch
from leads.config import Settings
from leads.errors import BusyError, TingzhenError
from leads.index.base import LeadIndex
from leads.learning.drift import drift
from leads.models import Clock, system_clock
from leads.reader.second_reader import SecondReader
from leads.records import (
    Records,
    cancellations,
    cases,
    idempotency,
    jobs,
    mentions,
    open_records,
    readings,
    visit_cards,
)
from leads.records.tables.jobs import Job, SourceControl
from leads.sources.states import SourceState, states
from leads.storage import coverage, open_index, sources

KINDS = ("crawl", "recheck", uploads.KIND)
ASK_SECONDS = 15
HOUSE_SECONDS = 60
REPORT_SECONDS = 20  # so often that an hour wished is met within its minute
WATCH_SECONDS = 300
LEARN_SECONDS = 1800
BACKUP_SECONDS = 600
NUDGE_SECONDS = 3
DRIFT_SECONDS = 6 * 3600
ROOM_SECONDS = 3600
READER_SECONDS = 120
READER_STOP_SECONDS = 5  # how long its last steps are waited for
RECHECK_EVERY = timedelta(hours=3)  # each visits what was not seen for 20 hours: all within a day
AGAIN_AFTER_FAILURE = timedelta(minutes=10)
AGAIN_WHEN_BUSY = timedelta(seconds=15)
KEEP_JOBS = timedelta(days=30)
LONGEST_JITTER = timedelta(minutes=1)
_log = logging.getLogger(__name__)


def due(
    found: Sequence[SourceState],
    controls: Mapping[str, SourceControl],
    now: datetime,
    *,
    jitter: timedelta = LONGEST_JITTER,
) -> list[tuple[str, str, datetime]]:
    """(kind, source, when) of all that should be asked for by now; a paused source asks for nothing.

    However many turns were missed, each source asks for one. `when` is a little later than now, at random
    up to a twentieth of its interval, so that sources of one interval do not all start in the same second.
    """
    wanted = []
    for state in found:
        control = controls.get(state.source.name)
        if state.next_at is None or (control is not None and control.paused):
            continue
        start = now
        if state.run is not None:  # a new source is not made to wait
            start += random.random() * min(state.source.every / 20, jitter)  # noqa: S311 - no secret
        if state.next_at <= now:
            wanted.append(("crawl", state.source.name, start))
        if state.unseen and (state.recheck is None or state.recheck.started + RECHECK_EVERY <= now):
            wanted.append(("recheck", state.source.name, start))
    return wanted


class Crawls:
    """Takes jobs from the records, crawls and imports, and runs them, some at a time."""

    def __init__(self, settings: Settings, records: Records, *, clock: Clock = system_clock) -> None:
        self._settings, self._records, self._clock = settings, records, clock
        self._intake = SharedIntake(settings)
        self.worker = f"{socket.gethostname()}:{os.getpid()}"
        self._stop = threading.Event()
        self._running: set[int] = set()

    def ask(self, *, jitter: timedelta = LONGEST_JITTER) -> None:
        """Put into the records what is due."""
        now = self._clock()
        with coverage(self._settings) as opened:
            found = states(sources(self._settings), opened, now)
        with self._records.transaction() as session:
            controls = jobs.controls(session)
            for kind, source, when in due(found, controls, now, jitter=jitter):
                last = next(iter(jobs.recent(session, subject=source, limit=1)), None)
                if last and last.state == "failed" and _ended(last) + AGAIN_AFTER_FAILURE > now:
                    continue
                jobs.ask(session, kind, source, who="schedule", now=now, due_at=when)

    def take_up(self) -> None:
        """Jobs of servers of this machine that are dead wait again at once, not when their leases end."""
        with self._records.transaction() as session:
            for job in jobs.open_jobs(session):
                if job.state == "running" and not _alive(job.worker):
                    jobs.park(session, job.id, worker=job.worker, due_at=self._clock(), reason="上次运行中断")

    def run_next(self) -> bool:
        """Run the job that has waited longest, to its end; False when none waits."""
        with self._records.transaction() as session:
            job = jobs.claim(session, worker=self.worker, now=self._clock(), kinds=KINDS)
        if job is None:
            return False
        self._running.add(job.id)
        try:
            self._run(job)
        finally:
            self._running.discard(job.id)
        return True

    def run_all(self) -> int:
        """Run jobs until none waits; how many."""
        done = 0
        with self._intake.in_use():
            while self.run_next():
                done += 1
        return done

    def renew(self) -> None:
        """Say that we live, for every job we run."""
        for job_id in tuple(self._running):
            with self._records.transaction() as session:
                jobs.renew(session, job_id, worker=self.worker, now=self._clock())

    def work(self) -> None:
        """Run jobs until told to stop: what a thread does."""
        while not self._stop.is_set():
            try:
                busy = self.run_next()
            except TingzhenError as error:
                _log.warning("%s", error)
                busy = False
            if not busy:
                self._stop.wait(1.0)

    def stop(self) -> None:
        """Crawls end what is under way and park their jobs."""
        self._stop.set()

    def _run(self, job: Job) -> None:
        try:
            self._carry_out(job)
        except BusyError as busy:
            self._park(job, self._clock() + AGAIN_WHEN_BUSY, str(busy))
        except Stopped:
            self._park(job, self._clock(), "服务停止，下次启动接着做")
        except TingzhenError as error:
            _log.warning("%s：%s", job.subject, error)
            self._finish(job, str(error))
        else:
            self._finish(job, "")

    def _carry_out(self, job: Job) -> None:
        if job.kind == uploads.KIND:
            uploads.run(self._settings, job.subject, stop=self._stop)
            return
        crawl(
            self._settings,
            [job.subject],
            progress=lambda event: None,
            recheck=job.kind == "recheck",
            stop=self._stop,
            intake=self._intake,
        )

    def _finish(self, job: Job, reason: str) -> None:
        with self._records.transaction() as session:
            jobs.finish(session, job.id, worker=self.worker, now=self._clock(), reason=reason)

    def _park(self, job: Job, due_at: datetime, reason: str) -> None:
        with self._records.transaction() as session:
            jobs.park(session, job.id, worker=self.worker, due_at=due_at, reason=reason)


def _ended(job: Job) -> datetime:
    return job.ended_at or job.due_at


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


class HouseKeeping:
    """Small regular work on the records and the index."""

    def __init__(
        self, settings: Settings, records: Records, index: LeadIndex, *, clock: Clock = system_clock
    ) -> None:
        self._settings, self._records, self._index, self._clock = settings, records, index, clock
        self._digests = Digests(settings, records, index)
        self._causes = Causes(max_age=timedelta(days=settings.alerts.max_age_days))

    def watch(self) -> None:
        """Spikes, silent and blocked sources, for the rules that ask for them."""
        names = [source.name for source in sources(self._settings) if source.enabled]
        with coverage(self._settings) as opened:
            watch(
                self._records,
                self._index,
                opened,
                sources=names,
                writer=self._causes,
                now=self._clock(),
            )

    def report(self) -> None:
        """Reports whose hour has come."""
        self._digests.make_due(self._clock())

    def learn(self) -> None:
        """By night: what was judged by day."""
        night.learn(self._settings, self._records, now=self._clock())

    def back_up(self) -> None:
        """The backup whose hour has come."""
        kept = backup.by_schedule(self._settings, now=self._clock())
        if kept is not None:
            _log.info("备份好了：%s", kept.file)

    def tell_index(self) -> None:
        """Cases whose day has come, and those the index has not heard of, because it was away."""
        change_case.wake(self._records, self._index, self._clock())

    def tell_nudges(self) -> None:
        """What colleagues want somebody to know goes to that person's channel."""
        nudged.tell(self._records, now=self._clock())

    def tell_drift(self) -> None:
        """Posts unlike those before go to the admins' channels."""
        now = self._clock()
        drifted.tell(self._records, lambda: self._shift(now), now=now)

    def _shift(self, now: datetime) -> float | None:
        found = drift(self._index, now=now)
        return found.index if found.shifted else None

    def tell_room(self) -> None:
        """A disk that fills up goes to the admins' channels before it is full."""
        now, folder = self._clock(), self._settings.data_dir
        room.note(folder, now=now)
        left = room.look(folder, now=now)
        crowded.tell(self._records, room.sentence(left) if left.short(self._settings.disk) else "", now=now)

    def purge(self) -> None:
        """Forget what is too old to be kept."""
        now = self._clock()
        oldest = now - timedelta(days=self._settings.leads.expire_days)
        self._index.expire(oldest)
        self._index.tidy(now)
        with self._records.transaction() as session:
            jobs.purge(session, before=now - KEEP_JOBS)
            gone = cases.purge(session, now=now) + cancellations.forget(session, oldest)
            gone += idempotency.purge(session, now=now) + mentions.purge(session, now=now)
            readings.forget(session, oldest)
            gone += visit_cards.forget(session, oldest)
        uploads.forget(self._settings, now - uploads.KEPT)
        if gone:
            self._records.scrub()


class ReaderThread(threading.Thread):
    """The second reader, in a thread of its own: a slow service holds up nothing else, and no stop either."""

    def __init__(self, reader: SecondReader) -> None:
        super().__init__(name="second-reader", daemon=True)
        self._reader, self._over = reader, threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            _quietly(self._turn)
            self._over.wait(READER_SECONDS)

    def stop(self) -> None:
        """Ask nothing more; an answer under way is not waited for. Its question is written down already."""
        self._over.set()
        self.join(READER_STOP_SECONDS)

    def _turn(self) -> None:
        self._reader.turn(stop=self._over.is_set)


class Schedule:
    """All of it, in threads beside the pages."""

    def __init__(
        self, settings: Settings, records: Records, index: LeadIndex, *, clock: Clock = system_clock
    ) -> None:
        self._crawls = Crawls(settings, records, clock=clock)
        self._house = HouseKeeping(settings, records, index, clock=clock)
        self._alerts = Worker(records, settings, clock)
        self._reader = ReaderThread(SecondReader(settings, records, index, clock=clock))
        # A turn that was missed is made up for once, whatever the delay; nothing overlaps itself.
        self._timer = BackgroundScheduler(
            timezone="UTC",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._threads = [
            threading.Thread(target=self._crawls.work, name=f"crawl-{number}", daemon=True)
            for number in range(settings.crawl.parallel)
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        _quietly(self._crawls.take_up)
        self._every(ASK_SECONDS, self._crawls.ask)
        self._every(jobs.LEASE.total_seconds() / 4, self._crawls.renew)
        self._every(HOUSE_SECONDS, self._house.tell_index)
        self._every(REPORT_SECONDS, self._house.report)
        self._every(NUDGE_SECONDS, self._house.tell_nudges)
        self._every(WATCH_SECONDS, self._house.watch)
        self._every(DRIFT_SECONDS, self._house.tell_drift)
        self._every(ROOM_SECONDS, self._house.tell_room)
        self._every(LEARN_SECONDS, self._house.learn)
        self._every(BACKUP_SECONDS, self._house.back_up)
        self._every(24 * 3600, self._house.purge)
        self._timer.start()
        self._alerts.start()
        self._reader.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End what is under way, park the rest; returns when all is quiet."""
        self._crawls.stop()
        self._timer.shutdown(wait=True)
        for thread in self._threads:
            thread.join()
        self._alerts.stop()
        self._reader.stop()

    def _every(self, seconds: float, task: Callable[[], None]) -> None:
        self._timer.add_job(
            _quietly, "interval", args=[task], seconds=seconds, next_run_time=datetime.now(UTC)
        )


def _quietly(task: Callable[[], None]) -> None:
    """A trouble of one turn is a line in the log; the next turn tries again."""
    try:
        task()
    except TingzhenError as error:
        _log.warning("%s", error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round did."""

    crawls: int
    messages: int  # that were tried
    asked: int  # questions to the second reader


def one_round(
    settings: Settings, records: Records, index: LeadIndex, *, clock: Clock = system_clock
) -> Round:
    """One round: all crawls that are due, alerts, reports, house.

    Raises:
        TingzhenError: what cannot be done at all (no sources file, records away).
    """
    crawls, house = (
        Crawls(settings, records, clock=clock),
        HouseKeeping(settings, records, index, clock=clock),
    )
    crawls.take_up()
    crawls.ask(jitter=timedelta(0))
    done = crawls.run_all()
    house.watch()
    house.report()
    house.tell_nudges()
    house.tell_drift()
    house.tell_room()
    sent = Worker(records, settings, clock).run_once()
    house.tell_index()
    house.purge()
    house.learn()
    _quietly(house.back_up)
    read = SecondReader(settings, records, index, clock=clock).turn()  # last: a slow service delays nothing
    return Round(crawls=done, messages=sent, asked=read.asked)


def run_once(settings: Settings) -> Round:
    """One round of what `serve` does by itself, for cron and systemd.

    Raises:
        TingzhenError: what cannot be done at all.
    """

    with open_index(settings) as index, open_records(settings) as records:
        return one_round(settings, records, index)
