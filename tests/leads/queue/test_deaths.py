"""A worker that dies loses no job, and a database that dies lets no two workers have one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads.config import JobSettings, Settings
from leads.errors import StorageError
from leads.models import system_clock
from leads.queue import open_runner
from leads.queue.kinds import Again, Kind, Plan, Runner, Stop
from leads.records import Records, jobs, open_records
from leads.records.tables.jobs import Job
from tests.support import postgres_server
from tests.support.paths import ROOT

LONG = 240.0  # seconds; ends a hang and judges no speed


@pytest.fixture(params=["embedded", "shared"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    stalled = JobSettings(stalled_seconds=10)
    if request.param == "embedded":
        yield Settings(data_dir=tmp_path, jobs=stalled)
        return
    with postgres_server.database(postgres_server.server()) as address:
        yield Settings(data_dir=tmp_path, records=address, jobs=stalled)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[postgres_server.Own, Settings]]:
    """A PostgreSQL that may be killed."""
    with postgres_server.or_skip(), postgres_server.own() as server:
        yield (
            server,
            Settings(data_dir=tmp_path, records=server.address, jobs=JobSettings(stalled_seconds=10)),
        )


@contextmanager
def working(settings: Settings, records: Records, run: Callable[[Job, Stop], None]) -> Iterator[Runner]:
    kind = Kind(name="crawl", role="crawl", run=run, lock=lambda subject: subject)
    runner = open_runner(settings, records, Plan(kinds=(kind,), parallel={"crawl": 1}), clock=system_clock)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def ask(records: Records) -> None:
    with records.transaction() as session:
        jobs.ask(session, "crawl", "forum", who="lin", now=datetime.now(UTC))


def state(records: Records) -> str:
    try:
        with records.reading() as session:
            return jobs.recent(session, subject="forum")[0].state
    except StorageError:
        return "away"


def until(done: Callable[[], object]) -> None:
    end = time.monotonic() + LONG
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_the_job_of_a_killed_worker_is_taken_over_once(settings: Settings) -> None:
    ran: list[str] = []
    with open_records(settings) as records:
        ask(records)
        command = [
            sys.executable,
            "-m",
            "tests.support.queue_worker",
            str(settings.data_dir),
            settings.records,
        ]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:  # noqa: S603 - ours
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"took\n"
            assert state(records) == "running"
            worker.kill()
        with working(settings, records, lambda job, stop: ran.append(job.subject)):
            until(lambda: state(records) == "done")
    assert ran == ["forum"]


def test_a_short_absence_of_the_database_interrupts_nothing(
    mortal: tuple[postgres_server.Own, Settings],
) -> None:
    server, settings = mortal
    settings = settings.model_copy(update={"jobs": JobSettings(stalled_seconds=600)})
    took, go_on, stopped = threading.Event(), threading.Event(), list[bool]()

    def run(job: Job, stop: Stop) -> None:
        took.set()
        assert go_on.wait(LONG)
        stopped.append(stop.is_set())

    with open_records(settings) as records:
        ask(records)
        with working(settings, records, run):
            assert took.wait(LONG)
            server.kill()
            go_on.set()  # it ends while nobody can be told
            server.start()
            until(lambda: state(records) == "done")
    assert stopped == [False]


def test_who_cannot_say_that_it_lives_ends_its_job_before_others_may_have_it(
    mortal: tuple[postgres_server.Own, Settings],
) -> None:
    server, settings = mortal
    settings = settings.model_copy(update={"jobs": JobSettings(stalled_seconds=10)})
    took, ended, at_once = threading.Event(), threading.Event(), list[bool]()

    def run(job: Job, stop: Stop) -> None:
        took.set()
        if not at_once:
            assert stop.wait(LONG)
            at_once.append(stop.at_once)
            ended.set()
            raise Again(datetime.now(UTC))

    with open_records(settings) as records:
        ask(records)
        with working(settings, records, run):
            assert took.wait(LONG)
            server.kill()
            assert ended.wait(LONG)
            server.start()
            until(lambda: state(records) == "done")
    assert at_once == [True]
