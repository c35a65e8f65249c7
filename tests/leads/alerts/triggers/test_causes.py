"""Causes and alerts: once a cause, for whom it concerns, together with what was stored."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from leads.alerts.messages.message import Payload
from leads.alerts.triggers.causes import Causes
from leads.errors import StorageError
from leads.records import heard, rules
from leads.records.tables.alerts import Channel, Rule, Subscription
from leads.records.tables.people import User
from leads.records.tables.work import Erasure
from tests.support.alert_world import COUNT, LEAD, World, crash_posts
from tests.support.builders import NOW, post
from tests.support.paths import ROOT

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_new_lead_and_a_new_mention_are_told_with_what_they_say(world: World) -> None:
    lin = world.person("lin")
    world.rule("lead", "q=牙疼", lin, name="牙疼的人")
    world.rule("mention", "", lin, name="提到我们")
    report = world.store(post(1, LEAD, url="https://forum.example/1"), post(2, "安和口腔坑人，已经起诉"))
    assert report.alerts == 2
    first, second = world.alerts()
    assert (first.id != second.id, first.state, first.next_at, first.created_at) == (
        True,
        "waiting",
        NOW,
        NOW,
    )
    lead = Payload.from_json(first.payload)
    assert (lead.rule, lead.page, lead.post_url) == ("牙疼的人", "/leads/forum/1", "https://forum.example/1")
    assert lead.lines == (LEAD,)
    mention = Payload.from_json(second.payload)
    assert (mention.title, mention.clinic, mention.severity) == (
        "安和口腔 被提到：不满（投诉、纠纷）", "安和口腔", "critical",
    )  # fmt: skip
    assert (second.kind, second.severity, second.post_id) == ("mention", "critical", "forum/2")
    assert mention.page == "/mentions/forum/2%23anhe"


def test_reading_it_again_tells_nothing_again(world: World) -> None:
    world.rule("lead", "", world.person("lin"))
    posts = [post(number, f"{LEAD}{number * 7919}") for number in range(5)]
    assert world.store(*posts).alerts == 5
    assert world.store(*posts).alerts == 0
    assert world.store(*posts[::-1]).alerts == 0
    assert len(world.alerts()) == len(world.causes()) == 5


def test_a_rule_sees_what_is_new_after_it(world: World) -> None:
    world.store(post(1, LEAD))
    world.rule("lead", "", world.person("lin"))
    world.store(post(1, LEAD), post(2, "牙疼得睡不着，求助大家，哪家好"))
    assert world.told() == [("lead:forum/2", 1)]


@pytest.mark.parametrize(("days", "alerts"), [(6.9, 1), (7.1, 0), (100, 0)])
def test_an_old_post_is_a_cause_and_no_alert(world: World, days: float, alerts: int) -> None:
    world.rule("lead", "", world.person("lin"))
    report = world.store(post(1, LEAD, published_at=NOW - timedelta(days=days)))
    assert (report.leads, report.alerts) == (1, alerts)
    assert world.causes() == ["lead:forum/1"]


def test_a_near_duplicate_is_told_once_whatever_comes_first(world: World) -> None:
    world.rule("lead", "", world.person("lin"))
    text = "孩子长了蛀牙一直喊牙疼，想问问武侯区哪家口腔诊所补牙比较好，求推荐"
    world.store(post(2, text), post(3, text + "啊", published_at=NOW - timedelta(minutes=5)))
    assert world.told() == [("lead:forum/2", 1)]
    # Found later, published earlier: it takes the head's place, and people were told.
    world.store(post(1, text + "！", published_at=NOW - timedelta(hours=9)))
    assert world.index.counts() == {"leads": 1, "folded": 2, "mentions": 0}
    assert world.told() == [("lead:forum/2", 1)]
    assert len(world.causes()) == 3


def test_one_person_hears_once_by_each_channel_however_many_rules_fit(world: World) -> None:
    lin, wu = world.person("lin"), world.person("wu")
    world.rule("lead", "q=牙疼", lin, name="一天一次", frequency="daily")
    soon = world.rule("lead", "", lin, wu, name="马上")
    world.store(post(1, LEAD))
    mine, others = world.alerts()
    assert (mine.user_id, mine.rule_id, mine.payload["rule"]) == (lin[0], soon.id, "马上、一天一次")
    assert others.payload["rule"] == "马上"


def test_a_doctor_hears_of_own_clinics_only(world: World) -> None:
    doctor = world.person("gu", "doctor", ["qingmu"])
    lost = world.person("he", "doctor", [])
    everyone = world.person("lin")
    world.rule("mention", "", doctor, lost, everyone)
    world.rule("lead", "", doctor, everyone)
    world.store(post(1, "安和口腔很好"), post(2, "青木中医很好"), post(3, LEAD))
    assert world.told() == [
        ("lead:forum/3", everyone[0]),
        ("mention:forum/1#anhe", everyone[0]),
        ("mention:forum/2#qingmu", doctor[0]),
        ("mention:forum/2#qingmu", everyone[0]),
    ]


@pytest.mark.parametrize("what", ["rule", "subscription", "user", "channel"])
def test_what_is_switched_off_hears_nothing(world: World, what: str) -> None:
    lin = world.person("lin")
    made = world.rule("lead", "", lin)
    world.store(post(1, LEAD))
    with world.records.transaction() as session:
        rows: dict[str, Any] = {
            "rule": session.get(Rule, made.id),
            "subscription": session.scalars(select(Subscription)).one(),
            "user": session.get(User, lin[0]),
            "channel": session.get(Channel, lin[1]),
        }
        if what == "rule":
            rules.set_enabled(session, made.id, False, who="lin", now=LATER)
        elif what == "subscription":
            rows[what].enabled = False
        elif what == "user":
            rows[what].disabled = True
        else:
            rows[what].removed = True
    world.store(post(2, "牙疼得睡不着，求助大家，哪家好"))
    assert len(world.alerts()) == 1
    assert len(world.causes()) == 2


def test_a_changed_rule_is_read_anew(world: World) -> None:
    made = world.rule("lead", "q=头晕", world.person("lin"))
    assert world.store(post(1, LEAD)).alerts == 0
    with world.records.transaction() as session:
        rules.change(session, made.id, version=1, who="lin", now=LATER, query="q=牙疼")
    assert world.store(post(2, "牙疼得睡不着，求助大家，哪家好")).alerts == 1


def test_nothing_told_means_nothing_in_the_outbox_but_the_cause(world: World) -> None:
    report = world.store(post(1, LEAD), post(2, "安和口腔很好"), post(3, "今天天气好"))
    assert (report.alerts, world.causes()) == (0, ["lead:forum/1", "mention:forum/2#anhe"])


def test_a_failure_of_the_records_leaves_no_alert_without_cause(world: World, tmp_path: Path) -> None:
    world.rule("lead", "", world.person("lin"))
    with world.records.engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(StorageError):
        world.store(post(1, LEAD))
    assert (world.causes(), world.told()) == ([], [])
    with world.records.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    assert world.store(post(1, LEAD)).alerts == 1


def test_two_processes_with_the_same_posts_tell_once(tmp_path: Path) -> None:
    one, other = World(tmp_path), World(tmp_path)
    try:
        one.rule("lead", "", one.person("lin"))
        posts = [post(number, f"{LEAD}{number * 7919}") for number in range(4)]
        assert one.store(*posts[:3]).alerts + other.store(*posts).alerts == 4
        assert len(one.alerts()) == 4
    finally:
        one.close()
        other.close()


# --- erased, counted, marked ------------------------------------------------------------


@pytest.mark.parametrize(("key", "kind"), [("forum/1", "post"), ("author1", "author")])
def test_what_was_erased_never_comes_back(world: World, key: str, kind: str) -> None:
    with world.records.transaction() as session:
        session.add(Erasure(key=key, kind=kind, at=NOW, who="lin"))
    report = world.store(post(1, "安和口腔求推荐"), post(2, LEAD))
    assert (report.read, report.erased, report.leads, report.mentions) == (2, 1, 1, 0)
    assert report.read == report.leads + report.unmatched + report.expired + report.erased
    assert world.index.get("forum/1") is None
    assert world.causes() == ["lead:forum/2"]


def test_voices_count_each_post_once(world: World) -> None:
    posts = [
        post(1, "安和口腔很仔细，推荐"),
        post(2, "康贝齿科坑人"),
        post(3, "安和口腔和康贝齿科比哪个好"),
        post(4, "青木中医怎么样"),
    ]
    world.store(*posts)
    world.store(*posts)
    day = NOW.date()
    with world.records.reading() as session:
        found = heard.shares(session, "anhe", since=day - timedelta(days=1), until=day + timedelta(days=2))
        later = heard.shares(session, "anhe", since=day + timedelta(days=2), until=day + timedelta(days=9))
    assert {term: (share.posts, share.praises, share.complaints) for term, share in found.items()} == {
        "": (2, 1, 0), "康贝齿科": (2, 0, 1),
    }  # fmt: skip
    assert later == {}


def test_old_causes_marks_and_voices_are_forgotten(world: World) -> None:
    world.store(post(1, "安和口腔很好", thread_id="7"), post(2, LEAD))
    world.ingestor.expire(NOW + timedelta(days=300))
    assert world.causes() == []
    with world.records.reading() as session:
        assert heard.marks(session, [post(3, "", thread_id="7")]) == set()
        assert (
            heard.shares(session, "anhe", since=NOW.date() - timedelta(9), until=NOW.date() + timedelta(9))
            == {}
        )


# --- killed ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_and_read_again_every_alert_is_there_once(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path)
    world.rule("lead", "", world.person("lin"))
    world.rule("mention", "", world.person("wu"))
    chance = random.Random(seed)
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-m", "tests.support.alert_world", tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(chance.randrange(1, COUNT // 2 - 2)):
        assert process.stdout.readline()
    time.sleep(chance.random() * 0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    causes, alerts = set(world.causes()), world.told()
    assert {cause for cause, _ in alerts} == causes  # neither without the other
    stored = {hit.id for hit in world.index.mentions(limit=1000)}
    assert {f"mention:{each}" for each in stored} >= {each for each in causes if each[:2] == "me"}
    world.store(*crash_posts())
    assert len(world.told()) == len(set(world.told())) == 2 * COUNT
    world.close()


def test_a_death_between_index_and_records_is_healed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.rule("lead", "", world.person("lin"))
    whole = world.records.transaction

    def dies() -> Any:
        raise KeyboardInterrupt

    world.records.transaction = dies  # type: ignore[method-assign]  # the power goes here
    with pytest.raises(KeyboardInterrupt):
        world.store(post(1, LEAD))
    world.records.transaction = whole  # type: ignore[method-assign]  # and is back
    assert world.index.get("forum/1") is not None
    assert world.told() == []
    assert world.store(post(1, LEAD)).alerts == 1
    world.close()


def test_the_age_limit_is_a_setting() -> None:
    assert Causes(max_age=timedelta(days=1)).max_age == timedelta(days=1)
