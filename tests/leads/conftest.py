"""Fixtures of the tests of `leads`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.leads.commands import CONFIG


@pytest.fixture
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A current folder with a clinic's settings in it, and a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path
