"""Under what leads are found, in the tables of the embedded index: words, folding keys, what is counted.

Rows of one transaction are gathered and written at its end, each table's at once: a row of `spread` through a
SELECT took 139 µs a lead (SQLite builds a table for it) and takes 16 with its values; folding keys 51, and 32
in the order of their tree; asking for each lead's keys 70, and 11 for all of a batch at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from itertools import chain

import orjson

from leads.index.spread import present_codes, specialty_codes
from leads.index.terms import lead_terms
from leads.models import Lead

_WORDS = "INSERT INTO fts (rowid, words, subwords, tags) VALUES (?, ?, ?, ?)"
_SPREAD = "INSERT INTO spread VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BANDS = "INSERT OR IGNORE INTO bands (band, lead) VALUES (?, ?)"
Place = tuple[str | None, str | None, float | None, float | None, float | None]


class Filing:
    """Changes of one transaction. What is asked of it counts what is not written yet."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self.forget()

    def forget(self) -> None:
        """The transaction has ended, one way or the other: others may write now."""
        self._words: list[tuple[int, str, str, str]] = []
        self._spread: list[tuple[object, ...]] = []
        self._bands: list[tuple[int, int]] = []
        self._known: dict[int, set[int]] = {}  # band → rows under it, of the bands looked up so far

    def look_up(self, keys: Iterable[Sequence[int]]) -> None:
        """Learn which rows stand under any of these keys, before they are asked for one lead at a time."""
        wanted = [key for key in chain.from_iterable(keys) if key not in self._known]
        self._known |= {key: set() for key in wanted}
        for band, row in self._db.execute(
            "SELECT band, lead FROM bands WHERE band IN (SELECT value FROM json_each(?))",
            (orjson.dumps(wanted).decode(),),
        ):
            self._known[band].add(row)

    def rows_under(self, keys: Sequence[int]) -> set[int]:
        """Rows of leads that share a key; `keys` were looked up."""
        return set().union(*(self._known[key] for key in keys))

    def add(self, lead: Lead, rowid: int, keys: Sequence[int], case: tuple[str, str]) -> None:
        """A lead with its status and assignee becomes searchable."""
        terms = lead_terms(lead)
        self._words.append((rowid, terms.words, terms.subwords, terms.tags))
        codes = (" ".join(present_codes(lead.tags)), " ".join(specialty_codes(lead.tags)))
        counted = (lead.post.source, lead.tags.intent_label, *case, *place_of(lead), lead.need, *codes)
        self._spread.append((rowid, *counted))
        for key in keys:
            self._bands.append((key, rowid))
            self._known.setdefault(key, set()).add(rowid)

    def remove(self, lead: Lead, rowid: int, keys: Collection[int]) -> None:
        """A lead is searchable no more."""
        self.write()
        # A contentless FTS5 table forgets a row only when told the very terms it was given.
        terms = lead_terms(lead)
        self._db.execute(
            "INSERT INTO fts (fts, rowid, words, subwords, tags) VALUES ('delete', ?, ?, ?, ?)",
            (rowid, terms.words, terms.subwords, terms.tags),
        )
        self._db.executemany("DELETE FROM bands WHERE band = ? AND lead = ?", [(key, rowid) for key in keys])
        for key in keys:
            self._known.get(key, set()).discard(rowid)
        self._db.execute("DELETE FROM spread WHERE rowid = ?", (rowid,))

    def write(self) -> None:
        """What was gathered goes into the tables."""
        self._db.executemany(_WORDS, self._words)
        self._db.executemany(_SPREAD, self._spread)
        self._db.executemany(_BANDS, sorted(self._bands))
        self._words, self._spread, self._bands = [], [], []


def place_of(lead: Lead) -> Place:
    """Code, level, latitude, longitude and radius; Nones where nothing is known."""
    region = lead.tags.region
    if region is None:
        return (None,) * 5
    return region.code, region.level, region.lat, region.lon, region.radius_km
