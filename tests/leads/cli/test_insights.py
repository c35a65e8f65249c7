"""`tingzhen insights …`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads.index.sqlite.index import SqliteIndex
from tests.support.builders import mention, region
from tests.support.commands import CONFIG, run
from tests.support.seeds import fresh


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder in which seven people asked the same."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "data").mkdir()
    with SqliteIndex(tmp_path / "data" / "leads.sqlite") as index:
        index.upsert(
            [
                fresh(n, f"{n}号牙疼第{n}天，该挂什么科？", hours=n + 1, place=region("武侯区"), replies=0)
                for n in range(7)
            ]
        )
    return tmp_path


def test_topics_of_a_city() -> None:
    done = run("insights", "topics", "--city", "成都", "--span", "month")
    assert done.code == 0, done.err
    assert "牙痛  7  还没有往常可比" in done.out
    (told,) = run("insights", "topics", "--city", "成都", "--json").records
    assert told["city"] == "510100"
    assert not told["comparable"]


def test_questions_are_an_outline_or_lines() -> None:
    done = run("insights", "questions", "--symptom", "牙痛")
    assert done.out.startswith("# 牙痛：大家在问什么\n")
    assert "该挂什么科（7 人问过，7人没人回答）" in done.out
    (told,) = run("insights", "questions", "--json").records
    assert (told["kind"], told["people"]) == ("department", 7)


def test_groups_are_lines_of_cells() -> None:
    done = run("insights", "groups", "--city", "成都")
    assert done.code == 0, done.err
    assert "成都市  武侯区  没说是谁  牙痛  口腔科  7" in done.out
    (told,) = run("insights", "groups", "--json").records
    assert [(need["name"], need["verdict"]) for need in told["needs"]] == [("牙痛", "short")]


def test_needs_are_lines() -> None:
    with SqliteIndex(Path("data") / "leads.sqlite") as index:
        index.upsert(
            [fresh(20 + n, f"牙疼{n}", hours=40 + n, place=region("武侯区"), replies=0) for n in range(7)]
        )
        index.upsert(
            [fresh(50 + n, f"牙疼{n}", hours=40 + n, place=region("锦江区"), replies=2) for n in range(20)]
        )
    assert "武侯区  牙痛  没人回答" in run("insights", "needs", "--city", "成都").out
    (told,) = run("insights", "needs", "--json").records
    assert told["district"] == "510107"


def test_leads_like_a_description_or_like_a_lead() -> None:
    done = run("insights", "similar", "牙齿疼得厉害", "--limit", "3")
    assert done.out.count("forum/") == 3
    told = run("insights", "similar", "--lead", "forum/2", "--json").records
    assert {each["id"] for each in told} == {f"forum/{n}" for n in (0, 1, 3, 4, 5, 6)}


def test_voice_of_a_clinic(folder: Path) -> None:
    now = datetime.now(UTC)
    with SqliteIndex(folder / "data" / "leads.sqlite") as index:
        made = [mention(number) for number in range(6)]
        index.upsert_mentions([replace(each, post=replace(each.post, published_at=now)) for each in made])
    done = run("insights", "voice")
    assert done.code == 0, done.err
    assert "安和口腔  6  好评 6" in done.out
    assert "服务：好评 6（仔细）" in done.out
    (told,) = run("insights", "voice", "--clinic", "anhe", "--json").records
    assert (told["clinic"], told["names"][0]["moods"]) == ("anhe", {"praise": 6})


@pytest.mark.parametrize(
    "words",
    [
        ("topics", "--span", "year"),
        ("questions", "--city", "nowhere"),
        ("voice", "--clinic", "nowhere"),
        ("similar",),
        ("similar", "--lead", "forum/404"),
    ],
)
def test_what_cannot_be_understood_is_said(words: tuple[str, ...]) -> None:
    done = run("insights", *words)
    assert done.code == 2
    assert done.said.count("。") == 1
