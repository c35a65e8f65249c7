"""Writes of `SqliteIndex`, with folding. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from leads.errors import StorageError
from leads.index.base import Stored
from leads.index.codec import lead_from_dict, lead_to_dict
from leads.index.sqlite.daily import DailyTable
from leads.index.sqlite.filing import Filing, place_of
from leads.index.sqlite.match import ROWID_BITS
from leads.index.terms import hot
from leads.models import CaseMark, Lead
from leads.scoring.duplicates import bands, shingles, similar

# What `lead_of` makes a lead of.
LEAD = "leads.doc, leads.folded, leads.status, leads.assignee"
KEPT_CHANGES = 200_000  # a copy in memory that lags further behind is read anew


def lead_of(doc: bytes, folded: int, status: str, assignee: str) -> Lead:
    return lead_from_dict(orjson.loads(doc), folded=folded, status=status, assignee=assignee)


_Case = tuple[str, str]  # status, assignee
_NEW: _Case = ("new", "")


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored lead that may be the head of a new one."""

    rowid: int
    id: str
    published: int


class LeadStore:
    """Writes of `SqliteIndex`, inside its transaction."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._daily = DailyTable(database)
        self._filing = Filing(database)

    def write(self) -> None:
        """What was gathered; before the transaction ends."""
        self._filing.write()
        self._daily.write()

    def forget(self) -> None:
        """The transaction has ended; what was not written is none of the next one's."""
        self._filing.forget()
        self._daily.forget()

    def upsert(self, leads: Sequence[Lead]) -> None:
        texts = [shingles(lead.post.full_text) for lead in leads]
        all_keys, stored = bands(texts), self._stored(leads)
        self._filing.look_up(all_keys)
        for lead, parts, keys in zip(leads, texts, all_keys, strict=True):
            doc = orjson.dumps(lead_to_dict(lead))
            case, old = stored.get(lead.id, (_NEW, None))
            if doc != old:
                if old is not None:
                    self.delete([lead.id], mentions=False)
                self._put(lead, parts, keys, case, doc)
                stored[lead.id] = case, doc

    def _put(self, lead: Lead, parts: frozenset[str], keys: tuple[int, ...], case: _Case, doc: bytes) -> None:
        rowid = self._free_rowid(lead)
        head = self._head(lead, parts, keys)
        published = int(lead.post.published_at.timestamp())
        older = head is not None and (head.published, head.id) <= (published, lead.id)
        self._insert(lead, rowid, published, case, doc, head.rowid if older and head else None)
        if head is not None and older:
            self._db.execute("UPDATE leads SET folded = folded + 1 WHERE rowid = ?", (head.rowid,))
            return
        self._index(lead, rowid, keys, case)
        if head is not None:
            self._move_under(head.rowid, rowid)

    def retag(self, leads: Sequence[Lead]) -> int:
        """See `LeadIndex`: where it stands, so that bands and folding, which know only texts, stay."""
        changed = 0
        for lead in leads:
            row = self._db.execute(
                "SELECT doc, rowid, head, status, assignee FROM leads WHERE id = ?", (lead.id,)
            ).fetchone()
            doc = orjson.dumps(lead_to_dict(lead))
            if row is None or row[0] == doc:
                continue
            stored = lead_from_dict(orjson.loads(row[0]))
            if stored.post == lead.post:
                self._put_tags(lead, stored, doc, row[1], row[3:] if row[2] is None else None)
                changed += 1
        return changed

    def _put_tags(self, lead: Lead, stored: Lead, doc: bytes, rowid: int, case: _Case | None) -> None:
        """`case` is that of a searchable lead; None for a folded one, which nothing but its row knows."""
        self._db.execute(
            "UPDATE leads SET hot = ?, need = ?, intent = ?, code = ?, level = ?, lat = ?, lon = ?,"
            " radius_km = ?, doc = ? WHERE rowid = ?",
            (hot(lead), lead.need, lead.tags.intent_label, *place_of(lead), doc, rowid),
        )
        if case is not None:
            self._filing.remove(stored, rowid, ())
            self._daily.add(stored, -1)
            self._index(lead, rowid, (), case)

    def restore(self, copied: Sequence[Stored]) -> None:
        """Put copied leads where they stood; heads come before what is folded under them.

        Raises:
            StorageError: a head is not there.
        """
        keys = bands([shingles(stored.lead.post.full_text) for stored in copied])
        for stored, its in zip(copied, keys, strict=True):
            self._restore(stored, its)

    def _restore(self, stored: Stored, keys: tuple[int, ...]) -> None:
        lead = stored.lead
        self.discard([lead.id])
        head = self._rowid(stored.head) if stored.head else None
        rowid = self._free_rowid(lead)
        published, doc = int(lead.post.published_at.timestamp()), orjson.dumps(lead_to_dict(lead))
        case = (lead.status, lead.assignee)
        self._insert(lead, rowid, published, case, doc, head)
        if head is None:
            self._index(lead, rowid, keys, case)
            self._db.execute(
                "UPDATE leads SET folded = (SELECT count(*) FROM leads WHERE head = ?1) WHERE rowid = ?1",
                (rowid,),
            )
        else:
            self._db.execute("UPDATE leads SET folded = folded + 1 WHERE rowid = ?", (head,))

    def _rowid(self, lead_id: str) -> int:
        row = self._db.execute("SELECT rowid FROM leads WHERE id = ?", (lead_id,)).fetchone()
        if row is None:
            raise StorageError(f"要恢复的重复帖缺少它所属的线索 {lead_id}：请重新运行 tingzhen reindex。")
        return int(row[0])

    def discard(self, lead_ids: Sequence[str]) -> None:
        """Forget these leads only; the copy that goes on puts right what was folded under them."""
        for lead_id in lead_ids:
            row = self._db.execute("SELECT rowid, head FROM leads WHERE id = ?", (lead_id,)).fetchone()
            if row is None:
                continue
            if row[1] is None:
                self._unindex(self._load(row[0]), row[0])
            else:
                self._db.execute("UPDATE leads SET folded = folded - 1 WHERE rowid = ?", (row[1],))
            self._db.execute("DELETE FROM leads WHERE rowid = ?", (row[0],))

    def _stored(self, leads: Sequence[Lead]) -> dict[str, tuple[_Case, bytes | None]]:
        """((status, assignee), document) of those among them that are stored, by id."""
        rows = self._db.execute(
            "SELECT id, status, assignee, doc FROM leads WHERE id IN (SELECT value FROM json_each(?))",
            (orjson.dumps([lead.id for lead in leads]).decode(),),
        )
        return {lead_id: ((status, assignee), doc) for lead_id, status, assignee, doc in rows}

    def set_case(self, changes: Iterable[CaseMark]) -> int:
        last = {change.lead_id: change for change in changes}
        count = 0
        for lead_id, change in last.items():
            case = (change.status, change.assignee)
            row = self._db.execute(
                "SELECT rowid, status, assignee FROM leads WHERE id = ?", (lead_id,)
            ).fetchone()
            if row is not None and row[1:] != case:
                for table in ("leads", "spread"):
                    sql = f"UPDATE {table} SET status = ?, assignee = ? WHERE rowid = ?"  # noqa: S608 - own names
                    self._db.execute(sql, (*case, row[0]))
            count += row is not None
        return count

    def forget_old_changes(self) -> None:
        self._db.execute(
            "DELETE FROM spread_log WHERE stamp <= (SELECT max(stamp) FROM spread_log) - ?", (KEPT_CHANGES,)
        )

    def _insert(
        self, lead: Lead, rowid: int, published: int, case: _Case, doc: bytes, head: int | None
    ) -> None:
        self._db.execute(
            "INSERT INTO leads (rowid, id, published, hot, need, source, intent, status, assignee,"
            " code, level, lat, lon, radius_km, author_key, head, doc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rowid,
                lead.id,
                published,
                hot(lead),
                lead.need,
                lead.post.source,
                lead.tags.intent_label,
                *case,
                *place_of(lead),
                lead.post.author_key,
                head,
                doc,
            ),
        )

    def _index(self, lead: Lead, rowid: int, keys: Sequence[int], case: _Case) -> None:
        self._filing.add(lead, rowid, keys, case)
        self._daily.add(lead, 1)

    def _unindex(self, lead: Lead, rowid: int) -> None:
        self._filing.remove(lead, rowid, bands([shingles(lead.post.full_text)])[0])
        self._daily.add(lead, -1)

    def _head(self, lead: Lead, parts: frozenset[str], keys: tuple[int, ...]) -> _Known | None:
        """The stored head this lead is a near-duplicate of."""
        candidates = self._filing.rows_under(keys)
        if not candidates:
            return None
        rows = self._db.execute(
            "SELECT rowid, id, published, author_key, doc FROM leads"
            " WHERE rowid IN (SELECT value FROM json_each(?)) AND head IS NULL"
            " ORDER BY published, id LIMIT 50",
            (orjson.dumps(list(candidates)).decode(),),
        )
        for rowid, lead_id, published, author_key, doc in rows:
            other = shingles(lead_from_dict(orjson.loads(doc)).post.full_text)
            same_author = bool(author_key) and author_key == lead.post.author_key
            if similar(parts, other, same_author=same_author):
                return _Known(rowid, lead_id, published)
        return None

    def _move_under(self, old_head: int, new_head: int) -> None:
        """An older post turned up: what was a head, and all under it, is now folded under that one."""
        self._unindex(self._load(old_head), old_head)
        moved = self._db.execute(
            "UPDATE leads SET head = ?, folded = 0 WHERE head = ? OR rowid = ?",
            (new_head, old_head, old_head),
        ).rowcount
        self._db.execute("UPDATE leads SET folded = folded + ? WHERE rowid = ?", (moved, new_head))

    def _load(self, rowid: int) -> Lead:
        doc = self._db.execute("SELECT doc FROM leads WHERE rowid = ?", (rowid,)).fetchone()[0]
        return lead_from_dict(orjson.loads(doc))

    def _free_rowid(self, lead: Lead) -> int:
        base = int(lead.post.published_at.timestamp()) << ROWID_BITS
        size = 1 << ROWID_BITS
        low = int.from_bytes(blake2b(lead.id.encode(), digest_size=4).digest(), "big") % size
        for step in range(size):
            rowid = base + (low + step) % size
            if self._db.execute("SELECT 1 FROM leads WHERE rowid = ?", (rowid,)).fetchone() is None:
                return rowid
        raise StorageError("同一秒内的帖子超过一百万条，无法再编号。")

    def ids_where(self, condition: str, value: str | int) -> list[str]:
        """Ids of posts, leads or mentions, for which one of our own conditions holds."""
        sql = f"SELECT id FROM leads WHERE {condition} UNION SELECT post_id FROM mentions WHERE {condition}"  # noqa: S608 - conditions are literals of SqliteIndex
        return [row[0] for row in self._db.execute(sql, (value, value))]

    def delete(self, lead_ids: Sequence[str], *, mentions: bool = True) -> int:
        """Remove posts by id; returns how many of the ids were there."""
        count = 0
        for lead_id in lead_ids:
            row = self._db.execute("SELECT rowid, head FROM leads WHERE id = ?", (lead_id,)).fetchone()
            if row is not None:
                self._remove(*row)
            gone = 0
            if mentions:
                gone = self._db.execute("DELETE FROM mentions WHERE post_id = ?", (lead_id,)).rowcount
            count += row is not None or gone > 0
        return count

    def _remove(self, rowid: int, head: int | None) -> None:
        if head is not None:
            self._db.execute("UPDATE leads SET folded = folded - 1 WHERE rowid = ?", (head,))
        else:
            self._unindex(self._load(rowid), rowid)
            self._promote_heir(rowid)
        self._db.execute("DELETE FROM leads WHERE rowid = ?", (rowid,))

    def _promote_heir(self, rowid: int) -> None:
        """The earliest post folded under a head that goes takes its place."""
        row = self._db.execute(
            "SELECT rowid, status, assignee FROM leads WHERE head = ? ORDER BY published, id LIMIT 1",
            (rowid,),
        ).fetchone()
        if row is None:
            return
        heir, *case = row
        lead = self._load(heir)
        self._db.execute("UPDATE leads SET head = NULL WHERE rowid = ?", (heir,))
        rest = self._db.execute("UPDATE leads SET head = ? WHERE head = ?", (heir, rowid)).rowcount
        self._db.execute("UPDATE leads SET folded = ? WHERE rowid = ?", (rest, heir))
        self._index(lead, heir, bands([shingles(lead.post.full_text)])[0], (case[0], case[1]))
