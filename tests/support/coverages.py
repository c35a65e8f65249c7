"""Looking into a coverage, whichever database it is in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from crawler.coverage.database import connect


def rows(place: Path | str, sql: str) -> list[tuple[object, ...]]:
    """What a statement gives there."""
    with closing(connect(place)) as database:
        return database.execute(sql).fetchall()
