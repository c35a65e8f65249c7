"""What holds for the coverage in a file holds for the one in a PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from crawler.spiders.forum.targets import TARGETS


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty coverage can be: a file, and a database that machines share."""
    if request.param == "file":
        return tmp_path / "coverage.sqlite"
    address: str = request.getfixturevalue("postgres")
    return address


@pytest.fixture
def coverage(place: Path | str) -> Iterator[Coverage]:
    with closing(Coverage(place, targets=TARGETS)) as opened:
        yield opened
