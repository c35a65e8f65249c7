"""What a source showed of its boards, from each side: the material of `estimate`. Part of the coverage file.

Numbers alone: threads by their number, how many posts the site says each has, how many floors its pages
showed, and what pages that were read again held. The first view is the board's list, the second its feed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from crawler.coverage.database import Database
from crawler.coverage.estimate import Estimate, Recaught, read_again, recaptured

View = Literal["list", "feed"]
SECOND = "view:"  # begins the group of tasks that look from a second side, and the cursor of when they did
EVERY = timedelta(hours=20)  # a second look a board; a daily run then makes one
KEEP = timedelta(days=30)  # how long what was seen counts
TABLES = ("sighting", "floors", "reread")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A thread that a list or feed showed: how many posts it is said to have and when it began (None: not
    said)."""

    thread: str
    posts: int | None = None
    begun: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardShown:
    """What a page of a board's list or feed showed; `said` is how many threads the board says it has."""

    board: str
    view: View
    threads: tuple[Sighting, ...]
    said: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadShown:
    """How many posts a page of a thread showed, with words or without; `last`: no page is behind it."""

    thread: str
    page: int
    floors: int
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardCoverage:
    """A board as seen in the last 30 days; board "" is the whole site.

    The site's own totals stand beside ours: `said_threads` by the board's own count, `said_posts` by its
    list, and `read_posts`, what pages of the same threads showed; of threads of which all pages were read.
    """

    board: str
    listed: int  # threads that the list showed
    fed: tuple[Recaught, ...]  # threads that the feed showed, a day's together
    said_threads: int | None
    said_posts: int
    read_posts: int

    @property
    def threads(self) -> Estimate | None:
        """How many of its threads are read, by list and feed; None where the feed says too little."""
        return recaptured(self.listed, self.fed)


class Views:
    """Works inside of the transactions of the `Coverage` it belongs to."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def showed(
        self, source: str, board: BoardShown | None, thread: ThreadShown | None, now: datetime
    ) -> None:
        """What a page showed, of a board or of a thread."""
        if board is not None:
            rows = (
                (source, board.board, board.view, each.thread, each.posts, _day(each.begun or now), _iso(now))
                for each in board.threads
            )
            self._db.executemany(
                "INSERT INTO sighting VALUES (?,?,?,?,?,?,?) ON CONFLICT (source, board, view, thread) "
                "DO UPDATE SET posts = excluded.posts, day = excluded.day, at = excluded.at",
                rows,
            )
            if board.said is not None:
                size = (source, board.board, board.said)
                self._db.execute(
                    "INSERT INTO board_size VALUES (?,?,?) ON CONFLICT (source, board) "
                    "DO UPDATE SET threads = excluded.threads",
                    size,
                )
        if thread is not None:
            floors = (source, thread.thread, thread.page, thread.floors, int(thread.last))
            self._db.execute(
                "INSERT INTO floors VALUES (?,?,?,?,?) ON CONFLICT (source, thread, page) "
                "DO UPDATE SET shown = excluded.shown, last = excluded.last",
                floors,
            )

    def again(self, source: str, thread: str, page: int, found: Recaught, now: datetime) -> None:
        """A page was read again: how many posts it showed that had been there before, and how many of them
        were known."""
        row = (source, thread, page, found.shown, found.known, _iso(now))
        self._db.execute(
            "INSERT INTO reread VALUES (?,?,?,?,?,?) ON CONFLICT (source, thread, page) "
            "DO UPDATE SET shown = excluded.shown, known = excluded.known, at = excluded.at",
            row,
        )

    def boards(self, source: str) -> tuple[BoardCoverage, ...]:
        """Every board of which a list was seen."""
        rows = self._db.execute(
            "SELECT sighting.board, count(*), board_size.threads FROM sighting LEFT JOIN board_size USING "
            "(source, board) WHERE source=? AND view='list' GROUP BY sighting.board, board_size.threads",
            (source,),
        ).fetchall()
        return tuple(self._board(source, *row) for row in rows)

    def _board(self, source: str, board: str, listed: int, said: int | None) -> BoardCoverage:
        fed = self._db.execute(
            "SELECT count(*), count(l.thread) FROM sighting f LEFT JOIN sighting l ON l.source=f.source AND "
            "l.board=f.board AND l.view='list' AND l.thread=f.thread "
            "WHERE f.source=? AND f.board=? AND f.view='feed' GROUP BY f.day",
            (source, board),
        )
        # A thread counts when its pages 1 to the last are all there.
        posts = self._db.execute(
            "SELECT coalesce(sum(said), 0), coalesce(sum(CASE WHEN read < said THEN read ELSE said END), 0) "
            "FROM (SELECT s.posts AS said, sum(p.shown) AS read FROM sighting s "
            "JOIN floors p ON p.source=s.source AND p.thread=s.thread "
            "WHERE s.source=? AND s.board=? AND s.view='list' AND s.posts IS NOT NULL "
            "GROUP BY s.thread, s.posts "
            "HAVING max(p.page * p.last) = count(*)) threads",
            (source, board),
        ).fetchone()
        return BoardCoverage(
            board=board,
            listed=listed,
            fed=tuple(Recaught(shown=shown, known=known) for shown, known in fed),
            said_threads=said,
            said_posts=int(posts[0]),
            read_posts=int(posts[1]),
        )

    def posts(self, source: str, held: int) -> Estimate | None:
        """How many posts of the pages that are read are held, by pages that were read again."""
        rows = self._db.execute("SELECT shown, known FROM reread WHERE source=?", (source,))
        return read_again([Recaught(shown=shown, known=known) for shown, known in rows], held)

    def prune(self, source: str, now: datetime) -> None:
        """Forgets what was seen too long ago to count."""
        before = _iso(now - KEEP)
        self._db.execute("DELETE FROM sighting WHERE source=? AND at < ?", (source, before))
        self._db.execute("DELETE FROM reread WHERE source=? AND at < ?", (source, before))
        self._db.execute(
            "DELETE FROM floors WHERE source=? AND thread NOT IN "
            "(SELECT thread FROM sighting WHERE source=?)",
            (source, source),
        )

    def erase(self, threads: Collection[str]) -> None:
        """Nothing stays of these threads."""
        for table in TABLES:
            self._db.executemany(f"DELETE FROM {table} WHERE thread=?", ((each,) for each in threads))  # noqa: S608 - own names


def _day(when: datetime) -> str:
    return str(when.astimezone(UTC).date())


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")
