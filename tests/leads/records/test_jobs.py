"""Jobs in a SQLite file: one worker a job by lease, nothing lost when one dies (see tests/leads/queue)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.config import Settings
from leads.records import Records, jobs, open_records
from leads.records.jobs import embedded

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KINDS = ("crawl",)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def take(records: Records, worker: str, now: datetime = NOW) -> str | None:
    with records.transaction() as session:
        job = embedded.claim(session, worker=worker, now=now, kinds=KINDS)
        return job.subject if job else None


def ask(records: Records, source: str = "forum", *, due: datetime = NOW) -> bool:
    with records.transaction() as session:
        return jobs.ask(session, "crawl", source, who="lin", now=NOW, due_at=due) is not None


def states(records: Records, source: str = "forum") -> list[str]:
    with records.reading() as session:
        return [job.state for job in jobs.recent(session, subject=source)]


def test_asking_twice_makes_one_job_and_the_earlier_time_counts(records: Records) -> None:
    assert ask(records, due=NOW + timedelta(hours=1))
    assert take(records, "a") is None
    assert not ask(records, due=NOW)
    assert take(records, "a") == "forum"
    assert states(records) == ["running"]


def test_a_running_job_is_not_asked_for_again(records: Records) -> None:
    ask(records)
    take(records, "a")
    assert not ask(records)
    with records.transaction() as session:
        embedded.finish(session, 1, worker="a", now=NOW)
    assert ask(records)
    assert states(records) == ["waiting", "done"]


def test_the_longest_waiting_comes_first(records: Records) -> None:
    ask(records, "young", due=NOW - timedelta(minutes=1))
    ask(records, "old", due=NOW - timedelta(minutes=9))
    assert [take(records, "a"), take(records, "b"), take(records, "c")] == ["old", "young", None]


def test_a_dead_workers_job_waits_until_its_lease_is_over(records: Records) -> None:
    ask(records)
    take(records, "dead")
    assert take(records, "b", NOW + embedded.LEASE / 2) is None
    assert take(records, "b", NOW + embedded.LEASE * 2) == "forum"
    with records.transaction() as session:  # the dead one comes back: the job is no longer its own
        assert not embedded.renew(session, 1, worker="dead", now=NOW)
        embedded.finish(session, 1, worker="dead", now=NOW)
    assert states(records) == ["running"]


def test_a_renewed_lease_keeps_the_job(records: Records) -> None:
    ask(records)
    take(records, "a")
    later = NOW + embedded.LEASE - timedelta(seconds=1)
    with records.transaction() as session:
        assert embedded.renew(session, 1, worker="a", now=later)
    assert take(records, "b", NOW + embedded.LEASE + timedelta(seconds=1)) is None


def test_a_parked_job_waits_again(records: Records) -> None:
    ask(records)
    take(records, "a")
    with records.transaction() as session:
        embedded.park(session, 1, worker="a", due_at=NOW + timedelta(minutes=1), reason="主机正忙")
    assert take(records, "b") is None
    assert take(records, "b", NOW + timedelta(minutes=2)) == "forum"


def test_many_workers_never_share_a_job(records: Records) -> None:
    for number in range(30):
        ask(records, f"source{number}")
    taken: list[str] = []

    def work(name: str) -> None:
        while (subject := take(records, name)) is not None:
            taken.append(subject)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"source{n}" for n in range(30))


def test_a_pause_says_who_and_when(records: Records) -> None:
    with records.transaction() as session:
        jobs.pause(session, "forum", paused=True, who="lin", now=NOW)
        jobs.pause(session, "forum", paused=True, who="chen", now=NOW + timedelta(hours=1))
    with records.reading() as session:
        control = jobs.controls(session)["forum"]
    assert (control.paused, control.who, control.at) == (True, "lin", NOW)


def test_only_ended_jobs_are_forgotten(records: Records) -> None:
    ask(records, "open")
    ask(records, "ended", due=NOW - timedelta(hours=1))
    take(records, "a")
    with records.transaction() as session:
        embedded.finish(session, 2, worker="a", now=NOW)
        jobs.purge(session, before=NOW + timedelta(days=1))
    assert (states(records, "open"), states(records, "ended")) == (["waiting"], [])
