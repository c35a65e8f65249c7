"""What each run asked for, got and missed; cursors; gaps. The crawler's own: a small SQLite file, or a schema
in the PostgreSQL that several machines share.

The promise behind the tables: a cursor moves, and a page counts as done, only after the posts behind it are
stored. So a killed run loses nothing and fetches at most the page it was on again. Times are UTC.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from crawler.coverage import pseudonyms, schema, words
from crawler.coverage.database import connect, is_address
from crawler.coverage.days import missing_days, short_days
from crawler.coverage.rechecks import Rechecks
from crawler.coverage.runs import Gap, GapKind, ListState, Outcome, Pause, Run, Totals
from crawler.coverage.tasks import Scope, Target, Task, read_task
from crawler.coverage.views import TABLES, Views
from crawler.items import Post

# A Scrapy signal. A pipeline that stores posts on its own schedule has `acknowledges_storage = True` and
# sends this with `ids=[post.id, …]` once they are durable (or dropped on purpose):
#     crawler.signals.send_catch_log(posts_stored, ids=[…])
# and, where it keeps only some of them, `kept=[…]`: only those are checked again later. `index="…"` is what
# the store says of itself (`Coverage.index`).
# Where no pipeline says so, a post counts as stored when it has passed all pipelines.
posts_stored = object()
# A Scrapy signal with `ids=[…]`: all posts of one page have reached the pipelines. A good moment to flush.
page_complete = object()
# A Scrapy signal with `ids=[…]`: these stored posts are no longer at their source. A pipeline that keeps
# posts deletes them; if it raises, they are looked for again in the next run.
posts_gone = object()


NO_LISTS: Mapping[str, ListState] = MappingProxyType({})
NOTHING: Mapping[str, int] = MappingProxyType({})
_SET_CURSOR = (
    "INSERT INTO cursor VALUES (?,?,?) ON CONFLICT (source, scope) DO UPDATE SET value = excluded.value"
)
_INDEX = Scope("index")
_AGAIN = Scope("again")


class CoverageError(Exception):
    """The coverage file cannot be used; the message says why and what to do (zh-CN)."""


class Coverage:
    """The coverage. One run a source at a time; readers are welcome."""

    def __init__(self, place: Path | str, *, targets: Mapping[str, type[Target]] | None = None) -> None:
        """`place` is a file or a PostgreSQL's address. `targets` says what pages of each kind are; only who
        reads tasks, a spider, has to know.

        Raises:
            CoverageError: it cannot be opened, or a newer program wrote it.
        """
        self.place, self.shared = place, is_address(place)
        self._name = "记录库里的采集记录" if self.shared else f"采集记录 {place}"
        self.targets = targets or {}
        try:
            self.database = connect(place)
            version = self.database.migrate()
        except ImportError as error:
            raise CoverageError(
                f'缺少 PostgreSQL 的驱动（{error.name}）：请运行 pip install "tingzhen[postgres]"'
            ) from error
        except Exception as error:  # each database has errors of its own, and none is open yet to say which
            raise CoverageError(f"打不开{self._said(error)}。请检查{self._remedy}") from (
                None if self.shared else error  # a trace would show the address
            )
        if version > schema.VERSION:
            raise CoverageError(f"{self._name}是版本 {version} 的，这个程序认识 {schema.VERSION}；请升级程序")
        self.rechecks = Rechecks(self.database, self.targets)
        self.views = Views(self.database)

    @property
    def _remedy(self) -> str:
        return "数据库服务与 records 设置" if self.shared else "目录权限与磁盘空间"

    def _said(self, error: Exception) -> str:
        # What a driver says of a connection may repeat a piece of the address.
        return f"{self._name}：{type(error).__name__ if self.shared else error}"

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What the database says is said as a CoverageError."""
        try:
            yield
        except self.database.errors as error:
            raise CoverageError(f"读写不了{self._said(error)}。请检查{self._remedy}") from error

    @contextmanager
    def transaction(self, *, alone: bool = False, reading: bool = False) -> Iterator[None]:
        """All or nothing; nests (the outermost decides). `alone`: of several processes one at a time is
        inside; `reading`: one consistent view."""
        if self.database.in_transaction:
            yield
            return
        self.database.begin(alone=alone, reading=reading)
        try:
            yield
        except BaseException:
            self.database.rollback()
            raise
        self.database.commit()

    # runs ─────────────────────────────────────────────────────────────────────────────────────────────────

    def start_run(self, source: str, asked: Mapping[str, object], now: datetime) -> int:
        """Opens a run. A run of the same source still open was killed: it is closed as failed."""
        with self.transaction():
            self.database.execute(
                "UPDATE run SET outcome='failed', reason='运行中断，将从断点继续', ended=? "
                "WHERE source=? AND outcome='running'",
                (_iso(now), source),
            )
            opened = self.database.execute(
                "INSERT INTO run (source, started, outcome, asked, totals) VALUES (?,?,'running',?,?) "
                "RETURNING id",
                (source, _iso(now), json.dumps(dict(asked), ensure_ascii=False), _dump(Totals())),
            )
            return int(opened.fetchone()[0])

    def save_run(
        self,
        run: int,
        totals: Totals,
        *,
        robots: str,
        first: datetime | None,
        last: datetime | None,
        lists: Mapping[str, ListState] = NO_LISTS,
        strange: Mapping[str, int] = NOTHING,
    ) -> None:
        """Counters so far, so that a killed run still says what it had got."""
        told = _json({group: asdict(state) for group, state in lists.items()})
        self.database.execute(
            "UPDATE run SET totals=?, robots=?, first_at=?, last_at=?, lists=?, strange=? WHERE id=?",
            (_dump(totals), robots, _iso(first), _iso(last), told, _json(strange), run),
        )

    def finish_run(self, run: int, outcome: Outcome, reason: str, now: datetime) -> None:
        self.database.execute(
            "UPDATE run SET outcome=?, reason=?, ended=? WHERE id=?", (outcome, reason, _iso(now), run)
        )

    def note(self, run: int, kind: GapKind, scope: str, text: str, now: datetime) -> None:
        self.database.execute(
            "INSERT INTO note (run, kind, scope, text, at) VALUES (?,?,?,?,?)",
            (run, kind, scope, text, _iso(now)),
        )

    def runs(self, *, source: str = "", limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        rows = self.database.execute(
            "SELECT id, source, started, ended, outcome, reason, asked, robots, totals, first_at, last_at, "
            "lists, strange FROM run WHERE ? IN ('', source) ORDER BY id DESC LIMIT ?",
            (source, limit),
        )
        return tuple(_run(row) for row in rows)

    def gaps(self, now: datetime) -> tuple[Gap, ...]:
        """What is missing as far as is known: notes of each source's latest run, open pages, paused hosts,
        and days without posts between days that have many."""
        return (*self._noted_gaps(), *self._open_gaps(now), *self._paused_gaps(now), *self._day_gaps(now))

    def _noted_gaps(self) -> Iterator[Gap]:
        rows = self.database.execute(
            "SELECT run.source, note.kind, note.scope, note.at, note.text "
            "FROM note JOIN run ON run.id = note.run "
            "WHERE run.id IN (SELECT max(id) FROM run "
            "GROUP BY source, asked = ?) ORDER BY note.rowid",
            (_json({"recheck": True}),),
        )
        for source, kind, scope, at, text in rows:
            yield Gap(source=source, kind=kind, scope=scope, at=_when(at), reason=text)

    def _open_gaps(self, now: datetime) -> Iterator[Gap]:
        rows = self.database.execute("SELECT source, grp, count(*) FROM task GROUP BY source, grp")
        for source, group, count in rows:
            yield Gap(
                source=source, kind="unfinished", scope=group, at=now, reason=f"还有 {count} 页待抓，下次继续"
            )

    def _paused_gaps(self, now: datetime) -> Iterator[Gap]:
        rows = self.database.execute("SELECT host, reason FROM pause WHERE until > ?", (_iso(now),))
        for host, reason in rows:
            yield Gap(source="", kind="blocked", scope=host, at=now, reason=f"{reason}；主机暂停中")

    def _day_gaps(self, now: datetime) -> Iterator[Gap]:
        sources = [row[0] for row in self.database.execute("SELECT DISTINCT source FROM day")]
        for source in sources:
            rows = self.database.execute("SELECT day, posts FROM day WHERE source=?", (source,))
            counts = {date.fromisoformat(day): int(posts) for day, posts in rows}
            for day in missing_days(counts, today=now.date()):
                yield Gap(
                    source=source,
                    kind="missing_day",
                    scope=str(day),
                    at=now,
                    reason="这一天没有帖子，前后各天都有不少",
                )
            for short in short_days(counts, today=now.date()):
                yield Gap(
                    source=source,
                    kind="short_day",
                    scope=str(short.day),
                    at=now,
                    reason=f"{short.day:%m-%d} 只有 {short.posts} 帖，平时约 {short.expected:.0f} 帖",
                )

    # posts and cursors ────────────────────────────────────────────────────────────────────────────────────

    def cursor(self, source: str, scope: Scope) -> str:
        row = self.database.execute(
            "SELECT value FROM cursor WHERE source=? AND scope=?", (source, scope)
        ).fetchone()
        return str(row[0]) if row else ""

    def set_cursor(self, source: str, scope: Scope, value: str) -> None:
        """Only for a caller that knows everything behind `value` is stored."""
        self.database.execute(_SET_CURSOR, (source, scope, value))

    @property
    def index(self) -> str:
        """What the store of the posts said of itself when the last were stored; "" when it never did."""
        return self.cursor("", _INDEX)

    def set_index(self, value: str) -> None:
        if value != self.index:
            self.set_cursor("", _INDEX, value)

    def has_read(self) -> bool:
        return self.database.execute("SELECT 1 FROM seen LIMIT 1").fetchone() is not None

    def start_over(self, reason: str) -> None:
        """The posts read so far are lost: every source is read as if for the first time, and its next run
        gives the reason. Runs, pauses, budgets and what pages usually weigh stay."""
        with self.transaction():
            read = self.database.execute("SELECT DISTINCT source FROM seen").fetchall()
            self.database.execute("DELETE FROM cursor WHERE scope NOT LIKE 'usual:%'")
            for table in ("seen", "day", "mark", "task", "kept", "visit", *TABLES):
                self.database.execute(f"DELETE FROM {table}")  # noqa: S608 - own names
            for (source,) in read:
                self.set_cursor(source, _AGAIN, reason)

    def take_again(self, source: str) -> str:
        """Why this source is read from the start, told once; "" when it is not."""
        reason = self.cursor(source, _AGAIN)
        if reason:
            self.database.execute("DELETE FROM cursor WHERE source=? AND scope=?", (source, _AGAIN))
        return reason

    def erase(self, ids: Collection[str], posts: Iterable[Post]) -> None:
        """Nothing of these posts stays that anybody could read: neither here nor on disk. `ids` are those of
        all (`Post.id`), `posts` those that are known.

        Raises:
            CoverageError: the file cannot be written; doing it again goes on.
        """
        try:
            with self.transaction():
                self.database.executemany("DELETE FROM kept WHERE id=?", ((each,) for each in ids))
                known = tuple(posts)
                self.views.erase(threads_of(ids, known))
                for dropped in words.erase(self.database, ids, known):
                    self._promote(*dropped)
            self.scrub()
        except self.database.errors as error:
            raise CoverageError(f"{self._name}写不进去（{error}）：请再删一次") from error

    def carry_over(self, change: Callable[[str], str]) -> int:
        """Authors of posts that wait for their whole text come under another key; how many there were.

        Raises:
            CoverageError: the file cannot be written; doing it again goes on.
        """
        try:
            with self.transaction():
                count = pseudonyms.carry_over(self.database, change)
            self.scrub()
        except self.database.errors as error:
            raise CoverageError(f"{self._name}写不进去（{error}）：请再运行一次") from error
        return count

    def scrub(self) -> None:
        """What was deleted leaves the disk: a file and its log are written anew."""
        self.database.scrub()

    def held(self, source: str) -> int:
        """How many posts of the source were stored."""
        row = self.database.execute("SELECT count(*) FROM seen WHERE source=?", (source,)).fetchone()
        return int(row[0])

    def digests(self, source: str, post_ids: Iterable[str]) -> dict[str, bytes]:
        """Digest of each of these posts that was stored before."""
        rows = self.database.execute(
            "SELECT post_id, digest FROM json_each(?) "
            "CROSS JOIN seen WHERE source=? AND post_id=json_each.value",
            (json.dumps(list(post_ids)), source),
        )
        return {str(post_id): bytes(digest) for post_id, digest in rows}

    def namesakes(self, source: str, aliases: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Ids of the stored posts that go by each of these aliases (`alias_of`), in order."""
        found: dict[str, tuple[str, ...]] = {}
        # CROSS: each is looked up; left to itself the planner reads the whole table. The comparison with the
        # empty alias tells it that the partial index will do.
        rows = self.database.execute(
            "SELECT alias, post_id FROM json_each(?) CROSS JOIN seen "
            "WHERE source=? AND alias=json_each.value AND alias != '' ORDER BY length(post_id), post_id",
            (json.dumps(sorted(set(aliases))), source),
        )
        for alias, post_id in rows:
            found[alias] = (*found.get(alias, ()), str(post_id))
        return found

    def remember(
        self, posts: Mapping[str, tuple[Post, bytes]], *, source: str, known: Collection[str] = ()
    ) -> None:
        """Posts, by `post_id` and with their digests, are stored. Those that are not `known` count for their
        day. `source` is the table that found them: several tables can read one site (`Post.source`)."""
        self.database.executemany(
            "INSERT INTO seen VALUES (?,?,?,?) ON CONFLICT (source, post_id) "
            "DO UPDATE SET digest = excluded.digest, alias = excluded.alias",
            ((source, post_id, digest, alias_of(post)) for post_id, (post, digest) in posts.items()),
        )
        days = Counter(
            str(post.published_at.astimezone(UTC).date())
            for post_id, (post, _) in posts.items()
            if post_id not in known
        )
        self.database.executemany(
            "INSERT INTO day VALUES (?,?,?) ON CONFLICT (source, day) "
            "DO UPDATE SET posts = day.posts + excluded.posts",
            ((source, day, posts) for day, posts in days.items()),
        )

    # tasks: the pages still to fetch ──────────────────────────────────────────────────────────────────────

    def tasks(self, source: str) -> tuple[Task, ...]:
        rows = self.database.execute(
            "SELECT value, key FROM task WHERE source=? ORDER BY rowid", (source,)
        ).fetchall()
        found = {str(key): read_task(value, self.targets) for value, key in rows}
        # Of another engine, that the source had before: nobody can read such a page any more.
        lost = ((source, key) for key, task in found.items() if task is None)
        self.database.executemany("DELETE FROM task WHERE source=? AND key=?", lost)
        return tuple(filter(None, found.values()))

    def interrupted(self, source: str) -> frozenset[str]:
        """Groups with pages that no run has tried yet: a run was killed in the middle of them."""
        rows = self.database.execute("SELECT DISTINCT grp FROM task WHERE source=? AND attempts=0", (source,))
        return frozenset(str(row[0]) for row in rows)

    def waits_for(self, source: str, prefix: str) -> bool:
        """Whether a page whose key begins with `prefix` is still to be fetched."""
        row = self.database.execute(
            "SELECT 1 FROM task WHERE source=? AND key >= ? AND key < ? LIMIT 1",
            (source, prefix, prefix + "\U0010ffff"),
        )
        return row.fetchone() is not None

    def add_task(self, task: Task) -> bool:
        """False when this page is already waiting."""
        row = self.database.execute(
            "INSERT INTO task (source, key, grp, value) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
            (task.source, task.key, task.group, task.to_json()),
        )
        return row.rowcount == 1

    def set_mark(self, source: str, group: str, value: str) -> None:
        """What the cursor of `group` becomes when its last task is done."""
        self.database.execute(
            "INSERT INTO mark VALUES (?,?,?) ON CONFLICT DO NOTHING", (source, group, value)
        )

    def complete(self, task: Task) -> None:
        """The page is done and everything on it stored. The group's last page moves the group's cursor."""
        with self.transaction():
            self.database.execute("DELETE FROM task WHERE source=? AND key=?", (task.source, task.key))
            self._promote(task.source, task.group)

    def _promote(self, source: str, group: str) -> None:
        key = (source, group)
        if self.database.execute("SELECT 1 FROM task WHERE source=? AND grp=? LIMIT 1", key).fetchone():
            return
        self.database.execute(
            "INSERT INTO cursor SELECT source, grp, value FROM mark WHERE source=? AND grp=? "
            "ON CONFLICT (source, scope) DO UPDATE SET value = excluded.value",
            key,
        )
        self.database.execute("DELETE FROM mark WHERE source=? AND grp=?", key)

    def retry_later(self, task: Task, limit: int) -> bool:
        """Leaves the page for the next run; False, and the page is given up, after `limit` attempts."""
        with self.transaction():
            key = (task.source, task.key)
            self.database.execute("UPDATE task SET attempts = attempts + 1 WHERE source=? AND key=?", key)
            row = self.database.execute("SELECT attempts FROM task WHERE source=? AND key=?", key).fetchone()
            if row is None or row[0] < limit:
                return True
            self.complete(task)
            return False

    # manners ──────────────────────────────────────────────────────────────────────────────────────────────

    def pause(
        self,
        host: str,
        reason: str,
        now: datetime,
        *,
        at_least: timedelta = timedelta(),
        exact: bool = False,
    ) -> Pause:
        """Stops a host: 1 hour, then 2, 4 … up to 7 days while it keeps refusing; `exact`: for `at_least` and
        no longer, because its rule says when it opens again, and that is no strike."""
        row = self.database.execute("SELECT strikes FROM pause WHERE host=?", (host,)).fetchone()
        strikes = (row[0] if row else 0) + (not exact)
        grown = min(timedelta(hours=2 ** min(strikes - 1, 8)), timedelta(days=7)) if strikes else timedelta()
        length = at_least if exact else max(at_least, grown)
        made = Pause(host=host, until=now + length, reason=reason, strikes=strikes)
        self.database.execute(
            "INSERT INTO pause (host, until, reason, strikes) VALUES (?,?,?,?) ON CONFLICT (host) DO UPDATE "
            "SET until = excluded.until, reason = excluded.reason, strikes = excluded.strikes",
            (host, _iso(made.until), reason, strikes),
        )
        return made

    def paused(self, host: str, now: datetime) -> Pause | None:
        row = self.database.execute(
            "SELECT host, until, reason, strikes FROM pause WHERE host=?", (host,)
        ).fetchone()
        if row is None or _when(row[1]) <= now:
            return None
        return Pause(host=row[0], until=_when(row[1]), reason=row[2], strikes=row[3])

    def forgive(self, host: str) -> None:
        """A whole run went well: the next refusal starts with a short pause again."""
        self.database.execute("DELETE FROM pause WHERE host=?", (host,))

    def count_call(self, scope: str, period: str) -> int:
        """Counts one call of `scope` in `period` (a day, an hour); calls of that period so far."""
        # Every page is counted, so this commit does not wait for the disk: a kill loses nothing, a power cut
        # a few counts.
        with self.database.hasty():
            row = self.database.execute(
                "INSERT INTO budget VALUES (?,?,1) ON CONFLICT (source, day) "
                "DO UPDATE SET pages = budget.pages + 1 RETURNING pages",
                (scope, period),
            ).fetchone()
        return int(row[0])

    def calls(self, scope: str, period: str) -> int:
        row = self.database.execute(
            "SELECT pages FROM budget WHERE source=? AND day=?", (scope, period)
        ).fetchone()
        return int(row[0]) if row else 0


def threads_of(ids: Iterable[str], posts: Iterable[Post]) -> set[str]:
    """Threads that these posts begin: forums call an opening post "t" and the thread's number."""
    named = (each.partition("/")[2] for each in ids)
    begun = {post.thread_id for post in posts if post.floor in (None, 1)}
    return {name.removeprefix("t") for name in named} | begun - {""}


def alias_of(post: Post) -> str:
    """Another name for a reply: its thread and second, for routes that show no number; "" for others."""
    if not post.thread_id or post.floor == 1:
        return ""
    return f"{post.thread_id}@{int(post.published_at.timestamp())}"


def _run(row: tuple[object, ...]) -> Run:
    known = {each.name for each in fields(Totals)}
    totals = {key: value for key, value in json.loads(str(row[8])).items() if key in known}
    return Run(
        id=int(str(row[0])),
        source=str(row[1]),
        started=_when(row[2]),
        ended=_when(row[3]) if row[3] else None,
        outcome=next(outcome for outcome in get_args(Outcome) if outcome == row[4]),
        reason=str(row[5]),
        asked=json.loads(str(row[6])),
        robots=str(row[7]),
        totals=Totals(**totals),
        first_at=_when(row[9]) if row[9] else None,
        last_at=_when(row[10]) if row[10] else None,
        lists={group: ListState(**state) for group, state in json.loads(str(row[11])).items()},
        strange=json.loads(str(row[12])),
    )


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(dict(values), ensure_ascii=False)


def _dump(totals: Totals) -> str:
    return json.dumps(asdict(totals))


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="seconds")


def _when(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
