"""A small round of benchmarks/cluster.py: what is promised of several machines holds while parts die."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import postgres_server
from tests.support.paths import ROOT


@pytest.mark.slow
def test_workers_and_the_database_die_and_nothing_is_missing_doubled_or_asked_twice_at_once() -> None:
    postgres_server.server()  # says why there is none
    command = [sys.executable, "-m", "benchmarks.cluster", "--nodes", "0", "--workers", "2", "--threads", "2"]
    done = subprocess.run([*command, "--kills", "4"], cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert " 0 missing, 0 too many, 0 twice" in done.stdout
