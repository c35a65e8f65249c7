"""The whole of it: a scheduled crawl of a local forum → leads and mentions → alerts at a local channel, with
kills on the way. Nothing is lost, and nobody is told anything twice."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from crawler.sample.forum import serve_forum, sources_toml
from leads import storage
from leads.actions import schedule
from leads.alerts.channels.form import read_form
from leads.config import Settings, load_settings
from leads.index import open_backend
from leads.models import LeadQuery
from leads.records import jobs as job_records
from leads.records import open_records, rules, users
from leads.records.clinics import adopt_file
from leads.records.tables.alerts import Alert, Cause, Channel
from tests.support.commands import start
from tests.support.stand_ins import StandIn, stand_in

KILLS = 6
CONFIG = """
[crawl]
sources = "sources.toml"

[alerts]
private_addresses = true

[[clinics]]
id = "anhe"
name = "安和口腔"
lat = 30.6386
lon = 104.0536
doctors = ["林知远医生"]
"""


def prepare(folder: Path, forum_url: str, hook: StandIn, *, delay: float) -> Settings:
    """A clinic that is set up: a person with a channel, told of every mention and of every near lead."""
    folder.mkdir(exist_ok=True)
    toml = sources_toml(forum_url).replace("delay = 0.0", f"delay = {delay}")
    (folder / "sources.toml").write_text(toml, encoding="utf-8")
    (folder / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_settings(folder / "tingzhen.toml")
    storage.data_dir(settings)
    now = datetime.now(UTC)
    with open_records(settings) as records, records.transaction() as session:
        adopt_file(session, settings)
        user = users.add_user(session, login="lin", name="林", role="admin", now=now)
        address = read_form("webhook", {"address": hook.url + "/hook", "secret": "s" * 20}, settings.alerts)
        channel = Channel(user_id=user.id, name="群", kind="webhook", address=address, created_at=now)
        session.add(channel)
        session.flush()
        for kind, query in (("mention", ""), ("lead", "near=anhe&min_need=0.3")):
            rule = rules.add(session, name=kind, kind=kind, query=query, who="lin", now=now)  # type: ignore[arg-type]  # a literal
            rules.subscribe(session, rule.id, user.id, channel.id, max_per_hour=1000)
    return settings


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server as a process; what it left running at the end of the block is killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start("serve", "--port", str(port), cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=600)


def wait_for(done: Callable[[], object], *, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.5)  # looking opens the records and the index, which costs more than a page of the crawl


def quiet(settings: Settings) -> bool:
    """A crawl was done to its end, and no alert is waiting."""
    with open_records(settings) as records, records.reading() as session:
        crawled = [job.state for job in job_records.recent(session, subject="sample-forum")][:1]
        waiting = session.scalars(select(Alert.id).where(Alert.state.in_(("waiting", "sending")))).all()
    return crawled == ["done"] and not waiting


def alerts(settings: Settings) -> dict[str, tuple[str, str]]:
    """Alert id → (cause, state)."""
    with open_records(settings) as records, records.reading() as session:
        return {each.id: (each.cause_id, each.state) for each in session.scalars(select(Alert))}


def causes(settings: Settings) -> set[str]:
    with open_records(settings) as records, records.reading() as session:
        return set(session.scalars(select(Cause.id)))


def found(settings: Settings) -> tuple[set[str], set[str]]:
    """Ids of all searchable leads and of all mentions."""
    now = datetime.now(UTC)
    with open_backend(settings) as index:
        leads = {hit.lead.id for hit in index.search(LeadQuery(limit=1000), now=now).items}
        return leads, {mention.id for mention in index.mentions(limit=1000)}


def subjects(settings: Settings, told: dict[str, tuple[str, str]]) -> list[str]:
    """What was told: of near-duplicates whichever was found first, here the one the others are kept under."""
    now = datetime.now(UTC)
    heads: dict[str, str] = {}
    with open_backend(settings) as index:
        for hit in index.search(LeadQuery(limit=1000), now=now).items:
            heads |= {f"lead:{lead.id}": f"lead:{hit.lead.id}" for lead in index.folded(hit.lead.id)}
    return sorted(heads.get(cause, cause) for cause, _ in told.values())


@pytest.mark.slow
def test_crawl_leads_mentions_and_alerts_survive_kills_at_any_moment(tmp_path: Path) -> None:
    moments = random.Random(20261122)  # the same at every run, as far as a machine's pace is
    with serve_forum() as forum, stand_in() as unkilled_hook, stand_in() as hook:
        unkilled = prepare(tmp_path / "unkilled", forum.url, unkilled_hook, delay=0.0)
        schedule.run_once(unkilled)

        settings = prepare(tmp_path / "killed", forum.url, hook, delay=0.05)
        for _ in range(KILLS):
            with serving(tmp_path / "killed") as process:
                assert process.stderr is not None
                process.stderr.readline()  # it is open
                time.sleep(moments.uniform(0.0, 3.0))
        with serving(tmp_path / "killed") as process:
            wait_for(lambda: quiet(settings))
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err

    assert found(settings) == found(unkilled)
    assert causes(settings) == causes(unkilled)
    told = alerts(settings)
    assert subjects(settings, told) == subjects(unkilled, alerts(unkilled))
    assert {state for _, state in told.values()} == {"sent"}
    assert {cause.partition(":")[0] for cause, _ in told.values()} == {"lead", "mention"}
    got = Counter(json.loads(each.body)["id"] for each in hook.got)
    assert set(got) == set(told)
    # A kill between the channel's answer and our writing it down sends a message again, with the same id, by
    # which the receiver knows it: at most one for each kill.
    assert sum(got.values()) - len(got) <= KILLS
