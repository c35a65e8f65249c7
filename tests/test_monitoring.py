"""What docs/monitoring asks for is what the desk offers, the rules are sound, and each says what to do."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from fastapi.testclient import TestClient

from crawler.coverage.runs import Totals
from crawler.coverage.store import Coverage
from leads.actions import room
from leads.config import BackupSettings
from leads.index.sqlite.index import SqliteIndex
from leads.learning.drift import LEAST
from leads.web.app import create_app
from tests.support.builders import lead, tags
from tests.support.paths import ROOT
from tests.support.programs import program
from tests.support.seeds import settings

MONITORING = ROOT / "docs" / "monitoring"
RULES = MONITORING / "alerts.yml"
DASHBOARD = MONITORING / "dashboard.json"
NAME = re.compile(r"\btingzhen_[a-z_]+")


def rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def questions() -> Iterator[str]:
    """Every expression of the rules and of the dashboard's panels."""
    yield from (rule["expr"] for rule in rules())
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What /metrics says of an installation that has everything: a run, backups, a disk that fills up."""
    folder, now = tmp_path_factory.mktemp("data"), datetime.now(UTC)
    source = '[own]\nengine = "discuz"\nurl = "https://own.example/"\nboards = ["36"]\n'
    (folder / "sources.toml").write_text(source, encoding="utf-8")
    with closing(Coverage(folder / "coverage.sqlite")) as coverage:
        run = coverage.start_run("own", {}, now)
        coverage.save_run(run, Totals(pages=1), robots="", first=None, last=None)
        coverage.finish_run(run, "ok", "", now)
    with SqliteIndex(folder / "leads.sqlite") as index:
        for days, seeker in ((20, 0.95), (1, 0.45)):
            made = [lead(days * 1000 + number, f"{number}号牙疼") for number in range(LEAST)]
            index.upsert(
                [
                    replace(
                        each,
                        post=replace(each.post, published_at=now - timedelta(days=days)),
                        tags=tags(each.post.full_text, seeker=seeker),
                    )
                    for each in made
                ]
            )
    older = json.dumps({"at": (now - timedelta(days=2)).isoformat(), "free": 2**60})
    (folder / room.FILE).write_text(older + "\n", encoding="utf-8")
    archives = folder.parent / "archives"
    archives.mkdir()
    (archives / now.strftime("tingzhen-%Y%m%dT%H%M%SZ.tar")).touch()
    configured = settings(folder).model_copy(update={"backup": BackupSettings(folder=str(archives))})
    app = create_app(configured)
    with TestClient(app):
        client = program(app, scopes=["coverage:read"])
        client.get("/metrics")  # so that the time of an answer is known
        return client.get("/metrics").text


def test_every_figure_they_ask_for_is_offered(offered: str) -> None:
    asked = {name for question in questions() for name in NAME.findall(question)}
    known = {line.partition("{")[0].partition(" ")[0] for line in offered.splitlines() if line[:1] != "#"}
    assert asked - known == set()
    assert {
        "tingzhen_answer_seconds_bucket",
        "tingzhen_score_drift",
        "tingzhen_disk_days_left",
    } <= asked | known


def test_every_label_they_ask_for_is_offered(offered: str) -> None:
    for question in questions():
        for name, labels in re.findall(r"(tingzhen_[a-z_]+)\{([^}]*)\}", question):
            for label in re.findall(r"(\w+)[=!]", labels):
                assert re.search(rf'^{name}\{{[^}}]*\b{label}="', offered, re.M), (name, label)


def test_every_figure_is_explained(offered: str) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    families = set(re.findall(r"^# TYPE (tingzhen_\w+) (?:gauge|histogram)", offered, re.M))
    families -= {name for name in families if name.endswith("_created")}
    assert {name for name in families if name not in page} == set()


def test_every_rule_says_what_to_do() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(Tingzhen\w+)` \| .{20}", page, re.M))
    assert {rule["alert"] for rule in rules()} == rows


@pytest.mark.parametrize("what", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(what: tuple[str, ...]) -> None:
    ran = subprocess.run(  # noqa: S603 - a program of the system's, on files of ours
        ["promtool", *what],  # noqa: S607 - make promtool
        cwd=MONITORING,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "SUCCESS" in ran.stdout + ran.stderr


def test_the_dashboard_can_be_imported_as_it_is() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert board["title"] == "tingzhen"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] and panel["datasource"]["uid"] == "${source}" for panel in panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
