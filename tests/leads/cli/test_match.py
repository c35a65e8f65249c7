"""`tingzhen match`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import CONFIG, run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "asked.txt").write_text("后槽牙疼了三天", encoding="utf-8")
    return tmp_path


def test_a_file_leads_to_specialty_clinic_and_questions() -> None:
    done = run("match", "asked.txt", "--place", "成都武侯区")
    assert done.code == 0, done.err
    assert "不是诊断" in done.out
    assert "口腔科：说到“" in done.out
    assert "问：" in done.out
    (told,) = run("match", "asked.txt", "--json").records
    assert [each["code"] for each in told["specialties"]] == ["dental"]


def test_what_cannot_be_read_is_said() -> None:
    assert "读不了" in run("match", "missing.txt").said
    assert "找不到" in run("match", "asked.txt", "--place", "亚特兰蒂斯").said
