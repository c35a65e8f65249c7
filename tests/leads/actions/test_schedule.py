"""What happens by itself happens once, when it is due, and survives a stop and a kill."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from crawler.sample.forum import Served, serve_forum, sources_toml
from crawler.sources.load import load_sources
from leads import storage
from leads.actions import schedule
from leads.config import CrawlSettings, Settings
from leads.errors import ConfigError
from leads.records import jobs as job_records
from leads.records import open_records
from leads.records.tables.jobs import SourceControl
from leads.sources.states import states
from tests.support.commands import start

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def forum() -> Iterator[Served]:
    with serve_forum() as served:
        yield served


def configured(folder: Path, forum: Served, *, delay: float = 0.0, more: str = "") -> Settings:
    """Settings as a user writes them, on disk, and loaded."""
    toml = sources_toml(forum.url).replace("delay = 0.0", f"delay = {delay}") + more
    (folder / "sources.toml").write_text(toml, encoding="utf-8")
    (folder / "tingzhen.toml").write_text('[crawl]\nsources = "sources.toml"\n', encoding="utf-8")
    return Settings(data_dir=folder / "data", crawl=CrawlSettings(sources=str(folder / "sources.toml")))


def counts(config: Settings) -> dict[str, int]:
    with storage.open_index(config) as index:
        return dict(index.counts())


def outcomes(config: Settings) -> list[tuple[str, str]]:
    if not config.data_dir.is_dir():
        return []  # the server is still starting
    with open_records(config) as records, records.reading() as session:
        found = job_records.recent(session, subject="sample-forum")
        return [(job.kind, job.state) for job in found]


@pytest.mark.parametrize(
    ("hours_since_run", "paused", "expected"),
    [
        (None, False, ["crawl"]),  # never run
        (None, True, []),
        (0.5, False, []),  # every hour
        (2, False, ["crawl"]),
        (200, False, ["crawl"]),  # however many turns were missed
        (200, True, []),
    ],
)
def test_a_source_is_due_once_when_its_time_has_come(
    tmp_path: Path, hours_since_run: float | None, paused: bool, expected: list[str]
) -> None:
    (tmp_path / "sources.toml").write_text(sources_toml("http://127.0.0.1:1/"), encoding="utf-8")
    sources = load_sources(tmp_path / "sources.toml")
    controls = {"sample-forum": SourceControl(source="sample-forum", paused=paused, who="lin", at=NOW)}
    with closing(Coverage(tmp_path / "coverage.sqlite")) as coverage:
        if hours_since_run is not None:
            run = coverage.start_run("sample-forum", {}, NOW - timedelta(hours=hours_since_run))
            coverage.finish_run(run, "ok", "", NOW)
        found = schedule.due(states(sources, coverage, NOW), controls, NOW)
    assert [kind for kind, _, _ in found] == expected
    assert all(NOW <= when <= NOW + schedule.LONGEST_JITTER for _, _, when in found)


@pytest.mark.parametrize(
    ("began", "now", "expected"),
    [
        ("2026-11-22T08:01", "2026-11-22T19:59", []),
        ("2026-11-22T08:01", "2026-11-22T20:00", ["crawl"]),
        ("2026-11-22T20:00", "2026-11-22T20:01", []),  # this turn is done
        ("2026-11-20T20:00", "2026-11-22T09:00", ["crawl"]),  # turns that were missed are one
    ],
)
def test_hours_of_a_crontab_are_those_of_the_source(
    tmp_path: Path, began: str, now: str, expected: list[str]
) -> None:
    toml = sources_toml("http://127.0.0.1:1/") + 'cron = "0 8,20 * * *"\n'
    (tmp_path / "sources.toml").write_text(toml, encoding="utf-8")
    moment = datetime.fromisoformat(f"{now}+08:00")
    with closing(Coverage(tmp_path / "coverage.sqlite")) as coverage:
        run = coverage.start_run("sample-forum", {}, datetime.fromisoformat(f"{began}+08:00"))
        coverage.finish_run(run, "ok", "", moment)
        found = states(load_sources(tmp_path / "sources.toml"), coverage, moment)
    assert [kind for kind, _, _ in schedule.due(found, {}, moment)] == expected


def test_a_cron_that_is_none_is_named_with_its_source(tmp_path: Path) -> None:
    toml = sources_toml("http://127.0.0.1:1/") + 'cron = "0 25 * * *"\n'
    (tmp_path / "sources.toml").write_text(toml, encoding="utf-8")
    with closing(Coverage(tmp_path / "coverage.sqlite")) as coverage:
        coverage.start_run("sample-forum", {}, NOW)
        with pytest.raises(ConfigError, match="sample-forum"):
            states(load_sources(tmp_path / "sources.toml"), coverage, NOW)


def test_a_round_crawls_what_is_due_and_the_next_has_nothing_to_do(tmp_path: Path, forum: Served) -> None:
    config = configured(tmp_path, forum)
    assert schedule.run_once(config).crawls == 1
    assert outcomes(config) == [("crawl", "done")]
    assert counts(config)["leads"] > 0
    assert schedule.run_once(config).crawls == 0


def test_a_paused_source_stays_quiet_and_a_persons_wish_is_carried_out(tmp_path: Path, forum: Served) -> None:
    config = configured(tmp_path, forum)
    storage.data_dir(config)
    with open_records(config) as records, records.transaction() as session:
        job_records.pause(session, "sample-forum", paused=True, who="lin", now=NOW)
    assert schedule.run_once(config).crawls == 0
    with open_records(config) as records, records.transaction() as session:
        job_records.ask(session, "crawl", "sample-forum", who="lin", now=NOW)
    assert schedule.run_once(config).crawls == 1


def test_a_source_that_cannot_be_crawled_is_a_failed_job_with_its_reason(
    tmp_path: Path, forum: Served
) -> None:
    config = configured(tmp_path, forum)
    storage.data_dir(config)
    with open_records(config) as records, records.transaction() as session:
        job_records.pause(session, "sample-forum", paused=True, who="lin", now=NOW)
        job_records.ask(session, "crawl", "gone", who="lin", now=NOW)
    assert schedule.run_once(config).crawls == 1
    with open_records(config) as records, records.reading() as session:
        (job,) = job_records.recent(session, subject="gone")
    assert job.state == "failed"
    assert "gone" in job.reason


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = start("serve", "--port", str(port), cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=600)


def wait_for(done: object, *, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]  # a function
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)  # looking opens the records and the index, which costs more than a page of the crawl


def stored(config: Settings) -> int:
    return counts(config)["leads"] if (config.data_dir / "leads.sqlite").exists() else 0


def test_serve_crawls_by_itself_and_ends_well_when_told_to(
    tmp_path: Path, forum: Served, free_port: int
) -> None:
    config = configured(tmp_path, forum)
    with serving(tmp_path, free_port) as process:
        wait_for(lambda: stored(config) and ("crawl", "done") in outcomes(config))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0
        assert b"Traceback" not in err


def test_a_stop_in_the_middle_of_a_crawl_parks_it(tmp_path: Path, forum: Served, free_port: int) -> None:
    config = configured(tmp_path, forum, delay=0.1)
    with serving(tmp_path, free_port) as process:
        wait_for(lambda: stored(config))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=600)
    assert outcomes(config) == [("crawl", "waiting")]
    before = stored(config)
    assert schedule.run_once(config).crawls == 1
    assert stored(config) > before
    assert outcomes(config) == [("crawl", "done")]


def test_a_server_killed_at_any_moment_loses_nothing(tmp_path: Path, forum: Served, free_port: int) -> None:
    (tmp_path / "whole").mkdir()
    whole = configured(tmp_path / "whole", forum)
    schedule.run_once(whole)
    config = configured(tmp_path, forum, delay=0.05)
    for seconds in (0.3, 1.5, 2.5):
        with serving(tmp_path, free_port):  # killed at the end of the block; its crawl may live on
            wait_for(lambda: outcomes(config))
            time.sleep(seconds)
    with serving(tmp_path, free_port) as process:
        wait_for(lambda: outcomes(config)[:1] == [("crawl", "done")] and stored(config) == stored(whole))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=600)
    assert counts(config) == counts(whole)
