"""The file behind `SqliteIndex`: schema, opening, and writes with folding. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import orjson

from leads.codec import lead_from_dict, lead_to_dict
from leads.errors import StorageError
from leads.fold import bands, shingles, similar
from leads.index.base import Stored
from leads.index.sqlite_match import ROWID_BITS
from leads.index.terms import TERMS_VERSION, hot, lead_terms
from leads.models import Lead
from leads.score import HALF_LIFE_HOURS
from nlp.tokens import TOKENIZER

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leads (
    rowid INTEGER PRIMARY KEY,      -- published second << 20 | n
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL,     -- seconds since 1970
    hot REAL NOT NULL,
    need REAL NOT NULL,
    source TEXT NOT NULL,
    intent TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'new',
    code TEXT, level TEXT, lat REAL, lon REAL, radius_km REAL,
    author_key TEXT NOT NULL,
    head INTEGER,                   -- rowid of the lead this near-duplicate is folded under
    folded INTEGER NOT NULL DEFAULT 0,
    doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS leads_hot ON leads (hot DESC) WHERE head IS NULL;
CREATE INDEX IF NOT EXISTS leads_author ON leads (author_key);
CREATE INDEX IF NOT EXISTS leads_head ON leads (head) WHERE head IS NOT NULL;
CREATE TABLE IF NOT EXISTS bands (band INTEGER NOT NULL, lead INTEGER NOT NULL, PRIMARY KEY (band, lead))
    WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bands_lead ON bands (lead);
CREATE VIRTUAL TABLE IF NOT EXISTS fts USING fts5 (words, subwords, tags, content='');
CREATE TABLE IF NOT EXISTS mentions (
    id TEXT PRIMARY KEY, post_id TEXT NOT NULL, clinic_id TEXT NOT NULL, author_key TEXT NOT NULL,
    published INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS mentions_published ON mentions (published DESC);
CREATE INDEX IF NOT EXISTS mentions_post ON mentions (post_id);
CREATE INDEX IF NOT EXISTS mentions_author ON mentions (author_key);
"""
_META = {"schema": "1", "tokenizer": TOKENIZER, "terms": TERMS_VERSION, "half_life": str(HALF_LIFE_HOURS)}


