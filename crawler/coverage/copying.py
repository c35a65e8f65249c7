"""One coverage into another, whichever databases they are in: backups, and moving house."""

from __future__ import annotations

from crawler.coverage.database import Database
from crawler.coverage.store import Coverage, CoverageError

# Columns of every table; those of runs are numbered anew, and their notes with them.
_RUN = (
    "id", "source", "started", "ended", "outcome", "reason", "asked", "robots", "totals", "first_at",
    "last_at", "lists", "strange",
)  # fmt: skip
_NOTE = ("run", "kind", "scope", "text", "at")
_PLAIN = {
    "cursor": ("source", "scope", "value"),
    "mark": ("source", "grp", "value"),
    "seen": ("source", "post_id", "digest", "alias"),
    "day": ("source", "day", "posts"),
    "pause": ("host", "until", "reason", "strikes"),
    "budget": ("source", "day", "pages"),
    "visit": ("source", "page", "task", "checked"),
    "kept": ("source", "id", "page", "published"),
    "sighting": ("source", "board", "view", "thread", "posts", "day", "at"),
    "board_size": ("source", "board", "threads"),
    "floors": ("source", "thread", "page", "shown", "last"),
    "reread": ("source", "thread", "page", "shown", "known", "at"),
}
_TASK = ("source", "key", "grp", "value", "attempts")


def copy(source: Coverage, target: Coverage) -> int:
    """Adds everything of `source`, as of one moment, to `target`, all or nothing; how many rows there were.

    What `target` knows already stays as it is there: several machines that had files of their own can bring
    them one after another, and the same one twice.

    Raises:
        CoverageError: one of the two fails.
    """
    try:
        with source.transaction(reading=True), target.transaction(alone=True):
            return _all(source.database, target.database)
    except (*source.database.errors, *target.database.errors) as error:
        raise CoverageError(
            f"采集记录搬不了（{type(error).__name__}）：请检查磁盘空间与数据库服务"
        ) from error


def _all(origin: Database, goal: Database) -> int:
    count = 0
    for table, columns in _PLAIN.items():
        count += _table(origin, goal, table, columns, f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - own names
    count += _table(origin, goal, "task", _TASK, f"SELECT {', '.join(_TASK)} FROM task ORDER BY rowid")  # noqa: S608 - own names
    return count + _runs(origin, goal)


def _table(origin: Database, goal: Database, table: str, columns: tuple[str, ...], select: str) -> int:
    marks = ",".join("?" * len(columns))
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - own names
    count = 0
    for rows in origin.stream(select):
        goal.executemany(insert, rows)
        count += len(rows)
    return count


def _runs(origin: Database, goal: Database) -> int:
    new: dict[int, int] = {}
    known = set(map(tuple, goal.execute("SELECT source, started FROM run").fetchall()))
    insert = (
        f"INSERT INTO run ({', '.join(_RUN[1:])}) VALUES ({','.join('?' * (len(_RUN) - 1))}) RETURNING id"  # noqa: S608 - own names
    )
    for rows in origin.stream(f"SELECT {', '.join(_RUN)} FROM run ORDER BY id"):  # noqa: S608 - own names
        for number, *values in rows:
            if (values[0], values[1]) in known:
                continue
            new[number] = goal.execute(insert, values).fetchone()[0]
    notes = f"INSERT INTO note ({', '.join(_NOTE)}) VALUES (?,?,?,?,?)"  # noqa: S608 - own names
    count = len(new)
    for rows in origin.stream(f"SELECT {', '.join(_NOTE)} FROM note ORDER BY rowid"):  # noqa: S608 - own names
        ours = [(new[number], *values) for number, *values in rows if number in new]
        goal.executemany(notes, ours)
        count += len(ours)
    return count
