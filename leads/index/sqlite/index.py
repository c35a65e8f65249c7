"""The embedded lead index: one SQLite file, nothing to run beside it.

Words, tags and geo cells stand in one contentless FTS5 table, so a search is one MATCH; rowids grow with the
time of publication, so a time window is a rowid range and "newest" needs no sorting. `hot` is
log2(need) + published / half-life: freshness decays every score alike, so this order never changes with
time and can be indexed.
"""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import RLock, local
from typing import NamedTuple
from weakref import WeakSet

import orjson

from crawler.items import Post
from leads.errors import StorageError
from leads.index.base import FACETS, Digest, Facet, Kind, LeadIndex, MentionHead, Record, Tile
from leads.index.codec import mention_from_dict, mention_head
from leads.index.cursors import Cursor
from leads.index.daily import Counts, Daily
from leads.index.sqlite import match, views
from leads.index.sqlite.changes import ChangesSeen
from leads.index.sqlite.counts import ColumnsFound, Counter, highest_hot
from leads.index.sqlite.daily import daily
from leads.index.sqlite.schema import open_database, open_reader, translated
from leads.index.sqlite.shared_words import SharedWords
from leads.index.sqlite.store import LEAD, LeadStore, lead_of
from leads.index.stamp import Changes, Stamp
from leads.models import CaseMark, Hit, Lead, LeadQuery, Mention, Page, Precision
from leads.scoring.distance import distance_km, precise_enough, reach, reach_factor
from leads.scoring.need import freshness

MERGED = timedelta(hours=20)  # between two merges of the words: once a day; 4 s with 200,000 leads
ANEW = timedelta(days=30)  # between two times that the file is written anew: 16 s with 200,000 leads


class _Row(NamedTuple):
    rowid: int
    hot: float
    code: str | None
    level: str | None
    lat: float | None
    lon: float | None
    radius_km: float | None


class _Place(NamedTuple):
    code: str
    level: str
    lat: float
    lon: float
    radius_km: float


