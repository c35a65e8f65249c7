"""Both queues, the one in a SQLite file and the one on PostgreSQL, keep the same rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.config import JobSettings, Settings
from leads.errors import ConfigError, StorageError
from leads.models import system_clock
from leads.queue import open_runner
from leads.queue.embedded import Threads
from leads.queue.kinds import Again, Beat, Kind, Plan, Runner, Stop
from leads.records import Records, jobs, open_records
from leads.records.tables.jobs import Job
from tests.support import postgres_server

LONG = 120.0  # seconds; ends a hang and judges no speed


@pytest.fixture(params=["embedded", "shared"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    stalled = JobSettings(stalled_seconds=10)
    if request.param == "embedded":
        yield Settings(data_dir=tmp_path, jobs=stalled)
        return
    with postgres_server.database(postgres_server.server()) as address:
        yield Settings(data_dir=tmp_path, records=address, jobs=stalled)


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    with open_records(settings) as opened:
        yield opened


@dataclass(slots=True)
class Ran:
    """What was carried out, in order."""

    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    together: dict[str, int] = field(default_factory=dict)  # host → most at one time
    now: dict[str, int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self, job: Job, stop: Stop) -> None:
        """Takes a moment; the subject's host is what stands before its dash."""
        host = host_of(job.subject)
        with self.guard:
            self.began.append(job.subject)
            self.now[host] = self.now.get(host, 0) + 1
            self.together[host] = max(self.together.get(host, 0), self.now[host])
        time.sleep(0.05)
        with self.guard:
            self.now[host] -= 1
            self.ended.append(job.subject)


def host_of(subject: str) -> str:
    return subject.partition("-")[0]


def plan(run: Callable[[Job, Stop], None], *, parallel: int = 1, beats: tuple[Beat, ...] = ()) -> Plan:
    crawl = Kind(
        name="crawl", role="crawl", run=run, lock=host_of, retries=(timedelta(0), timedelta(hours=1))
    )
    return Plan(kinds=(crawl,), beats=beats, parallel={"crawl": parallel})


def runner(settings: Settings, records: Records, told: Plan) -> Runner:
    return open_runner(settings, records, told, clock=system_clock)


@contextmanager
def working(runner: Runner) -> Iterator[None]:
    runner.start()
    try:
        yield
    finally:
        runner.stop()


def ask(records: Records, subject: str = "forum", *, due: datetime | None = None, lock: str = "") -> bool:
    now = datetime.now(UTC)
    with records.transaction() as session:
        asked = jobs.ask(session, "crawl", subject, who="lin", now=now, due_at=due, lock=lock)
        return asked is not None


def last(records: Records, subject: str = "forum") -> Job:
    with records.reading() as session:
        return jobs.recent(session, subject=subject)[0]


def states(records: Records, subject: str = "forum") -> list[str]:
    with records.reading() as session:
        return [job.state for job in jobs.recent(session, subject=subject)]


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_asked_for_twice_it_is_done_once(settings: Settings, records: Records) -> None:
    ran = Ran()
    assert [ask(records), ask(records)] == [True, False]
    assert runner(settings, records, plan(ran.run)).run_all() == 1
    assert (ran.ended, states(records)) == (["forum"], ["done"])
    assert ask(records)
    assert states(records) == ["waiting", "done"]


def test_asked_for_by_many_at_once_it_waits_once(records: Records) -> None:
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(ask(records))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(made), states(records)) == ([False] * 7 + [True], ["waiting"])


def test_a_wish_for_now_brings_forward_what_was_due_later(settings: Settings, records: Records) -> None:
    ran, hour = Ran(), datetime.now(UTC) + timedelta(hours=1)
    ask(records, due=hour)
    assert runner(settings, records, plan(ran.run)).run_all() == 0
    assert last(records).due_at == hour
    assert not ask(records)
    assert runner(settings, records, plan(ran.run)).run_all() == 1


def test_who_asked_first_is_served_first(settings: Settings, records: Records) -> None:
    ran, due = Ran(), datetime.now(UTC) - timedelta(minutes=1)
    for number in range(5):
        ask(records, f"{number}-forum", due=due)
    runner(settings, records, plan(ran.run)).run_all()
    assert ran.ended == [f"{number}-forum" for number in range(5)]


