"""What was deleted is in no byte of the file: neither among the words nor where rows once stood."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.index.sqlite.index import SqliteIndex
from tests.support.builders import lead

LEADS, GONE = 500, 250
SIGNS = [chr(code) for code in range(0x4E00, 0x5200)]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    """Half of the leads were deleted. Of these rows SQLite 3.40 leaves a copy of one in an unused place."""
    dice = random.Random(2)
    numbers = dice.sample(range(1000, 9999), LEADS)
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        for start in range(0, LEADS, 10):
            opened.upsert(
                [
                    lead(
                        number,
                        f"罕见{number}" + "".join(dice.choices(SIGNS, k=dice.choice([20, 60, 150]))),
                        hours=dice.random() * 1000,
                    )
                    for number in numbers[start : start + 10]
                ]
            )
        opened.delete([f"forum/{number}" for number in numbers[:GONE]])
        yield opened


def left(index: SqliteIndex) -> set[str]:
    """Deleted leads of which something can be read in the file or its log."""
    raw = b"".join(Path(f"{index._path}{end}").read_bytes() for end in ("", "-wal"))
    found = {number.decode() for number in re.findall("罕见(\\d{4})".encode(), raw)}
    return found - {each.id.partition("/")[2] for each in index.digests("leads")}


def test_a_scrub_leaves_nothing(index: SqliteIndex) -> None:
    assert left(index)
    index.scrub()
    assert left(index) == set()
    assert index.counts()["leads"] == LEADS - GONE


def test_tidying_merges_words_once_a_day_and_writes_the_file_anew_once_a_month(index: SqliteIndex) -> None:
    done: list[str] = []
    index._db.set_trace_callback(done.append)

    def tidied(after: timedelta) -> tuple[bool, bool]:
        done.clear()
        index.tidy(datetime.now(UTC) + after)
        return any("merge" in each for each in done), "VACUUM" in done

    assert tidied(timedelta(hours=1)) == (False, False)
    assert tidied(timedelta(hours=21)) == (True, False)
    assert tidied(timedelta(hours=22)) == (False, False)
    assert tidied(timedelta(days=31)) == (True, True)
    assert left(index) == set()
    assert tidied(timedelta(days=31, hours=1)) == (False, False)
