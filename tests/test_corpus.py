"""What strangers send is read, or refused in words: inputs that once went wrong, and some changed at random.

`python -m benchmarks.fuzz` looks for longer, and puts what it finds into tests/fixtures/fuzz.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.fuzzing import CORPUS, TARGETS, changed, outcome

KEPT = sorted(file for file in CORPUS.rglob("*") if file.is_file())
NAMES = {name.replace(" ", "_"): name for name in TARGETS}
ROUNDS = 12


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_once_went_wrong_is_read_or_refused(file: Path) -> None:
    assert outcome(TARGETS[NAMES[file.parent.name]], file.read_bytes()) == ""


@pytest.mark.parametrize("name", TARGETS)
def test_what_changes_begin_with_is_read_or_refused(name: str) -> None:
    assert TARGETS[name].seeds
    assert [said for said in (outcome(TARGETS[name], seed) for seed in TARGETS[name].seeds) if said] == []


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused(name: str) -> None:
    draw = random.Random(name)
    for _ in range(ROUNDS):
        data = changed(draw.choice(TARGETS[name].seeds), draw)
        assert outcome(TARGETS[name], data) == "", data
