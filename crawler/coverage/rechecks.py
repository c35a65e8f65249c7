"""Which stored posts are still kept, where each can be seen, and when it was last seen there.

Part of the coverage file. A post that a pipeline keeps is looked for again from time to time: what is gone at
its source goes here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from crawler.coverage.database import Database
from crawler.coverage.tasks import Target, Task, read_task
from crawler.items import Post

GROUP = "recheck"  # the group of tasks that visit stored posts again


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A page to visit again, and the ids of the kept posts it should still show."""

    task: Task
    ids: frozenset[str]
    checked: datetime


class Rechecks:
    """Works inside of the transactions of the `Coverage` it belongs to."""

    def __init__(self, db: Database, targets: Mapping[str, type[Target]]) -> None:
        self._db, self._targets = db, targets

    def keep(self, posts: Iterable[Post], visit: Task, now: datetime) -> None:
        """These posts were seen just now on the page of `visit`, and are kept."""
        self._db.execute(
            "INSERT INTO visit VALUES (?,?,?,?) ON CONFLICT (source, page) "
            "DO UPDATE SET task = excluded.task, checked = excluded.checked",
            (visit.source, visit.key, visit.to_json(), _iso(now)),
        )
        rows = ((visit.source, post.id, visit.key, _iso(post.published_at)) for post in posts)
        self._db.executemany(
            "INSERT INTO kept VALUES (?,?,?,?) ON CONFLICT (source, id) "
            "DO UPDATE SET page = excluded.page, published = excluded.published",
            rows,
        )

    def seen(self, visit: Task, now: datetime) -> None:
        """Everything that is kept from the page of `visit` was there just now."""
        self._db.execute(
            "UPDATE visit SET checked=? WHERE source=? AND page=?", (_iso(now), visit.source, visit.key)
        )

    def forget(self, source: str, ids: Iterable[str]) -> None:
        """These posts are not kept (any more)."""
        self._db.executemany("DELETE FROM kept WHERE source=? AND id=?", ((source, each) for each in ids))

    def prune(self, source: str, published_before: datetime) -> None:
        """Drops posts too old to be kept by anybody, and pages that show none."""
        self._db.execute(
            "DELETE FROM kept WHERE source=? AND published < ?", (source, _iso(published_before))
        )
        self._db.execute(
            "DELETE FROM visit WHERE source=? AND page NOT IN (SELECT page FROM kept WHERE source=?)",
            (source, source),
        )

    def due(self, source: str, checked_before: datetime) -> tuple[Due, ...]:
        """Pages not looked at since, the longest waiting first."""
        rows = self._db.execute(
            "SELECT visit.task, visit.checked, visit.page, kept.id FROM visit "
            "JOIN kept ON kept.source = visit.source AND kept.page = visit.page "
            "WHERE visit.source=? AND visit.checked <= ? ORDER BY visit.checked, visit.page",
            (source, _iso(checked_before)),
        )
        return tuple(
            Due(task=task, ids=frozenset(row[3] for row in some), checked=datetime.fromisoformat(checked))
            for (text, checked, _), some in groupby(rows, itemgetter(0, 1, 2))
            if (task := read_task(text, self._targets)) is not None
        )

    def kept(self, source: str) -> int:
        """How many posts of the source are kept."""
        row = self._db.execute("SELECT count(*) FROM kept WHERE source=?", (source,)).fetchone()
        return int(row[0])


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
