"""docs/security.md says what is so: each requirement once, each met one with a test or a file that exists."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support.paths import TESTS

ROOT = TESTS.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([\d.]+) \| ([12]) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
# How many requirements of levels 1 and 2 each chapter of ASVS 5.0.0 has.
CHAPTERS = dict(enumerate((27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7), 1))
TEST_NAMES = {
    name
    for file in TESTS.rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
}


def test_every_requirement_stands_there_once() -> None:
    numbers = [number for number, *_ in ROWS]
    assert Counter(int(number.partition(".")[0]) for number in numbers) == CHAPTERS
    assert [number for number, count in Counter(numbers).items() if count > 1] == []


def test_every_row_says_how_it_stands() -> None:
    states = Counter(state for _, _, state, _ in ROWS)
    assert set(states) == {"met", "partly", "**not met**", "not applicable"}
    said = f"{states['met']} are met, {states['partly']} partly, {states['**not met**']} not, and "
    assert said + f"{states['not applicable']} are about" in PAGE


@pytest.mark.parametrize(
    ("number", "how"), [(number, how) for number, _, state, how in ROWS if state == "met"]
)
def test_a_met_one_names_a_test_or_the_file_that_does_it(number: str, how: str) -> None:
    named = [each for each in re.findall(r"`([^`]+)`", how) if "/" in each or each.startswith("test_")]
    files = [each for each in (*named, *re.findall(r"`(pyproject\.toml)`", how)) if "." in each]
    assert named or files, f"{number} names nothing"
    assert [each for each in named if each.startswith("test_") and each not in TEST_NAMES] == []
    assert [each for each in files if not (ROOT / each).exists()] == []


def test_tests_named_anywhere_on_the_page_exist() -> None:
    assert set(re.findall(r"`(test_\w+)`", PAGE)) - TEST_NAMES == set()
