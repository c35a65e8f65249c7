"""What monitoring is told: figures that are true, from parts that answer, to those who may know."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families as families

from leads import storage
from leads.actions import room
from leads.records import rules, tokens, users
from leads.web.desk import Desk
from tests.support.outbox_people import alert, channel, person
from tests.support.visitors import BASE, browser_of, desk

Figures = Mapping[tuple[str, frozenset[str]], float]


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return desk(tmp_path)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    with app.state.desk.records.transaction() as session:
        owner = users.by_login(session, "admin") or users.add_user(
            session, login="watcher", name="监控", role="admin", now=datetime.now(UTC)
        )
        secret, _ = tokens.create(
            session, owner, name="prometheus", scopes=["coverage:read"], now=datetime.now(UTC)
        )
    return TestClient(app, base_url=BASE, headers={"Authorization": f"Bearer {secret}"})


def figures(client: TestClient) -> Figures:
    answer = client.get("/api/v1/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in families(answer.text)
        for sample in family.samples
    }


def value(found: Figures, name: str, *labels: str) -> float:
    return found[name, frozenset(labels)]


def test_they_are_what_the_stores_hold(client: TestClient, app: FastAPI) -> None:
    found = figures(client)
    for kind, count in app.state.desk.index.counts().items():
        assert value(found, "tingzhen_posts", kind) == count
    assert {value(found, "tingzhen_up", part) for part in ("index", "sources", "records", "data")} == {1}
    assert value(found, "tingzhen_disk_free_bytes") > 0
    assert value(found, "tingzhen_alert_lag_seconds") == 0


def test_an_alert_that_should_have_left_shows_as_lag(client: TestClient, app: FastAPI) -> None:
    records, now = app.state.desk.records, datetime.now(UTC)
    with records.transaction() as session:
        somebody = person(session)
        way = channel(session, somebody)
        rule = rules.add(session, name="x", kind="lead", query="", who="x", now=now)
        wishes = rules.subscribe(session, rule.id, somebody.id, way.id)
        alert(session, 1, wishes, at=now - timedelta(minutes=30))
    found = figures(client)
    assert value(found, "tingzhen_alerts", "waiting") == 1
    assert 1799 < value(found, "tingzhen_alert_lag_seconds") < 3600


def test_a_part_that_fails_takes_only_its_own_figures(client: TestClient, app: FastAPI) -> None:
    settings = app.state.desk.settings
    with storage.coverage(settings):
        pass
    shutil.rmtree(settings.data_dir / "coverage.sqlite", ignore_errors=True)
    (settings.data_dir / "coverage.sqlite").unlink(missing_ok=True)
    (settings.data_dir / "coverage.sqlite").mkdir()
    found = figures(client)
    assert value(found, "tingzhen_up", "sources") == 0
    assert value(found, "tingzhen_up", "index") == 1
    assert not any(name.startswith("tingzhen_source") for name, _ in found)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["failing"]) == (503, ["coverage"])
    assert client.get("/healthz").status_code == 200


def test_times_are_counted_by_route_and_never_by_what_strangers_make_up(client: TestClient) -> None:
    client.get("/healthz")
    client.get("/leads/forum/1?secret=x")
    client.get("/made-up/1")
    found = figures(client)
    names = {label for name, labels in found if name == "tingzhen_answer_seconds_count" for label in labels}
    assert {"/healthz", "/leads/{lead_id:path}", "other"} <= names
    assert not any("made-up" in each or "secret" in each for each in names)


def test_ready_when_every_store_answers(client: TestClient) -> None:
    assert client.get("/readyz").json() == {"status": "ok", "failing": [], "warning": []}


def test_a_disk_that_fills_up_is_a_warning_and_no_failure(app: FastAPI, client: TestClient) -> None:
    here: Desk = app.state.desk
    far = json.dumps({"at": (datetime.now(UTC) - timedelta(days=2)).isoformat(), "free": 2**60})
    (here.settings.data_dir / room.FILE).write_text(far + "\n", encoding="utf-8")  # it was a huge disk then
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["warning"]) == (200, ["disk"])
    assert value(figures(client), "tingzhen_disk_short") == 1
    for login, told in (("boss", True), ("marketer", False)):
        with browser_of(app, login) as browser:
            assert ("数据目录所在的磁盘只剩" in browser.get("/").text) == told
