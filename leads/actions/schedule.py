"""What happens by itself: crawls when they are due, alerts, reports, and keeping house.

`tingzhen serve` runs a `Schedule` beside the pages, `tingzhen worker` one without pages; `run_once` does
one round of the same for cron and systemd. Work is asked for in the records (leads.records.jobs) and taken
from there (leads.queue), so that servers on one database share it, and one that was killed loses nothing:
its jobs are taken up again.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.actions import backup, by_children, change_case, night, room, uploads
from leads.actions.crawl import crawl
from leads.actions.crawl_process import Stopped
from leads.actions.shared_intake import SharedIntake
from leads.alerts.messages.digest import Digests
from leads.alerts.outbox.worker import Worker
from leads.alerts.triggers import crowded, drifted, nudged
from leads.alerts.triggers.causes import Causes
from leads.alerts.triggers.watch import watch
from leads.config import Settings
from leads.errors import BusyError, ConfigError
from leads.index.base import LeadIndex
from leads.learning.drift import drift
from leads.models import Clock, system_clock
from leads.queue import open_runner
from leads.queue.embedded import quietly
from leads.queue.kinds import Again, Beat, Kind, Plan, Runner, Stop
from leads.reader.second_reader import SecondReader
from leads.records import (
    Records,
    audit,
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
from leads.storage import coverage, open_index, sources, whole_records

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
RETRIES = (timedelta(minutes=1), timedelta(minutes=5))  # of crawls and imports that failed
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
    """What crawls and imports are to a queue: what is due, and how each is carried out."""

    def __init__(self, settings: Settings, records: Records, *, clock: Clock = system_clock) -> None:
        self._settings, self._records, self._clock = settings, records, clock
        self._intake = SharedIntake(settings)

    def ask(self, *, jitter: timedelta = LONGEST_JITTER) -> None:
        """Put into the records what is due."""
        now = self._clock()
        known = sources(self._settings)
        hosts = {source.name: source.host for source in known}
        with coverage(self._settings) as opened:
            found = states(known, opened, now)
        with self._records.transaction() as session:
            controls = jobs.controls(session)
            for kind, source, when in due(found, controls, now, jitter=jitter):
                last = next(iter(jobs.recent(session, subject=source, limit=1)), None)
                if last and last.state == "failed" and _ended(last) + AGAIN_AFTER_FAILURE > now:
                    continue
                jobs.ask(session, kind, source, who="schedule", now=now, due_at=when, lock=hosts[source])

    def kinds(self) -> tuple[Kind, ...]:
        """Crawls, re-checks and uploaded files."""
        crawls = [
            Kind(name=name, role="crawl", run=self._crawl, lock=self._host, retries=RETRIES)
            for name in ("crawl", "recheck")
        ]
        return (*crawls, Kind(name=uploads.KIND, role="desk", run=self._import, retries=RETRIES))

    def intake(self) -> AbstractContextManager[None]:
        """As long as it is open, crawls find one intake running."""
        return self._intake.in_use()

    def _host(self, subject: str) -> str:
        """The host of a source: one machine asks it at a time."""
        with suppress(ConfigError):  # said when the crawl begins
            return next((each.host for each in sources(self._settings) if each.name == subject), "")
        return ""

    def _crawl(self, job: Job, stop: Stop) -> None:
        with self._given_back():
            crawl(
                self._settings,
                [job.subject],
                progress=lambda event: None,
                recheck=job.kind == "recheck",
                stop=stop,
                intake=self._intake,
            )

    def _import(self, job: Job, stop: Stop) -> None:
        with self._given_back():
            uploads.run(self._settings, job.subject, stop=stop)

    @contextmanager
    def _given_back(self) -> Iterator[None]:
        try:
            yield
        except BusyError as busy:
            raise Again(self._clock() + AGAIN_WHEN_BUSY, str(busy)) from busy
        except Stopped as stopped:
            raise Again(self._clock(), "服务停止，下次启动接着做") from stopped


def _ended(job: Job) -> datetime:
    return job.ended_at or job.due_at


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
        expired = self._index.expire(oldest)
        self._index.tidy(now)
        with self._records.transaction() as session:
            if expired:
                audit.note(session, who=audit.SYSTEM, action="retention.expire", now=now, posts=expired)
            jobs.purge(session, before=now - KEEP_JOBS)
            gone = cases.purge(session, now=now) + cancellations.forget(session, oldest)
            gone += idempotency.purge(session, now=now) + mentions.purge(session, now=now)
            readings.forget(session, oldest)
            audit.forget(session, now - timedelta(days=self._settings.audit.keep_days), now=now)
            gone += visit_cards.forget(session, oldest)
        children = now - timedelta(days=self._settings.leads.child_days)
        gone += by_children.forget(self._records, self._index, before=children, now=now)
        uploads.forget(self._settings, now - uploads.KEPT)
        whole_records(self._settings).prune(now)
        if gone:
            self._records.scrub()


class ReaderThread(threading.Thread):
    """The second reader, in a thread of its own: a slow service holds up nothing else, and no stop either."""

    def __init__(self, reader: SecondReader) -> None:
        super().__init__(name="second-reader", daemon=True)
        self._reader, self._over = reader, threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            quietly(self._turn)
            self._over.wait(READER_SECONDS)

    def stop(self) -> None:
        """Ask nothing more; an answer under way is not waited for. Its question is written down already."""
        self._over.set()
        self.join(READER_STOP_SECONDS)

    def _turn(self) -> None:
        self._reader.turn(stop=self._over.is_set)


class Schedule:
    """All that happens by itself, or the part of it that these roles are: role → jobs at a time.

    `serve` has it in threads beside the pages, `worker` has it alone.
    """

    def __init__(
        self,
        settings: Settings,
        records: Records,
        index: LeadIndex,
        *,
        roles: Mapping[str, int],
        clock: Clock = system_clock,
    ) -> None:
        crawls = Crawls(settings, records, clock=clock)
        house = HouseKeeping(settings, records, index, clock=clock)
        plan = Plan(kinds=crawls.kinds(), beats=beats(crawls, house), parallel=dict(roles))
        self._runner = open_runner(settings, records, plan, clock=clock)
        self._alerts: list[Worker | ReaderThread] = []
        if "alerts" in roles:
            self._alerts.append(Worker(records, settings, clock))
            self._alerts.append(ReaderThread(SecondReader(settings, records, index, clock=clock)))

    def start(self) -> None:
        """Begin; returns at once."""
        self._runner.start()
        for each in self._alerts:
            each.start()

    def stop(self) -> None:
        """End what is under way, give back the rest; returns when all is quiet."""
        self._runner.stop()
        for each in self._alerts:
            each.stop()


def beats(crawls: Crawls, house: HouseKeeping) -> tuple[Beat, ...]:
    """What comes by the clock."""
    return (
        Beat(name="ask", seconds=ASK_SECONDS, run=crawls.ask, role="crawl"),
        Beat(name="index", seconds=HOUSE_SECONDS, run=house.tell_index),
        Beat(name="report", seconds=REPORT_SECONDS, run=house.report),
        Beat(name="nudges", seconds=NUDGE_SECONDS, run=house.tell_nudges),
        Beat(name="watch", seconds=WATCH_SECONDS, run=house.watch),
        Beat(name="drift", seconds=DRIFT_SECONDS, run=house.tell_drift),
        Beat(name="room", seconds=ROOM_SECONDS, run=house.tell_room),
        Beat(name="learn", seconds=LEARN_SECONDS, run=house.learn),
        Beat(name="backup", seconds=BACKUP_SECONDS, run=house.back_up),
        Beat(name="purge", seconds=24 * 3600, run=house.purge),
    )


def runner(settings: Settings, records: Records, crawls: Crawls, *, clock: Clock = system_clock) -> Runner:
    """Who carries out whatever is asked for, one job of a role at a time, and does nothing by the clock."""
    plan = Plan(kinds=crawls.kinds(), parallel={"crawl": 1, "tag": 1, "desk": 1})
    return open_runner(settings, records, plan, clock=clock)


def serve_roles(settings: Settings) -> dict[str, int]:
    """What `tingzhen serve` does by itself: everything, or, where that is left to workers, imports."""
    if settings.crawl.parallel == 0:
        return {"desk": 1}
    return {"crawl": settings.crawl.parallel, "tag": 1, "desk": 1, "alerts": 1}


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
    crawls.ask(jitter=timedelta(0))
    with crawls.intake():
        done = runner(settings, records, crawls, clock=clock).run_all()
    house.watch()
    house.report()
    house.tell_nudges()
    house.tell_drift()
    house.tell_room()
    sent = Worker(records, settings, clock).run_once()
    house.tell_index()
    house.purge()
    house.learn()
    quietly(house.back_up)
    read = SecondReader(settings, records, index, clock=clock).turn()  # last: a slow service delays nothing
    return Round(crawls=done, messages=sent, asked=read.asked)


def run_once(settings: Settings) -> Round:
    """One round of what `serve` does by itself, for cron and systemd.

    Raises:
        TingzhenError: what cannot be done at all.
    """

    with open_index(settings) as index, open_records(settings) as records:
        return one_round(settings, records, index)
