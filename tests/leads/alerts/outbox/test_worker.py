"""The worker against real local servers: every alert arrives, once, in order, whatever dies meanwhile."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from leads.alerts.channels import http as wire
from leads.alerts.channels import mail
from leads.alerts.outbox import outbox
from leads.alerts.outbox.worker import POLL, Worker
from leads.records import Records, open_records
from leads.records.tables.alerts import Alert, Subscription
from tests.support.delivering import settings, workers
from tests.support.outbox_people import NOW, alert, channel, person, subscription
from tests.support.stand_ins import Got, Reply, StandIn, hang, stand_in

KILLS = 24


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as made:
        yield made


def hook(server: StandIn, path: str = "/") -> str:
    return json.dumps({"url": server.url + path, "token": "k" * 20})


def people(records: Records, address: str, count: int, **wishes: object) -> Subscription:
    """A subscription to a webhook with `count` alerts, due since long."""
    with records.transaction() as session:
        by = subscription(
            session, channel(session, person(session), address=address), **{"max_per_hour": 1000, **wishes}
        )
        for number in range(count):
            alert(session, number, by)
        return by


def wait_for(done: object, *, seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]  # a function without arguments
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.02)


def states(records: Records) -> Counter[str]:
    with records.reading() as session:
        return Counter(session.scalars(select(Alert.state)))


def test_all_that_is_due_goes_out_in_order(records: Records, tmp_path: Path, server: StandIn) -> None:
    people(records, hook(server), 12)
    assert Worker(records, settings(tmp_path)).run_once() == 12
    assert [got.headers["x-tingzhen-id"] for got in server.got] == [f"a1-{n:04}" for n in range(12)]
    assert states(records) == {"sent": 12}


def test_what_failed_is_tried_again_later(tmp_path: Path, server: StandIn) -> None:
    now = NOW + timedelta(minutes=1)
    with open_records(settings(tmp_path)) as records:
        people(records, hook(server), 2)
        worker = Worker(records, settings(tmp_path), lambda: now)
        server.says({}, 503)
        assert worker.run_once() == 1
        assert worker.run_once() == 0  # not yet
        server.says({}, 200)
        now += timedelta(minutes=1)
        assert worker.run_once() == 2
        assert states(records) == {"sent": 2}


def test_a_hanging_channel_does_not_hold_up_another(tmp_path: Path, server: StandIn) -> None:
    with stand_in() as slow, open_records(settings(tmp_path)) as records:
        slow.reply = hang(slow)
        with records.transaction() as session:
            user = person(session)
            for number, address in enumerate([hook(slow), hook(server)]):
                by = subscription(session, channel(session, user, address=address), name=str(number))
                alert(session, 1, by)
        worker = Worker(records, settings(tmp_path))
        worker.start()
        wait_for(lambda: server.got)
        slow.stop.set()
        worker.stop()
        assert states(records)["sent"] == 1


def test_a_stop_finishes_what_is_on_its_way_and_takes_nothing_more(tmp_path: Path, server: StandIn) -> None:
    going = threading.Event()

    def slowly(got: Got, wire: object) -> Reply:
        going.set()
        time.sleep(0.3)
        return 200, {}, b""

    server.reply = slowly
    with open_records(settings(tmp_path)) as records:
        people(records, hook(server), 3)
        worker = Worker(records, settings(tmp_path))
        worker.start()
        assert going.wait(600)
        worker.stop()
        assert states(records) == {"sent": 1, "waiting": 2}
        with records.reading() as session:
            assert (
                session.scalars(select(Alert.lease_until).where(Alert.lease_until.is_not(None))).all() == []
            )


def test_a_new_alert_is_found_by_itself(tmp_path: Path, server: StandIn) -> None:
    with open_records(settings(tmp_path)) as records:
        by = people(records, hook(server), 0)
        worker = Worker(records, settings(tmp_path))
        worker.start()
        with records.transaction() as session:
            alert(session, 1, by)
        wait_for(lambda: server.got)
        worker.stop()
    assert POLL < 1  # seconds between looks; five is what an alert may take


def test_a_template_that_breaks_is_a_reason_and_not_a_crash(tmp_path: Path, server: StandIn) -> None:
    with open_records(settings(tmp_path)) as records:
        by = people(records, hook(server), 0)
        with records.transaction() as session:
            alert(session, 1, by, payload={"title": 7, "lines": 5})
            other = channel(session, person(session, "wei"), address=hook(server, "/other"))
            alert(session, 2, subscription(session, other, name="另"))
        Worker(records, settings(tmp_path)).run_once()
        with records.reading() as session:
            broken = session.get_one(Alert, "a1-0001")
        assert (broken.state, broken.attempts) == ("waiting", 1)
        assert broken.reason.startswith("内部错误（TypeError）")
        assert [got.path for got in server.got] == ["/other"]


def test_two_workers_send_each_alert_once(records: Records, tmp_path: Path, server: StandIn) -> None:
    with records.transaction() as session:
        user = person(session)
        for number in range(6):
            by = subscription(
                session,
                channel(session, user, address=hook(server, f"/{number}")),
                name=str(number),
                max_per_hour=99,
            )
            for each in range(8):
                alert(session, each, by)
    workers = [Worker(records, settings(tmp_path)) for _ in range(2)]
    for worker in workers:
        worker.start()
    wait_for(lambda: states(records) == {"sent": 48})
    for worker in workers:
        worker.stop()
    got = [(each.path, each.headers["x-tingzhen-id"]) for each in server.got]
    assert len(got) == len(set(got)) == 48
    for path in {path for path, _ in got}:
        mine = [found for at, found in got if at == path]
        assert mine == sorted(mine)


class Receiver:
    """A webhook as documented: it drops what it has seen by its id, and counts what came twice."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.told: Counter[str] = Counter()  # alerts by title, of messages not dropped

    def __call__(self, got: Got, wire: object) -> Reply:
        time.sleep(random.uniform(0, 0.01))
        said = got.json
        if not self.seen[said["id"]]:
            for item in said["items"]:
                self.told[item["title"]] += 1
        self.seen[said["id"]] += 1
        time.sleep(random.uniform(0, 0.01))
        return 200, {}, b""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_worker_killed_at_random_loses_nothing_and_repeats_are_dropped_by_their_id(
    engine: str, tmp_path: Path, server: StandIn, request: pytest.FixtureRequest
) -> None:
    address = "sqlite" if engine == "sqlite" else request.getfixturevalue("postgres")
    chosen = settings(tmp_path, address)
    receiver = Receiver()
    server.reply = receiver
    with open_records(chosen) as records, workers(tmp_path, address) as processes:
        by = people(records, hook(server), 0)
        written = 0
        for _ in range(KILLS):
            with records.transaction() as session:
                for _ in range(10):
                    alert(session, written, by)
                    written += 1
            pid = processes.start()
            enough = sum(receiver.seen.values()) + random.randrange(2)  # ten alerts may be one message
            wait_for(lambda wanted=enough: sum(receiver.seen.values()) >= wanted)
            time.sleep(random.uniform(0, 0.02))
            processes.kill(pid)
            with records.transaction() as session:  # rather than waiting for the lease of the dead to end
                past = datetime.now(UTC) - timedelta(seconds=1)
                session.execute(update(Alert).where(Alert.state == "sending").values(lease_until=past))
        Worker(records, chosen).run_once()
        assert states(records) == {"sent": written}
    assert dict(receiver.told) == {f"第{number}条": 1 for number in range(written)}
    repeats = sum(receiver.seen.values()) - written
    print(f"{engine}: {KILLS} kills, {written} alerts, {repeats} sent twice, none lost")
    assert repeats <= KILLS  # one message was on its way at a kill, at most


def test_one_lease_outlasts_every_delivery() -> None:
    assert timedelta(seconds=2 * wire.DEADLINE) < outbox.LEASE
    assert timedelta(seconds=10 * mail.TIMEOUT) < outbox.LEASE