class _Reader:
    """One thread's connection. A web server's threads come and go; theirs is closed when they end."""

    def __init__(self, path: Path | str) -> None:
        self.connection = open_reader(path)

    def __del__(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()


class SqliteIndex(LeadIndex):
    """See `LeadIndex`. Safe for several processes on one file: one writes at a time, readers never wait."""

    def __init__(self, path: Path | str) -> None:
        """Opens or creates the file.

        Raises:
            StorageError: not writable, not an index, or cut by another tokenizer.
        """
        self._path = path
        self._db = open_database(path)  # writes
        self._turn = RLock()  # threads of this process; SQLite keeps processes apart
        self._mine = local()
        self._readers: WeakSet[_Reader] = WeakSet()
        self._store = LeadStore(self._db)
        self._counter = Counter(path, lambda: self._reader)
        self._changes = ChangesSeen()
        self._shared = SharedWords()
        self._wrote = False

    def upsert(self, leads: Sequence[Lead]) -> None:
        with self._writing():
            self._store.upsert(leads)
            self._store.forget_old_changes()

    def retag(self, leads: Sequence[Lead]) -> int:
        with self._writing():
            changed = self._store.retag(leads)
            self._store.forget_old_changes()
        return changed

    def hours(self) -> Mapping[int, int]:
        with translated():
            return views.hours(self._reader)

    def published_in(self, since: int, until: int) -> Sequence[str]:
        with translated():
            return views.published_in(self._reader, since, until)

    def search(self, query: LeadQuery, *, now: datetime) -> Page[Hit]:
        cursor = Cursor.decode(query, int)
        with translated():
            found = list(islice(self._found(query, cursor), query.limit + 1))
            leads = self._leads([item.rowid for item in found[: query.limit]])
        hits = tuple(
            _hit(item, leads[item.rowid], now) for item in found[: query.limit] if item.rowid in leads
        )
        more = len(found) > query.limit and query.limit > 0
        last = found[query.limit - 1] if more else None
        return Page(items=hits, cursor=Cursor(last.key, last.rowid).encode(query) if last else "")

    def count(self, query: LeadQuery) -> int:
        with translated():
            if self._counter.ready:
                return self._counter.count(query)
            if query.near is None:
                sql, values = match.select("count(*)", query)
                return int(self._reader.execute(sql, values).fetchone()[0])
            return sum(1 for _ in self._candidates(query, None))

    def _found(self, query: LeadQuery, cursor: Cursor[int] | None) -> Iterator[ColumnsFound]:
        """Matches in the asked order, after the cursor."""
        after = (cursor.key, cursor.tie) if cursor else (math.inf, 0)
        if self._counter.ready and match.restricts(query):
            yield from self._counter.best(query, after)
            return
        ordered = query.sort == "newest" or not match.match_expression(query)
        if ordered and not (query.sort != "newest" and query.near is not None):
            yield from self._candidates(query, cursor)
            return
        if query.sort == "score":
            yield from self._best(query, after)
            return
        rest = (item for item in self._candidates(query, None) if (item.key, item.rowid) < after)
        yield from heapq.nlargest(query.limit + 1, rest)

    def _best(self, query: LeadQuery, after: tuple[float, int]) -> list[ColumnsFound]:
        """The best by score, newest rows first, until none that follows can be among them.

        Need and reach only lower a score, so a row's age alone bounds it: a common word's hundred thousand
        matches need not be read for the first page.
        """
        by_time = replace(query, sort="newest", cursor="")
        sql, values = match.select(", ".join(_Row._fields), by_time)
        best: list[ColumnsFound] = []
        for fields in self._reader.execute(sql, values):
            row = _Row(*fields)
            if len(best) > query.limit and highest_hot(row.rowid) < best[0].key:
                break
            item = _rate(row, query)
            if item is None or (item.key, item.rowid) >= after:
                continue
            if len(best) <= query.limit:
                heapq.heappush(best, item)
            else:
                heapq.heappushpop(best, item)
        return sorted(best, reverse=True)

    def _candidates(self, query: LeadQuery, cursor: Cursor[int] | None) -> Iterator[ColumnsFound]:
        """All matches, in the asked order where the database gives it."""
        sql, values = match.select(", ".join(_Row._fields), query, cursor)
        for values_ in self._reader.execute(sql, values):
            item = _rate(_Row(*values_), query)
            if item is not None:
                yield item

    def _leads(self, rowids: Sequence[int]) -> dict[int, Lead]:
        """By rowid; one that is gone since it was found is left out.

        In one statement: a tenth of a page's time less than with one for each.
        """
        sql = f"SELECT leads.rowid, {LEAD} FROM leads WHERE rowid IN (SELECT value FROM json_each(?))"  # noqa: S608 - own names
        rows = self._reader.execute(sql, (orjson.dumps(rowids).decode(),))
        return {rowid: lead_of(*fields) for rowid, *fields in rows}

    def get(self, lead_id: str) -> Lead | None:
        sql = f"SELECT {LEAD} FROM leads WHERE id = ?"  # noqa: S608 - own names
        with translated():
            row = self._reader.execute(sql, (lead_id,)).fetchone()
        return None if row is None else lead_of(*row)

    def folded(self, lead_id: str) -> Sequence[Lead]:
        with translated():
            return views.folded(self._reader, lead_id)

    def set_case(self, changes: Sequence[CaseMark]) -> int:
        with self._writing():
            return self._store.set_case(changes)

    def delete(self, lead_ids: Iterable[str]) -> int:
        with self._writing():
            return self._store.delete(list(lead_ids))

    def delete_author(self, author_key: str) -> int:
        if not author_key:
            return 0
        with self._writing():
            return self._store.delete(self._store.ids_where("author_key = ?", author_key))

    def ids_of_author(self, author_key: str) -> Sequence[str]:
        with translated():
            return views.ids_of_author(self._reader, author_key) if author_key else ()

    def expire(self, before: datetime) -> int:
        with self._writing():
            return self._store.delete(self._store.ids_where("published < ?", int(before.timestamp())))

    def upsert_mentions(self, mentions: Sequence[Mention]) -> int:
        with self._writing():
            return views.put_mentions(self._db, mentions)

    def mentions(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[Mention]:
        with translated():
            found = views.newest_mentions(self._reader, clinic_id, since, limit)
        return [mention_from_dict(orjson.loads(doc)) for *_, doc in found]

    def mention_heads(
        self, *, clinic_id: str = "", since: datetime | None = None, limit: int = 50
    ) -> list[MentionHead]:
        with translated():
            found = views.newest_mentions(self._reader, clinic_id, since, limit)
        return [mention_head(*each) for each in found]

    def counts(self) -> Mapping[str, int]:
        with translated():
            heads = self._reader.execute("SELECT count(*) FROM leads WHERE head IS NULL").fetchone()[0]
            return {
                "leads": heads,
                "folded": self._count("leads") - heads,
                "mentions": self._count("mentions"),
            }

    def facets(self, query: LeadQuery, names: Sequence[Facet] = FACETS) -> Mapping[Facet, Mapping[str, int]]:
        with translated():
            return self._counter.facets(query, names)

    def precisions(self, query: LeadQuery) -> Mapping[Precision, int]:
        with translated():
            return self._counter.precisions(query)

    def counts_since(self, query: LeadQuery, moments: Sequence[datetime]) -> tuple[int, ...]:
        with translated():
            return self._counter.counts_since(query, moments)

    def tiles(self, query: LeadQuery, zoom: int) -> Sequence[Tile]:
        with translated():
            return self._counter.tiles(query, zoom)

    def on_tiles(
        self, query: LeadQuery, zoom: int, tiles: Collection[tuple[int, int]], limit: int
    ) -> Sequence[Lead]:
        with translated():
            rows = self._counter.on_tiles(query, zoom, tiles, limit)
            leads = self._leads(rows)
        return [leads[rowid] for rowid in rows if rowid in leads]

    def daily(self, asked: Daily) -> Counts:
        with translated():
            return daily(self._reader, asked)

    def alike(
        self, words: Sequence[str], *, besides: str = "", limit: int = 10
    ) -> Sequence[tuple[Lead, float]]:
        with translated():
            total = self._counter.total() or self._count("spread")
            found = self._shared.rows(self._reader, words, besides=besides, total=total, limit=limit)
            leads = self._leads([rowid for rowid, _ in found])
        return [(leads[rowid], score) for rowid, score in found if rowid in leads]

    def digests(self, kind: Kind) -> Iterator[Digest]:
        with translated():
            yield from views.digests(self._reader, kind)

    def records(self, kind: Kind, ids: Sequence[str]) -> Sequence[Record]:
        with translated():
            return views.records(self._reader, kind, ids)

    def posts(self, ids: Sequence[str]) -> Sequence[Post]:
        with translated():
            return views.posts(self._reader, ids)

    def restore(self, records: Sequence[Record]) -> None:
        with self._writing():
            views.restore(self._db, self._store, records)

    def discard(self, kind: Kind, ids: Sequence[str]) -> None:
        with self._writing():
            views.discard(self._db, self._store, kind, ids)

    def stamp(self) -> Stamp:
        with translated():
            return Stamp(*self._reader.execute("SELECT id, marks FROM stamp").fetchone())

    def changes(self) -> Changes:
        with translated():
            return self._changes.now(self._reader)

    def mark(self) -> Stamp:
        with self._writing():
            row = self._db.execute("UPDATE stamp SET marks = marks + 1 RETURNING id, marks").fetchone()
        return Stamp(*row)

    def adopt(self, stamp: Stamp) -> None:
        with self._writing():
            self._db.execute("UPDATE stamp SET id = ?, marks = ?", (stamp.id, stamp.marks or 0))

    def _count(self, table: str) -> int:
        return int(self._reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - own names

    def scrub(self) -> None:
        self._merge_words()
        # Overwriting misses copies that moving rows between pages has left in their unused places (of 600
        # deleted rows 5 were still to be read, SQLite 3.40): only a file written anew has none.
        with self._turn, translated():
            self._db.execute("VACUUM")
            self._counter.renew()
            if self._cut_log():
                raise StorageError("内容已经删掉，但有人正在读，旧的日志还没清空：请再删一次。")

    def tidy(self, now: datetime) -> None:
        moment = int(now.timestamp())
        with translated():
            last = dict(self._reader.execute("SELECT what, at FROM tidied"))
        if moment - last.get("file", 0) >= ANEW.total_seconds():
            self.scrub()
            done: tuple[str, ...] = ("file", "words")
        elif moment - last.get("words", 0) >= MERGED.total_seconds():
            self._merge_words()
            with translated():
                self._counter.renew()
            done = ("words",)
        else:
            done = ()
        if done:
            with self._writing():
                rows = [(what, moment) for what in done]
                self._db.executemany("INSERT OR REPLACE INTO tidied VALUES (?, ?)", rows)
        with self._turn, translated():
            self._cut_log()  # where somebody reads, the next time

    def _cut_log(self) -> bool:
        """Whether readers were in the way."""
        return bool(self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    def _merge_words(self) -> None:
        # The word index marks what was deleted and forgets it when its parts are merged; a slice at a time,
        # so that others can write in between.
        before = -1
        while self._db.total_changes - before >= 2:
            before = self._db.total_changes
            with self._writing():
                self._db.execute("INSERT INTO fts (fts, rank) VALUES ('merge', -500)")

    def close(self) -> None:
        if self._wrote:
            self._wrote = False
            self._counter.keep()
        self._counter.close()
        with self._turn:
            for reader in self._readers:
                reader.connection.close()
            self._db.close()

    @property
    def _reader(self) -> sqlite3.Connection:
        """This thread's connection: it sees what is committed, never another thread's half-written batch."""
        found: _Reader | None = getattr(self._mine, "reader", None)
        if found is None:
            found = self._mine.reader = _Reader(self._path)
            with self._turn:
                self._readers.add(found)
        return found.connection

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing, also when the process is killed."""
        with self._turn, translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._store.write()
            except BaseException:
                self._db.rollback()
                raise
            finally:
                self._store.forget()
            self._db.execute("COMMIT")
            self._wrote = True


def _hit(item: ColumnsFound, lead: Lead, now: datetime) -> Hit:
    score = lead.need * freshness(lead.post.published_at, now) * item.factor
    return Hit(lead=lead, score=score, distance_km=item.distance, precision=item.precision)


def _rate(row: _Row, query: LeadQuery) -> ColumnsFound | None:
    """The row's key in the asked order, or None when it is not near enough. Pure."""
    near = query.near
    if near is None:
        return ColumnsFound(
            float(row.rowid) if query.sort == "newest" else row.hot, row.rowid, 1.0, None, None
        )
    place = _place(row)
    if place is None:
        return None
    distance = distance_km(near.lat, near.lon, place.lat, place.lon)
    precision = reach(place, near, distance)
    if precision is None or not precise_enough(precision, query.precision):
        return None
    factor = reach_factor(precision, place.radius_km)
    keys = {"newest": float(row.rowid), "nearest": -distance, "score": row.hot + math.log2(factor)}
    return ColumnsFound(keys[query.sort], row.rowid, factor, distance, precision)


def _place(row: _Row) -> _Place | None:
    code, level, lat, lon, radius_km = row.code, row.level, row.lat, row.lon, row.radius_km
    if code is None or level is None or lat is None or lon is None or radius_km is None:
        return None
    return _Place(code, level, lat, lon, radius_km)
