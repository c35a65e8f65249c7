"""Counts, map tiles, similar posts, and copying for `SqliteIndex`. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import ceil

import orjson

from crawler.items import Post
from leads.index.base import Digest, Kind, Record, Stored
from leads.index.codec import mention_from_dict, mention_to_dict
from leads.index.spread import digest
from leads.index.sqlite.match import ROWID_BITS
from leads.index.sqlite.store import LEAD, LeadStore, lead_of
from leads.models import Lead, Mention

CHUNK = 500


def ids_of_author(database: sqlite3.Connection, author_key: str) -> list[str]:
    """Ids of the posts of one author, leads or mentions."""
    rows = database.execute(
        "SELECT id FROM leads WHERE author_key = ? UNION SELECT post_id FROM mentions WHERE author_key = ?",
        (author_key, author_key),
    )
    return [row[0] for row in rows]


def digests(database: sqlite3.Connection, kind: Kind) -> Iterator[Digest]:
    """Pages of rows by id, so that no read transaction stays open while the caller writes."""
    sql = _DIGESTS[kind]
    after = ""
    while rows := database.execute(sql, (after, CHUNK * 10)).fetchall():
        for record_id, doc, status, head, assignee in rows:
            yield Digest(record_id, digest(orjson.loads(doc)), status, head, assignee)
        after = rows[-1][0]


_DIGESTS: Mapping[Kind, str] = {
    "leads": "SELECT leads.id, leads.doc, leads.status, ifnull(heads.id, ''), leads.assignee FROM leads"
    " LEFT JOIN leads AS heads ON heads.rowid = leads.head WHERE leads.id > ? ORDER BY leads.id LIMIT ?",
    "mentions": "SELECT id, doc, '', '', '' FROM mentions WHERE id > ? ORDER BY id LIMIT ?",
}


def records(database: sqlite3.Connection, kind: Kind, ids: Sequence[str]) -> list[Record]:
    chosen = (orjson.dumps(list(ids)).decode(),)
    if kind == "mentions":
        rows = database.execute(
            "SELECT doc FROM mentions WHERE id IN (SELECT value FROM json_each(?))", chosen
        )
        return [mention_from_dict(orjson.loads(doc)) for (doc,) in rows]
    rows = database.execute(
        f"SELECT ifnull(heads.id, ''), {LEAD} FROM leads"  # noqa: S608 - own names
        " LEFT JOIN leads AS heads ON heads.rowid = leads.head"
        " WHERE leads.id IN (SELECT value FROM json_each(?))",
        chosen,
    )
    return [Stored(lead=lead_of(*row), head=head) for head, *row in rows]


def posts(database: sqlite3.Connection, ids: Sequence[str]) -> list[Post]:
    """Posts of these ids, leads or mentions, each once."""
    chosen = (orjson.dumps(list(ids)).decode(),)
    leads = database.execute(
        f"SELECT {LEAD} FROM leads WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - own names
        chosen,
    )
    mentions = database.execute(
        "SELECT doc FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))", chosen
    )
    found = [lead_of(*row).post for row in leads]
    found += [mention_from_dict(orjson.loads(doc)).post for (doc,) in mentions]
    return list({post.id: post for post in found}.values())


def folded(database: sqlite3.Connection, lead_id: str) -> list[Lead]:
    """Near-duplicates under a lead, the earliest first."""
    sql = (
        f"SELECT {LEAD} FROM leads JOIN leads AS heads ON heads.rowid = leads.head"  # noqa: S608 - own names
        " WHERE heads.id = ? ORDER BY leads.published, leads.id"
    )
    return [lead_of(*row) for row in database.execute(sql, (lead_id,))]


def restore(database: sqlite3.Connection, store: LeadStore, given: Sequence[Record]) -> None:
    store.restore([record for record in given if isinstance(record, Stored)])
    put_mentions(database, [record for record in given if isinstance(record, Mention)])


def discard(database: sqlite3.Connection, store: LeadStore, kind: Kind, ids: Sequence[str]) -> None:
    if kind == "leads":
        store.discard(ids)
    else:
        database.executemany("DELETE FROM mentions WHERE id = ?", [(mention_id,) for mention_id in ids])


def newest_mentions(
    database: sqlite3.Connection, clinic_id: str, since: datetime | None, limit: int
) -> list[tuple[str, str, str, int, bytes]]:
    """(id, id of the post, clinic, seconds of publication, document) of a clinic's mentions ("": of all)."""
    earliest = ceil(since.timestamp()) if since else -(2**62)
    return database.execute(
        "SELECT id, post_id, clinic_id, published, doc FROM mentions"
        " WHERE (? = '' OR clinic_id = ?) AND published >= ? ORDER BY published DESC, id LIMIT ?",
        (clinic_id, clinic_id, earliest, limit),
    ).fetchall()


def put_mentions(database: sqlite3.Connection, mentions: Sequence[Mention]) -> int:
    """Returns how many were not there before."""
    before = _count_mentions(database)
    rows = [
        {
            "id": mention.id,
            "post_id": mention.post.id,
            "clinic_id": mention.clinic_id,
            "author_key": mention.post.author_key,
            "published": int(mention.post.published_at.timestamp()),
            "doc": orjson.dumps(mention_to_dict(mention)),
        }
        for mention in mentions
    ]
    database.executemany(
        "INSERT INTO mentions (id, post_id, clinic_id, author_key, published, doc)"
        " VALUES (:id, :post_id, :clinic_id, :author_key, :published, :doc)"
        " ON CONFLICT (id) DO UPDATE SET author_key = excluded.author_key, doc = excluded.doc,"
        " published = excluded.published",
        rows,
    )
    return _count_mentions(database) - before


def _count_mentions(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM mentions").fetchone()[0])


def hours(database: sqlite3.Connection) -> dict[int, int]:
    """Leads of each hour since 1970. Rowids begin with the second of publication."""
    rows = database.execute("SELECT (rowid >> ?) / 3600, count(*) FROM leads GROUP BY 1", (ROWID_BITS,))
    return dict(rows.fetchall())


def published_in(database: sqlite3.Connection, since: int, until: int) -> list[str]:
    """Ids of the leads of these hours."""
    borders = (since * 3600 << ROWID_BITS, until * 3600 << ROWID_BITS)
    rows = database.execute("SELECT id FROM leads WHERE rowid >= ? AND rowid < ?", borders)
    return [row[0] for row in rows]
