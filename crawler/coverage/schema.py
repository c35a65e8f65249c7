"""Tables of the coverage, and how older ones become newer ones; `postgres` turns them for PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

_FIRST = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, outcome TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '', asked TEXT NOT NULL, robots TEXT NOT NULL DEFAULT '', totals TEXT NOT NULL,
  first_at TEXT, last_at TEXT);
CREATE INDEX run_source ON run (source, id);
CREATE TABLE note (
  run INTEGER NOT NULL, kind TEXT NOT NULL, scope TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX note_run ON note (run);
CREATE TABLE cursor (source TEXT, scope TEXT, value TEXT NOT NULL, PRIMARY KEY (source, scope)) WITHOUT ROWID;
CREATE TABLE task (
  source TEXT, key TEXT, grp TEXT NOT NULL, value TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source, key));
CREATE INDEX task_group ON task (source, grp);
CREATE TABLE mark (source TEXT, grp TEXT, value TEXT NOT NULL, PRIMARY KEY (source, grp)) WITHOUT ROWID;
CREATE TABLE seen (
  source TEXT, post_id TEXT, digest BLOB NOT NULL, alias TEXT NOT NULL,
  PRIMARY KEY (source, post_id)) WITHOUT ROWID;
CREATE INDEX seen_alias ON seen (source, alias) WHERE alias != '';
CREATE TABLE day (source TEXT, day TEXT, posts INTEGER NOT NULL, PRIMARY KEY (source, day)) WITHOUT ROWID;
CREATE TABLE pause (
  host TEXT PRIMARY KEY, until TEXT NOT NULL, reason TEXT NOT NULL, strikes INTEGER NOT NULL);
CREATE TABLE budget (source TEXT, day TEXT, pages INTEGER NOT NULL, PRIMARY KEY (source, day)) WITHOUT ROWID;
"""

# Posts that are kept downstream, the page that shows each, and when it was last seen there.
_RECHECKS = """
CREATE TABLE visit (
  source TEXT, page TEXT, task TEXT NOT NULL, checked TEXT NOT NULL,
  PRIMARY KEY (source, page)) WITHOUT ROWID;
CREATE INDEX visit_checked ON visit (source, checked);
CREATE TABLE kept (
  source TEXT, id TEXT, page TEXT NOT NULL, published TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE INDEX kept_page ON kept (source, page)
"""
# What came of each list of a run.
_LISTS = "ALTER TABLE run ADD COLUMN lists TEXT NOT NULL DEFAULT '{}'"
# What parsers met in a run and did not understand: name → pages.
_STRANGE = "ALTER TABLE run ADD COLUMN strange TEXT NOT NULL DEFAULT '{}'"
# What a board's list and its feed showed, what pages of threads showed, and what pages read again held.
_VIEWS = """
CREATE TABLE sighting (
  source TEXT, board TEXT, view TEXT, thread TEXT, posts INTEGER, day TEXT NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (source, board, view, thread)) WITHOUT ROWID;
CREATE TABLE board_size (
  source TEXT, board TEXT, threads INTEGER NOT NULL, PRIMARY KEY (source, board)) WITHOUT ROWID;
CREATE TABLE floors (
  source TEXT, thread TEXT, page INTEGER, shown INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (source, thread, page)) WITHOUT ROWID;
CREATE TABLE reread (
  source TEXT, thread TEXT, page INTEGER, shown INTEGER NOT NULL, known INTEGER NOT NULL, at TEXT NOT NULL,
  PRIMARY KEY (source, thread, page)) WITHOUT ROWID
"""
_STEPS = (_FIRST, _RECHECKS, _LISTS, _STRANGE, _VIEWS)  # step n makes version n + 1
VERSION = len(_STEPS)


def statements(version: int) -> Iterator[str]:
    """What brings tables of this version up to date."""
    for step in _STEPS[version:]:
        yield from filter(str.strip, step.split(";"))


def migrate(db: sqlite3.Connection) -> int:
    """Brings a file up to date, inside of the caller's transaction; its version now. A newer file is left as
    it is."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    for statement in statements(version):
        db.execute(statement)
    if version < VERSION:
        db.execute(f"PRAGMA user_version={VERSION}")
    return max(version, VERSION)