@contextmanager
def translated() -> Iterator[None]:
    """sqlite3's errors as `StorageError`, with what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(_sentence(error)) from error
    except sqlite3.DatabaseError as error:
        raise StorageError(f"索引文件损坏（{error}）：请从备份恢复，或删除后重新导入。") from error


def _sentence(error: sqlite3.OperationalError) -> str:
    text = str(error)
    for part, sentence in _SENTENCES.items():
        if part in text:
            return sentence
    return f"索引读写失败（{text}）：请检查数据目录。"


_SENTENCES = {
    "locked": "另一个进程正在写同一个数据目录，等了 30 秒仍未空闲：请等它结束后再试。",
    "readonly": "数据目录是只读的：请检查目录权限，或在 tingzhen.toml 里换一个 data_dir。",
    "disk is full": "磁盘已满：已写入的内容都在，请清理磁盘后重新运行同一条命令。",
    "disk I/O": "磁盘读写出错：请检查磁盘，然后重新运行同一条命令。",
    "unable to open": "打不开索引文件：请检查数据目录是否存在、是否可写。",
}


def open_database(path: Path | str) -> sqlite3.Connection:
    """A connection in WAL mode with the schema in place.

    Raises:
        StorageError: cannot be opened or written, or was made by another tokenizer.
    """
    with translated():
        database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA cache_size = -65536")
        database.executescript(_SCHEMA)
        _check_meta(database)
    return database


def _check_meta(database: sqlite3.Connection) -> None:
    stored = dict(database.execute("SELECT key, value FROM meta"))
    if not stored:
        # One statement, so that a process that starts at the same moment sees all of it or none.
        values = orjson.dumps(_META).decode()
        database.execute("INSERT OR IGNORE INTO meta SELECT key, value FROM json_each(?)", (values,))
    elif stored != _META:
        database.close()
        raise StorageError(
            f"索引是用另一种分词或旧版本建立的（{stored.get('tokenizer')} → {TOKENIZER}）："
            "请换一个空的 data_dir 并重新导入。"
        )


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

    def upsert(self, leads: Sequence[Lead]) -> None:
        texts = [shingles(lead.post.full_text) for lead in leads]
        for lead, parts, keys in zip(leads, texts, bands(texts), strict=True):
            self._put(lead, parts, keys)

    def _put(self, lead: Lead, parts: frozenset[str], keys: tuple[int, ...]) -> None:
        doc = orjson.dumps(lead_to_dict(lead))
        status, stored = self._stored(lead.id)
        if stored == doc:
            return
        if stored is not None:
            self.delete([lead.id], mentions=False)
        rowid = self._free_rowid(lead)
        head = self._head(lead, parts, keys)
        published = int(lead.post.published_at.timestamp())
        older = head is not None and (head.published, head.id) <= (published, lead.id)
        self._insert(lead, rowid, published, status, doc, head.rowid if older and head else None)
        if head is not None and older:
            self._db.execute("UPDATE leads SET folded = folded + 1 WHERE rowid = ?", (head.rowid,))
            return
        self._index(lead, rowid, keys)
        if head is not None:
            self._move_under(head.rowid, rowid)

    def restore(self, stored: Stored) -> None:
        """Put a copied lead where it stood; its head is there already.

        Raises:
            StorageError: its head is not there.
        """
        lead = stored.lead
        self.discard([lead.id])
        head = self._rowid(stored.head) if stored.head else None
        rowid = self._free_rowid(lead)
        published, doc = int(lead.post.published_at.timestamp()), orjson.dumps(lead_to_dict(lead))
        self._insert(lead, rowid, published, lead.status, doc, head)
        if head is None:
            self._index(lead, rowid, bands([shingles(lead.post.full_text)])[0])
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

    def _stored(self, lead_id: str) -> tuple[str, bytes | None]:
        row = self._db.execute("SELECT status, doc FROM leads WHERE id = ?", (lead_id,)).fetchone()
        return ("new", None) if row is None else (row[0], row[1])

    def _insert(
        self, lead: Lead, rowid: int, published: int, status: str, doc: bytes, head: int | None
    ) -> None:
        region = lead.tags.region
        place = (
            (None,) * 5
            if region is None
            else (region.code, region.level, region.lat, region.lon, region.radius_km)
        )
        self._db.execute(
            "INSERT INTO leads (rowid, id, published, hot, need, source, intent, status,"
            " code, level, lat, lon, radius_km, author_key, head, doc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                rowid,
                lead.id,
                published,
                hot(lead),
                lead.need,
                lead.post.source,
                lead.tags.intent_label,
                status,
                *place,
                lead.post.author_key,
                head,
                doc,
            ),
        )

    def _index(self, lead: Lead, rowid: int, keys: Sequence[int]) -> None:
        terms = lead_terms(lead)
        self._db.execute(
            "INSERT INTO fts (rowid, words, subwords, tags) VALUES (?, ?, ?, ?)",
            (rowid, terms.words, terms.subwords, terms.tags),
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO bands (band, lead) VALUES (?, ?)", [(key, rowid) for key in keys]
        )

    def _unindex(self, lead: Lead, rowid: int) -> None:
        # A contentless FTS5 table forgets a row only when told the very terms it was given.
        terms = lead_terms(lead)
        self._db.execute(
            "INSERT INTO fts (fts, rowid, words, subwords, tags) VALUES ('delete', ?, ?, ?, ?)",
            (rowid, terms.words, terms.subwords, terms.tags),
        )
        self._db.execute("DELETE FROM bands WHERE lead = ?", (rowid,))

    def _head(self, lead: Lead, parts: frozenset[str], keys: tuple[int, ...]) -> _Known | None:
        """The stored head this lead is a near-duplicate of."""
        rows = self._db.execute(
            "SELECT DISTINCT leads.rowid, id, published, author_key, doc FROM bands"
            " JOIN leads ON leads.rowid = lead"
            " WHERE band IN (SELECT value FROM json_each(?)) ORDER BY published, id LIMIT 50",
            (orjson.dumps(keys).decode(),),
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
            "SELECT rowid FROM leads WHERE head = ? ORDER BY published, id LIMIT 1", (rowid,)
        ).fetchone()
        if row is None:
            return
        heir = row[0]
        lead = self._load(heir)
        self._db.execute("UPDATE leads SET head = NULL WHERE rowid = ?", (heir,))
        rest = self._db.execute("UPDATE leads SET head = ? WHERE head = ?", (heir, rowid)).rowcount
        self._db.execute("UPDATE leads SET folded = ? WHERE rowid = ?", (rest, heir))
        self._index(lead, heir, bands([shingles(lead.post.full_text)])[0])
