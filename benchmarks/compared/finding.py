"""Words, a place and a week over many leads: our embedded index, PostgreSQL's LIKE, and tantivy.

PostgreSQL as 4CAT asks it: a table of posts, an index over the time, the words by LIKE. tantivy gets our
words, the time as a fast field, and a place as a box of latitude and longitude (it has no distances). Both
give the newest 50; ours gives them by need and nearness, with distances.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import tantivy

from benchmarks.search import NEARS, WORDS
from benchmarks.synthetic import NOW, leads
from leads.config import Settings
from leads.index import open_backend
from leads.index.base import Stored
from leads.ingest.ingestor import batched
from leads.models import Lead, LeadQuery, Near
from leads.query.words import parse
from nlp.text.tokens import cut, words
from tests.support import postgres_server
from tests.support.shared import close_folder, open_folder

WEEK = 7 * 86400
KM_A_DEGREE = 111.2
REPEATS = 60
FIRST = 50
Ask = Callable[[str, Near | None], object]


def compare(count: int, folder: Path) -> list[tuple[str, ...]]:
    """(what, ours, PostgreSQL, tantivy): seconds to load, size, p50 / p95 of two questions in ms."""
    rows: dict[str, list[str]] = {}
    for made in (_ours, _postgres, _tantivy):
        with made(count, folder) as (loaded, size, ask):
            rows.setdefault("loading, leads/s", []).append(f"{count / loaded:,.0f}")
            rows.setdefault("bytes a lead", []).append(f"{size / count:,.0f}")
            for title, near in (("words, all time", False), ("words + 5 km + 7 days", True)):
                rows.setdefault(f"{title}, p50 / p95 ms", []).append(_asked(ask, near))
    return [(what, *values) for what, values in rows.items()]


def _asked(ask: Ask, near: bool) -> str:
    rng = random.Random(near)
    asked = [(rng.choice(WORDS), rng.choice(NEARS) if near else None) for _ in range(REPEATS)]
    ask(*asked[0])
    took = []
    for phrase, place in asked:
        started = time.perf_counter()
        ask(phrase, place)
        took.append((time.perf_counter() - started) * 1000)
    return f"{statistics.median(took):.1f} / {statistics.quantiles(took, n=20)[-1]:.1f}"


def _box(near: Near) -> tuple[float, float, float, float]:
    """South, north, west, east of the circle."""
    high = near.km / KM_A_DEGREE
    wide = high / math.cos(math.radians(near.lat))
    return near.lat - high, near.lat + high, near.lon - wide, near.lon + wide


def _place(lead: Lead) -> tuple[float | None, float | None]:
    region = lead.tags.region
    return (region.lat, region.lon) if region else (None, None)


@contextmanager
def _ours(count: int, folder: Path) -> Iterator[tuple[float, int, Ask]]:
    settings = Settings(data_dir=folder / "ours")
    settings.data_dir.mkdir()
    with open_backend(settings) as index:
        started = time.perf_counter()
        for batch in batched((Stored(lead=lead) for lead in leads(count)), 2000):
            index.restore(batch)
        loaded = time.perf_counter() - started
        size = sum(path.stat().st_size for path in settings.data_dir.glob("leads.sqlite*"))
        week = NOW - timedelta(days=7)

        def ask(asked: str, near: Near | None) -> object:
            query = LeadQuery(words=parse(asked), near=near, since=week if near else None, limit=FIRST)
            return index.search(query, now=NOW)

        yield loaded, size, ask


@contextmanager
def _server() -> Iterator[str]:
    """A PostgreSQL as the tests have it."""
    folder = open_folder()
    try:
        yield postgres_server.server()
    finally:
        close_folder(folder)


@contextmanager
def _postgres(count: int, folder: Path) -> Iterator[tuple[float, int, Ask]]:
    with (
        _server() as server,
        postgres_server.database(server) as url,
        psycopg.connect(url, autocommit=True) as base,
    ):
        base.execute(
            "CREATE TABLE posts (id text PRIMARY KEY, body text, timestamp bigint, lat float8, lon float8)"
        )
        base.execute("CREATE INDEX ON posts (timestamp)")
        started = time.perf_counter()
        with base.cursor() as cursor, cursor.copy("COPY posts FROM STDIN") as copy:
            for lead in leads(count):
                at = int(lead.post.published_at.timestamp()) if lead.post.published_at else 0
                copy.write_row((lead.id, lead.post.text, at, *_place(lead)))
        base.execute("ANALYZE posts")
        loaded = time.perf_counter() - started
        found = base.execute("SELECT pg_total_relation_size('posts')").fetchone()
        since = int(NOW.timestamp()) - WEEK

        def ask(asked: str, near: Near | None) -> object:
            where = " AND ".join(["body LIKE %s"] * len(asked.split()))
            given: list[object] = [f"%{word}%" for word in asked.split()]
            if near:
                where += " AND timestamp >= %s AND lat BETWEEN %s AND %s AND lon BETWEEN %s AND %s"
                given += [since, *_box(near)]
            found = f"SELECT id, body FROM posts WHERE {where} ORDER BY timestamp DESC LIMIT {FIRST}"  # noqa: S608 - our words
            return base.execute(found, given).fetchall()

        yield loaded, int(found[0]) if found else 0, ask


@contextmanager
def _tantivy(count: int, folder: Path) -> Iterator[tuple[float, int, Ask]]:
    place = folder / "tantivy"
    place.mkdir()
    build = tantivy.SchemaBuilder()
    build.add_text_field("id", stored=True, tokenizer_name="raw")
    build.add_text_field("body", stored=True, tokenizer_name="whitespace")
    build.add_integer_field("at", stored=True, indexed=True, fast=True)
    build.add_float_field("lat", indexed=True, fast=True)
    build.add_float_field("lon", indexed=True, fast=True)
    schema = build.build()
    index = tantivy.Index(schema, path=str(place))
    started = time.perf_counter()
    writer = index.writer(heap_size=256 << 20, num_threads=1)
    for lead in leads(count):
        lat, lon = _place(lead)
        at = int(lead.post.published_at.timestamp()) if lead.post.published_at else 0
        known = {} if lat is None or lon is None else {"lat": lat, "lon": lon}
        writer.add_document(tantivy.Document(id=lead.id, body=" ".join(lead.tags.tokens), at=at, **known))
    writer.commit()
    writer.wait_merging_threads()
    loaded = time.perf_counter() - started
    index.reload()
    searcher = index.searcher()
    since = int(NOW.timestamp()) - WEEK

    def ask(asked: str, near: Near | None) -> object:
        clauses = " AND ".join(f'body:"{" ".join(_cut(word))}"' for word in asked.split())
        if near:
            south, north, west, east = _box(near)
            clauses += f" AND at:[{since} TO *] AND lat:[{south} TO {north}] AND lon:[{west} TO {east}]"
        query = index.parse_query(clauses, ["body"])
        hits = searcher.search(query, FIRST, order_by_field="at").hits
        return [searcher.doc(address) for _, address in hits]

    yield loaded, sum(path.stat().st_size for path in place.iterdir()), ask


def _cut(word: str) -> list[str]:
    return list(words(cut(word)))