def test_a_job_tells_who_asked_when_it_began_and_ended(settings: Settings, records: Records) -> None:
    before = datetime.now(UTC)
    ask(records)
    with records.reading() as session:
        (waiting,) = jobs.open_jobs(session)
    assert (waiting.kind, waiting.subject, waiting.state) == ("crawl", "forum", "waiting")
    runner(settings, records, plan(Ran().run)).run_all()
    job = last(records)
    assert job.asked_by == "lin"
    assert job.started_at is not None
    assert job.ended_at is not None
    assert before <= job.started_at <= job.ended_at


@pytest.mark.parametrize("known", [True, False], ids=["the lock is given", "the worker finds the lock"])
def test_one_job_a_host_at_a_time_whoever_works(settings: Settings, records: Records, known: bool) -> None:
    ran, subjects = Ran(), [f"{host}-{number}" for number in range(4) for host in ("a", "b", "c")]
    for subject in subjects:
        ask(records, subject, lock=host_of(subject) if known else "")
    workers = 2 if records.shared else 1
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(working(runner(settings, records, plan(ran.run, parallel=4))))
        until(lambda: len(ran.ended) == len(subjects))
    assert sorted(ran.ended) == sorted(subjects)
    assert ran.together == {"a": 1, "b": 1, "c": 1}


def test_what_a_full_disk_stops_is_tried_again_a_few_times_ever_later(
    settings: Settings, records: Records
) -> None:
    def fail(job: Job, stop: Stop) -> None:
        raise StorageError("磁盘满了")

    ask(records)
    before = datetime.now(UTC)
    runner(settings, records, plan(fail)).run_all()
    job = last(records)
    assert (job.state, job.failures, job.reason) == ("waiting", 2, "磁盘满了")
    assert job.due_at >= before + timedelta(hours=1)
    ask(records)  # somebody does not want to wait
    runner(settings, records, plan(fail)).run_all()
    assert (states(records), last(records).reason) == (["failed"], "磁盘满了")


def test_what_cannot_succeed_fails_at_once_with_its_reason(settings: Settings, records: Records) -> None:
    def fail(job: Job, stop: Stop) -> None:
        raise ConfigError("没有叫 forum 的来源")

    ask(records)
    runner(settings, records, plan(fail)).run_all()
    job = last(records)
    assert (job.state, job.reason) == ("failed", "没有叫 forum 的来源")


def test_what_is_given_back_waits_until_its_time(settings: Settings, records: Records) -> None:
    at = datetime.now(UTC) + timedelta(minutes=7)

    def busy(job: Job, stop: Stop) -> None:
        raise Again(at, "主机正忙")

    ask(records)
    runner(settings, records, plan(busy)).run_all()
    job = last(records)
    assert (job.state, job.due_at, job.reason, job.failures) == ("waiting", at, "主机正忙", 0)


def endless(job: Job, stop: Stop) -> None:
    """Runs until it is told to end."""
    assert stop.wait(LONG)
    raise Again(datetime.now(UTC), "服务停止")


def test_a_worker_that_stops_gives_its_job_back(settings: Settings, records: Records) -> None:
    ask(records)
    with working(runner(settings, records, plan(endless))):
        until(lambda: states(records) == ["running"])
    assert states(records) == ["waiting"]
    assert runner(settings, records, plan(Ran().run)).run_all() == 1


def test_what_waits_can_be_cancelled(settings: Settings, records: Records) -> None:
    ask(records)
    with records.transaction() as session:
        assert jobs.cancel(session, "crawl", "forum", now=datetime.now(UTC))
        assert not jobs.cancel(session, "crawl", "forum", now=datetime.now(UTC))
    assert runner(settings, records, plan(Ran().run)).run_all() == 0
    assert states(records) == ["cancelled"]


def test_what_runs_ends_when_it_is_cancelled(settings: Settings, records: Records) -> None:
    ask(records)
    with working(runner(settings, records, plan(endless))):
        until(lambda: states(records) == ["running"])
        with records.transaction() as session:
            jobs.cancel(session, "crawl", "forum", now=datetime.now(UTC))
        until(lambda: states(records) == ["cancelled"])


