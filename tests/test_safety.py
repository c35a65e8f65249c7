"""The checks that `make check` makes find what they are for, and say so when they could not ask."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import safety

TOKEN = "xoxb-" + "1234567890-" * 2 + "a" * 24
PASSWORD = "pass" + 'word = "hunter2-and-more"'
HOLE = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}


def answers(monkeypatch: pytest.MonkeyPatch, out: str, err: str = "", code: int = 0) -> None:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(safety, "_run", run)


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages})


@pytest.mark.parametrize(
    ("name", "text", "kinds"),
    [
        ("leads/x.py", f"x = '{TOKEN}'", {"Slack Token"}),
        ("tests/x.py", f"x = '{TOKEN}'", {"Slack Token"}),
        ("leads/x.py", PASSWORD, {"Secret Keyword"}),
        ("tests/x.py", PASSWORD, set()),  # what an example looks like
        ("leads/x.py", "x = 1", set()),
        ("leads/x.py", "-----BEGIN RSA " + "PRIVATE KEY-----", {"Private Key"}),
    ],
)
def test_a_secret_in_a_file_is_found(tmp_path: Path, name: str, text: str, kinds: set[str]) -> None:
    file = tmp_path / name
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    assert {kind for _, kind, _ in safety.secrets_in([file], tmp_path)} == kinds


def test_what_only_looks_like_a_secret_has_a_reason() -> None:
    entries = json.loads(safety.KNOWN.read_text("utf-8"))
    assert [each["file"] for each in entries if not each["why"]] == []
    assert [each["file"] for each in entries if not (safety.ROOT / each["file"]).exists()] == []


def test_a_vulnerable_version_fails_and_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = {"name": "b", "version": "1", "vulns": []}
    answers(monkeypatch, report({"name": "a", "version": "1.0", "vulns": [HOLE]}, fine), code=1)
    assert not safety.vulnerabilities()
    assert "a 1.0: PYSEC-1, mended in 2.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "err"), [(report({"name": "a", "skip_reason": "not found"}), ""), ("", "no route to host")]
)
def test_who_could_not_ask_says_so_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, err: str
) -> None:
    answers(monkeypatch, out, err)
    assert safety.vulnerabilities()
    (line,) = capsys.readouterr().out.splitlines()
    assert "NOT CHECKED" in line
