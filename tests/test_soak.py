"""A day of work in fast time, small: real crawls by `tingzhen serve` while everything goes wrong that can."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.soak.faults import FAULTS
from tests.support.paths import ROOT
from tests.support.power_cut import needs_strace

HANG = 3600  # seconds; only ends a hang


@needs_strace
@pytest.mark.slow
@pytest.mark.timeout(HANG)
def test_nothing_is_lost_doubled_or_leaked_whatever_goes_wrong() -> None:
    words = [sys.executable, "-m", "benchmarks.soak", "--sources", "4", "--posts", "30", "--patience", "600"]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stdout + ran.stderr
    *turns, books = ran.stdout.splitlines()
    assert [name for name in FAULTS if any(f": {name}, " in turn for turn in turns)] == list(FAULTS)
    figures = json.loads(books)
    assert figures["posts"] == 4 * 30 * (len(FAULTS) + 1)
    assert figures["stored"] == figures["leads"] > 0
    assert figures["alerts"] >= figures["leads"] - figures["folded"] > 0
