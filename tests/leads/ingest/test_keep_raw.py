"""What cannot be read is kept without names, and as it came only for as long as somebody asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.config import Settings
from leads.storage import quarantine, whole_records
from tests.support.commands import run

NICK = "爱吃火锅的小林同学"
RECORD = {"user": {"nickname": NICK}, "nickname": NICK, "text": "牙疼", "created_at": "从前有一天"}
SETTINGS = Settings(data_dir=Path("data"))


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "posts.jsonl"
    made.write_text(json.dumps(RECORD, ensure_ascii=False) + "\n", "utf-8")
    return made


def said(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def test_without_being_asked_no_name_is_kept(file: Path) -> None:
    run("ingest", str(file))
    assert "posts.jsonl" in said(quarantine(SETTINGS).path)
    assert NICK not in said(quarantine(SETTINGS).path)
    assert not whole_records(SETTINGS).path.exists()


def test_on_demand_it_is_kept_as_it_came_until_its_day(file: Path) -> None:
    run("ingest", str(file), "--keep-raw", "3")
    whole = whole_records(SETTINGS)
    assert NICK in said(whole.path)
    assert NICK not in said(quarantine(SETTINGS).path)
    now = datetime.now(UTC)
    assert whole.prune(now + timedelta(days=2)) == 0
    assert NICK in said(whole.path)
    assert whole.prune(now + timedelta(days=4)) == 1
    assert NICK not in said(whole.path)


def test_an_erasure_reaches_it(file: Path) -> None:
    long = "右边的智齿肿得厉害吃了药也没用"
    file.write_text(json.dumps({**RECORD, "text": long}, ensure_ascii=False) + "\n", "utf-8")
    run("ingest", str(file), "--keep-raw", "3")
    assert whole_records(SETTINGS).erase([long]) == 1
    assert NICK not in said(whole_records(SETTINGS).path)
