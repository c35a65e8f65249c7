"""`tingzhen ten`: the ten of today, and one answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from leads.index.sqlite.index import SqliteIndex
from tests.support.builders import region
from tests.support.commands import CONFIG, run
from tests.support.seeds import fresh


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with three leads."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "data").mkdir()
    with SqliteIndex(tmp_path / "data" / "leads.sqlite") as index:
        index.upsert([fresh(n, f"{n}号牙疼第{n}天", hours=n + 1, place=region("武侯区")) for n in range(3)])
    return tmp_path


def test_the_ten_of_today_are_listed_and_answered_one_by_one() -> None:
    asked = run("ten", "--json").records
    assert [each["answer"] for each in asked] == ["", "", ""]
    first = str(asked[0]["lead_id"])
    assert "记下了：跳过" in run("ten", first, "skip").out
    assert "没有改动" in run("ten", first, "seeker").out
    assert run("ten").out.startswith(f"1. [已答：跳过] {first}")
    assert [each["answer"] for each in run("ten", "--json").records] == ["skip", "", ""]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("forum/1",), "请同时写"),
        (("forum/none", "seeker"), "没有 id 为"),
        (("forum/1", "patient"), "不认识"),
    ],
)
def test_what_cannot_be_kept_is_said(words: tuple[str, ...], complaint: str) -> None:
    done = run("ten", *words)
    assert done.code == 3
    assert complaint in done.said
