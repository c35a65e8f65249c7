"""Counts, map tiles, similar posts, and copying for `SqliteIndex`. Callers hold the transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import ceil

import orjson

from leads.codec import lead_from_dict, mention_from_dict, mention_to_dict
from leads.index.base import Digest, Facet, Kind, Record, Stored, Tile
from leads.index.spread import digest, facet_values, tile_of
from leads.index.sqlite_store import LeadStore
from leads.index.terms import word_term
from leads.models import Lead, Mention

CHUNK = 500
RARE_WORDS = 12  # as many of a post's words stand for what it is about
SHARED = 0.3  # of them a similar post has at least this share


def count_facets(leads: Iterable[Lead], names: Sequence[Facet]) -> Mapping[Facet, Mapping[str, int]]:
    counters: dict[Facet, Counter[str]] = {name: Counter() for name in names}
    for lead in leads:
        values = facet_values(lead)
        for name, counter in counters.items():
            counter.update(values[name])
    return {name: dict(counter) for name, counter in counters.items()}


def count_tiles(leads: Iterable[Lead], zoom: int) -> list[Tile]:
    counter: Counter[tuple[int, int]] = Counter()
    for lead in leads:
        region = lead.tags.region
        if region is not None:
            counter[tile_of(region.lat, region.lon, zoom)] += 1
    return [Tile(zoom=zoom, x=x, y=y, count=count) for (x, y), count in sorted(counter.items())]


def leads_of(database: sqlite3.Connection, rowids: Iterable[int]) -> Iterator[Lead]:
    """The leads of these rows, in no order."""
    rows = iter(rowids)
    while chunk := list(islice(rows, CHUNK)):
        for (doc,) in database.execute(
            "SELECT doc FROM leads WHERE rowid IN (SELECT value FROM json_each(?))",
            (orjson.dumps(chunk).decode(),),
        ):
            yield lead_from_dict(orjson.loads(doc))


def similar_rows(database: sqlite3.Connection, lead: Lead, limit: int) -> list[int]:
    """Rowids of searchable leads that share the rare words of this one, most alike first (bm25)."""
    rare = _rare_words(database, lead)
    if not rare:
        return []
    expression = "words : (" + " OR ".join(f'"{term}"' for term in rare) + ")"
    rows = database.execute(
        "SELECT leads.rowid, id, doc FROM fts CROSS JOIN leads ON leads.rowid = fts.rowid"
        " WHERE fts MATCH ? AND head IS NULL ORDER BY rank LIMIT ?",
        (expression, limit * 4 + 1),
    ).fetchall()
    needed = ceil(SHARED * len(rare))
    near = (
        rowid
        for rowid, lead_id, doc in rows
        if lead_id != lead.id and len(rare & _terms(lead_from_dict(orjson.loads(doc)))) >= needed
    )
    return list(islice(near, limit))


def _rare_words(database: sqlite3.Connection, lead: Lead) -> set[str]:
    """The post's words that fewest posts have, but at least one other."""
    database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, fts, row)")
    terms = sorted(_terms(lead))
    rows = database.execute(
        "SELECT term, doc FROM temp.vocabulary WHERE term IN (SELECT value FROM json_each(?)) AND doc > 1"
        " ORDER BY doc, term LIMIT ?",
        (orjson.dumps(terms).decode(), RARE_WORDS),
    )
    return {term for term, _ in rows}


def _terms(lead: Lead) -> set[str]:
    return set(map(word_term, lead.tags.tokens))


def digests(database: sqlite3.Connection, kind: Kind) -> Iterator[Digest]:
    """Pages of rows by id, so that no read transaction stays open while the caller writes."""
    sql = _DIGESTS[kind]
    after = ""
    while rows := database.execute(sql, (after, CHUNK * 10)).fetchall():
        for record_id, doc, status, head in rows:
            yield Digest(record_id, digest(orjson.loads(doc)), status, head)
        after = rows[-1][0]


_DIGESTS: Mapping[Kind, str] = {
    "leads": "SELECT leads.id, leads.doc, leads.status, ifnull(heads.id, '') FROM leads"
    " LEFT JOIN leads AS heads ON heads.rowid = leads.head WHERE leads.id > ? ORDER BY leads.id LIMIT ?",
    "mentions": "SELECT id, doc, '', '' FROM mentions WHERE id > ? ORDER BY id LIMIT ?",
}


def records(database: sqlite3.Connection, kind: Kind, ids: Sequence[str]) -> list[Record]:
    chosen = (orjson.dumps(list(ids)).decode(),)
    if kind == "mentions":
        rows = database.execute(
            "SELECT doc FROM mentions WHERE id IN (SELECT value FROM json_each(?))", chosen
        )
        return [mention_from_dict(orjson.loads(doc)) for (doc,) in rows]
    rows = database.execute(
        "SELECT leads.doc, leads.status, leads.folded, ifnull(heads.id, '') FROM leads"
        " LEFT JOIN leads AS heads ON heads.rowid = leads.head"
        " WHERE leads.id IN (SELECT value FROM json_each(?))",
        chosen,
    )
    return [
        Stored(lead=lead_from_dict(orjson.loads(doc), folded=folded, status=status), head=head)
        for doc, status, folded, head in rows
    ]


def restore(database: sqlite3.Connection, store: LeadStore, given: Sequence[Record]) -> None:
    for record in given:
        if isinstance(record, Stored):
            store.restore(record)
    put_mentions(database, [record for record in given if isinstance(record, Mention)])


def discard(database: sqlite3.Connection, store: LeadStore, kind: Kind, ids: Sequence[str]) -> None:
    if kind == "leads":
        store.discard(ids)
    else:
        database.executemany("DELETE FROM mentions WHERE id = ?", [(mention_id,) for mention_id in ids])


def put_mentions(database: sqlite3.Connection, mentions: Sequence[Mention]) -> None:
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
        " ON CONFLICT (id) DO UPDATE SET doc = excluded.doc, published = excluded.published",
        rows,
    )