def test_a_beat_comes_once_however_many_keep_time(settings: Settings, records: Records) -> None:
    came: list[float] = []
    beat = Beat(name="watch", seconds=3600, run=lambda: came.append(time.time()), role="crawl")
    told = plan(Ran().run, beats=(beat,))
    one = runner(settings, records, told)
    with working(one):
        until(lambda: came)
        if records.shared:
            with working(runner(settings, records, told)):
                time.sleep(2.5)  # its first look at the clock is long over
    assert len(came) == 1


def test_work_and_its_end_survive_a_restart(settings: Settings) -> None:
    with open_records(settings) as records:
        ask(records, "done-before")
        runner(settings, records, plan(Ran().run)).run_all()
        ask(records, "waits")
    with open_records(settings) as records:
        assert states(records, "done-before") == ["done"]
        assert runner(settings, records, plan(Ran().run)).run_all() == 1
        assert states(records, "waits") == ["done"]


def test_only_what_has_ended_is_forgotten(settings: Settings, records: Records) -> None:
    ask(records, "ended")
    runner(settings, records, plan(Ran().run)).run_all()
    ask(records, "open")
    with records.transaction() as session:
        jobs.purge(session, before=datetime.now(UTC) - timedelta(hours=1))
        assert len(jobs.recent(session, subject="ended")) == 1
        jobs.purge(session, before=datetime.now(UTC) + timedelta(hours=1))
    assert (states(records, "open"), states(records, "ended")) == (["waiting"], [])


class SetClock:
    """A wall clock that can be set."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Records]:
    """Of one machine, whose own clock counts; the shared queue goes by that of PostgreSQL."""
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def test_a_clock_set_on_or_a_machine_that_slept_starts_no_job_twice(own: Records) -> None:
    clock, begun, go_on = SetClock(), [], threading.Event()

    def slow(job: Job, stop: Stop) -> None:
        begun.append(job.subject)
        assert go_on.wait(LONG)

    ask(own)
    one = Threads(own, plan(slow, parallel=3), clock=clock)
    with working(one):
        until(lambda: begun)
        clock.by = timedelta(hours=1)  # its lease has run out, and nobody had time to renew it
        assert not one.run_next()
        go_on.set()
        until(lambda: states(own) == ["done"])
        ask(own, "next")
        until(lambda: states(own, "next") == ["done"])
    assert begun == ["forum", "next"]


def test_a_clock_set_back_does_not_keep_beats_waiting(own: Records) -> None:
    came: list[float] = []
    clock = SetClock()
    beat = Beat(name="watch", seconds=3600, run=lambda: came.append(time.time()), role="crawl")
    with working(Threads(own, plan(Ran().run, beats=(beat,)), clock=clock)):
        until(lambda: came)
        clock.by = -timedelta(hours=2)
        until(lambda: len(came) == 2)


def test_an_error_that_nobody_foresaw_costs_one_job(own: Records) -> None:
    def breaks(job: Job, stop: Stop) -> None:
        if job.subject == "forum":
            raise KeyError(job.id)

    ask(own)
    with working(Threads(own, plan(breaks), clock=system_clock)):
        until(lambda: states(own) == ["failed"])
        ask(own, "next")
        until(lambda: states(own, "next") == ["done"])
    assert last(own).reason.startswith("程序出错了")


def test_a_turn_left_out_because_the_last_one_still_runs_is_no_news(
    own: Records, caplog: pytest.LogCaptureFixture
) -> None:
    over = threading.Event()

    def slow() -> None:
        over.wait(LONG)

    beats = [
        Beat(name="slow", seconds=1, run=slow, role="crawl"),
        Beat(name="often", seconds=1, run=lambda: came.append(0.0), role="crawl"),
    ]
    came: list[float] = []
    with working(Threads(own, plan(Ran().run, beats=tuple(beats)), clock=system_clock)):
        until(lambda: len(came) >= 4)  # by now the slow one has left out two turns
        over.set()
    assert [each for each in caplog.records if each.name.startswith("apscheduler")] == []
