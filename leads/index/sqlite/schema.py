"""The file behind `SqliteIndex`: its tables, and opening it, an older one included."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from crawler import owner_only
from leads.errors import StorageError
from leads.index.codec import Kept
from leads.index.sqlite.daily import DAILY_SCHEMA, recount
from leads.index.terms import TERMS_VERSION
from leads.scoring.need import HALF_LIFE_HOURS
from nlp.models import Symptom
from nlp.text.tokens import TOKENIZER

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- One row: the name of this file, and how many pages crawls have stored in it.
CREATE TABLE IF NOT EXISTS stamp (id TEXT NOT NULL, marks INTEGER NOT NULL);
-- When what was deleted was last merged out of the words, and out of the whole file.
CREATE TABLE IF NOT EXISTS tidied (what TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leads (
    rowid INTEGER PRIMARY KEY,      -- published second << 20 | n
    id TEXT NOT NULL UNIQUE,
    published INTEGER NOT NULL,     -- seconds since 1970
    hot REAL NOT NULL,
    need REAL NOT NULL,
    source TEXT NOT NULL,
    intent TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'new',
    assignee TEXT NOT NULL DEFAULT '',
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
CREATE VIRTUAL TABLE IF NOT EXISTS fts USING fts5 (words, subwords, tags, content='');
-- What searchable leads are counted by: narrow, so that counting reads little.
CREATE TABLE IF NOT EXISTS spread (
    rowid INTEGER PRIMARY KEY,      -- that of leads
    source TEXT NOT NULL, intent TEXT NOT NULL, status TEXT NOT NULL, assignee TEXT NOT NULL,
    code TEXT, level TEXT, lat REAL, lon REAL, radius_km REAL, need REAL NOT NULL,
    symptoms TEXT NOT NULL,         -- codes of present ones, with spaces between
    specialties TEXT NOT NULL       -- likewise
);
-- Rows of `spread` that were written or removed, for those who keep a copy in memory.
CREATE TABLE IF NOT EXISTS spread_log (stamp INTEGER PRIMARY KEY AUTOINCREMENT, row INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS spread_insert AFTER INSERT ON spread
    BEGIN INSERT INTO spread_log (row) VALUES (new.rowid); END;
CREATE TRIGGER IF NOT EXISTS spread_update AFTER UPDATE ON spread
    BEGIN INSERT INTO spread_log (row) VALUES (new.rowid); END;
CREATE TRIGGER IF NOT EXISTS spread_delete AFTER DELETE ON spread
    BEGIN INSERT INTO spread_log (row) VALUES (old.rowid); END;
CREATE TABLE IF NOT EXISTS mentions (
    id TEXT PRIMARY KEY, post_id TEXT NOT NULL, clinic_id TEXT NOT NULL, author_key TEXT NOT NULL,
    published INTEGER NOT NULL, doc BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS mentions_published ON mentions (published DESC);
CREATE INDEX IF NOT EXISTS mentions_post ON mentions (post_id);
CREATE INDEX IF NOT EXISTS mentions_author ON mentions (author_key);
"""
_META = {"schema": "3", "tokenizer": TOKENIZER, "terms": TERMS_VERSION, "half_life": str(HALF_LIFE_HOURS)}


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
    if path != ":memory:":
        owner_only.own(Path(path))
    with translated():
        database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        # FULL: what was acknowledged survives a power cut. Crawls move their cursors on its word.
        database.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten: somebody may have asked for it. (`SqliteIndex.scrub` does the rest.)
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA cache_size = -65536")
        database.executescript(_SCHEMA + DAILY_SCHEMA)
        _check_meta(database)
        _name(database)
    return database


def open_reader(path: Path | str) -> sqlite3.Connection:
    """One more connection to a file that is open already; it cannot write.

    Raises:
        StorageError: cannot be opened.
    """
    with translated():
        database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        # How many leads have each word; a temporary table, so that files of any version are alike.
        database.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, fts, row)")
        database.execute("PRAGMA query_only = ON")
        database.execute("PRAGMA cache_size = -16384")
    return database


def _check_meta(database: sqlite3.Connection) -> None:
    stored = dict(database.execute("SELECT key, value FROM meta"))
    if not stored:
        # One statement, so that a process that starts at the same moment sees all of it or none.
        values = orjson.dumps(_META).decode()
        database.execute("INSERT OR IGNORE INTO meta SELECT key, value FROM json_each(?)", (values,))
        # A new file holds nothing that was deleted; one of an older version may.
        database.execute(
            "INSERT OR IGNORE INTO tidied SELECT value, strftime('%s', 'now') FROM json_each(?)",
            ('["file", "words"]',),
        )
    elif stored in (_META | {"schema": "1"}, _META | {"schema": "2"}):
        _upgrade(database)
    elif int(stored.get("schema", 0)) > int(_META["schema"]):
        database.close()
        raise StorageError("索引文件是更新版本的听诊写的：请升级听诊，或换一个 data_dir。")
    elif stored != _META:
        database.close()
        raise StorageError(
            f"索引是用另一种分词或旧版本建立的（{stored.get('tokenizer')} → {TOKENIZER}）："
            "请换一个空的 data_dir 并重新导入。"
        )


def _name(database: sqlite3.Connection) -> None:
    """A new file, or one of an older version, gets its name."""
    # Looked at first: whoever only opens the file waits for no writer.
    if database.execute("SELECT 1 FROM stamp").fetchone() is None:
        database.execute(
            "INSERT INTO stamp SELECT lower(hex(randomblob(16))), 0 WHERE NOT EXISTS (SELECT 1 FROM stamp)"
        )


def _upgrade(database: sqlite3.Connection) -> None:
    """All or nothing, everything is kept. Schema 1 knew no assignees and had nothing to count by, schema 2
    no daily counts."""
    database.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been first.
        (schema,) = database.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        if schema == "1":
            database.execute("DROP INDEX IF EXISTS bands_lead")  # cost a third of all writing
            database.execute("ALTER TABLE leads ADD COLUMN assignee TEXT NOT NULL DEFAULT ''")
            rows = database.execute("SELECT rowid, doc FROM leads WHERE head IS NULL")
            put_spread(database, ((rowid, *_codes(orjson.loads(doc)["tags"])) for rowid, doc in rows))
        if schema in ("1", "2"):
            recount(database)
            database.execute("UPDATE meta SET value = '3' WHERE key = 'schema'")
    except BaseException:
        database.rollback()
        raise
    database.execute("COMMIT")


def put_spread(database: sqlite3.Connection, items: Iterable[tuple[int, str, str]]) -> None:
    """What searchable leads are counted by: rowid, codes of symptoms, codes of specialties."""
    database.executemany(
        "INSERT INTO spread SELECT rowid, source, intent, status, assignee, code, level, lat, lon, radius_km,"
        " need, ?2, ?3 FROM leads WHERE rowid = ?1",
        items,
    )


def _codes(tags: Kept) -> tuple[str, str]:
    """The codes of symptoms that are present, and of specialties."""
    symptoms = (Symptom(**item) for item in tags["symptoms"])
    present = dict.fromkeys(item.code for item in symptoms if item.present)
    return " ".join(present), " ".join(dict.fromkeys(tags["specialties"]))
