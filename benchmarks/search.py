"""Search over many leads, embedded and on Elasticsearch, in one run: load rate, size, p50 and p95 of queries.

    python -m benchmarks.search --count 1000000
    python -m benchmarks.search --count 200000 --elastic http://127.0.0.1:9200
    python -m benchmarks.search --only sqlite

Without `--elastic` a server of its own is started as for the tests (512 MB heap). Prints figures and ratios,
not verdicts; both indexes hold the same invented leads and answer the same queries. "Cold" is the embedded
index as a command finds it, without its columns in memory; all other figures are those of a running server.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from elasticsearch import helpers
from fastapi.testclient import TestClient

from benchmarks.synthetic import NOW, leads
from leads.config import ElasticSettings, Settings
from leads.index import open_backend
from leads.index.base import LeadIndex, Stored
from leads.index.elastic.bulk import index_action, write
from leads.index.elastic.docs import lead_document
from leads.index.elastic.index import ElasticIndex
from leads.ingest.ingestor import batched
from leads.models import LeadQuery, Near
from leads.query.words import parse
from leads.records import open_records, sessions, users
from leads.web.app import create_app
from leads.web.auth import COOKIE
from nlp.places.gazetteer import Gazetteer
from tests.support.elastic_server import running, scratch, unpack

BATCH = 2000
REPEATS = 100


def points() -> list[Near]:
    """Where clinics are asked about: the large cities' districts."""
    codes = ("5101", "3101", "1101", "4403", "3301")
    divisions = [d for d in Gazetteer.load() if d.code[:4] in codes and d.level == "district"]
    return [Near(lat=d.lat, lon=d.lon, km=5.0, adcode=d.code) for d in divisions]


NEARS = points()
WORDS = ("牙疼", "智齿", "咳嗽", "失眠", "膝盖", "胃疼 推荐", "发烧 孩子")


def queries() -> dict[str, Callable[[random.Random], LeadQuery]]:
    week, month = NOW - timedelta(days=7), NOW - timedelta(days=30)
    return {
        "words": lambda rng: LeadQuery(words=parse(rng.choice(WORDS))),
        "words + 5 km + 7 days": lambda rng: LeadQuery(
            words=parse(rng.choice(WORDS)), near=rng.choice(NEARS), since=week
        ),
        "symptom + 5 km": lambda rng: LeadQuery(symptoms=("toothache",), near=rng.choice(NEARS)),
        "specialty + city, newest": lambda rng: LeadQuery(
            specialties=("dental",), area=rng.choice(NEARS).adcode[:4] + "00", sort="newest"
        ),
        "rule + 30 days": lambda rng: LeadQuery(
            words=parse('(牙疼 OR 智齿) AND "要挂什么科" -火锅'), since=month
        ),
        "NEAR + status + 5 km": lambda rng: LeadQuery(
            words=parse("孩子 NEAR/5 发烧"), statuses=("new",), near=rng.choice(NEARS)
        ),
        "nearest, 30 days": lambda rng: LeadQuery(near=rng.choice(NEARS), since=month, sort="nearest"),
    }  # fmt: skip


def timed(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return (time.perf_counter() - start) * 1000


def spread(values: Sequence[float]) -> tuple[float, float]:
    """(p50, p95)."""
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def load(indexes: dict[str, LeadIndex], count: int) -> None:
    """As `tingzhen reindex` writes; inventing leads is not counted. Memory must not grow with them."""
    spent = dict.fromkeys(indexes, 0.0)
    done = 0
    for batch in batched((Stored(lead=lead) for lead in leads(count)), BATCH):
        for name, index in indexes.items():
            start = time.perf_counter()
            index.restore(batch)
            spent[name] += time.perf_counter() - start
        done += len(batch)
        if done % max(1, count // 10) < BATCH:
            rates = ", ".join(f"{name} {done / its:.0f}/s" for name, its in spent.items())
            print(f"  {done}: {rates}; memory {memory():.0f} MB", flush=True)


def memory() -> float:
    """The most this process has taken, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare_bulk(index: ElasticIndex, count: int = 20_000) -> float:
    """Our bulk path's rate over that of helpers.streaming_bulk with the same documents; median of five."""
    documents = [lead_document(lead) for lead in leads(count, seed=7)]
    client, ratios = index.client, []
    for number in range(5):
        rates = []
        for path in (_ours, _theirs) if number % 2 else (_theirs, _ours):
            name = index.admin.create("leads", 999_999, alias=False)
            start = time.perf_counter()
            path(client, name, documents)
            rates.append((path, count / (time.perf_counter() - start)))
            client.indices.delete(index=name)
        by_path = dict(rates)
        ratios.append(by_path[_ours] / by_path[_theirs])
        print(f"  bulk: ours {by_path[_ours]:.0f}/s, streaming_bulk {by_path[_theirs]:.0f}/s")
    return statistics.median(ratios)


def _ours(client: object, name: str, documents: list[dict[str, object]]) -> None:
    actions = (index_action(name, str(document["id"]), document) for document in documents)
    write(client, actions, refused=print, alias=False)  # type: ignore[arg-type]  # an Elasticsearch


def _theirs(client: object, name: str, documents: list[dict[str, object]]) -> None:
    actions = ({"_index": name, "_id": document["id"], "_source": document} for document in documents)
    for _ in helpers.streaming_bulk(client, actions, chunk_size=1000):  # type: ignore[arg-type]  # same
        pass


def run(settings: dict[str, Settings], count: int) -> None:
    with ExitStack() as stack:
        indexes = {name: stack.enter_context(open_backend(chosen)) for name, chosen in settings.items()}
        load(indexes, count)
        for name, index in indexes.items():
            print(f"{name}: {_size(index, settings[name]) / count:.0f} B a lead", flush=True)
        elastic = indexes.get("elastic")
        if isinstance(elastic, ElasticIndex):
            elastic.client.indices.forcemerge(index=elastic.admin.alias("leads"), max_num_segments=5)
            print(f"bulk path / streaming_bulk: {compare_bulk(elastic):.2f}", flush=True)
        if "sqlite" in indexes:
            print("cold:")
            report({"sqlite": indexes["sqlite"]}, count_too=False)
            took = timed(lambda: indexes["sqlite"].facets(LeadQuery(), ["status"]))
            print(f"columns read into memory: {took / 1000:.1f} s, memory {memory():.0f} MB")
        report(indexes)
        pages(settings, indexes)


def _size(index: LeadIndex, settings: Settings) -> int:
    if isinstance(index, ElasticIndex):
        index.client.indices.flush(index=index.admin.alias("leads"))
        stats = index.client.indices.stats(index=index.admin.alias("leads"), metric="store")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])
    return sum(path.stat().st_size for path in settings.data_dir.glob("leads.sqlite*"))


def report(indexes: dict[str, LeadIndex], *, count_too: bool = True) -> None:
    print(f"{'query':28}" + "".join(f"{name + ' p50/p95 ms':>26}" for name in indexes) + "   p95 ratio")
    for title, make in queries().items():
        ask: Callable[[LeadIndex, LeadQuery], object] = lambda index, query: index.search(query, now=NOW)  # noqa: E731 - one of several
        line(title, make, ask, indexes)
    if count_too:
        everything: Callable[[random.Random], LeadQuery] = lambda rng: LeadQuery(intents=("seeker",))  # noqa: E731 - likewise
        line("counts beside filters, all", everything, all_counts, indexes)
        line("counts beside filters, near", queries()["words + 5 km + 7 days"], all_counts, indexes)


def all_counts(index: LeadIndex, query: LeadQuery) -> object:
    """What the lead page shows beside its filters."""
    moments = [NOW - timedelta(days=days) for days in (1, 3, 7, 30)]
    return index.facets(query), index.precisions(query), index.counts_since(query, moments)


def line(
    title: str,
    make: Callable[[random.Random], LeadQuery],
    ask: Callable[[LeadIndex, LeadQuery], object],
    indexes: dict[str, LeadIndex],
) -> None:
    results = []
    for index in indexes.values():
        rng = random.Random(title)
        asked = [make(rng) for _ in range(REPEATS)]
        ask(index, asked[0])
        results.append(spread([timed(lambda q=q, i=index: ask(i, q)) for q in asked]))
    shown = "".join(f"{p50:>16.1f} /{p95:>8.1f}" for p50, p95 in results)
    print(f"{title:28}{shown}{results[-1][1] / results[0][1]:>12.1f}", flush=True)


def pages(settings: dict[str, Settings], indexes: dict[str, LeadIndex]) -> None:
    """The page of leads as a person who is logged in gets it, counts beside its filters included."""
    for name, chosen in settings.items():
        rng = random.Random("pages")
        with open_records(chosen) as records, records.transaction() as session:
            user = users.add_user(session, login="bench", name="测试", role="admin", now=datetime.now(UTC))
            cookie = {COOKIE: sessions.open_session(session, user, now=datetime.now(UTC))}
        app = create_app(chosen, clock=lambda: NOW)
        with TestClient(app, base_url="http://127.0.0.1:8000", cookies=cookie) as client:
            urls = [
                f"/leads?q={rng.choice(WORDS)}&near={near.lat},{near.lon}&radius=5km&since=7d"
                for near in rng.choices(NEARS, k=REPEATS)
            ]
            for title, asked in (("words + 5 km + 7 days", urls), ("everything", ["/leads?status=new"] * 20)):
                first = client.get(asked[0], follow_redirects=False)
                assert first.status_code == 200, first.status_code
                p50, p95 = spread([timed(lambda url=url: client.get(url)) for url in asked])
                print(f"web page on {name}, {title}: p50 {p50:.1f} ms, p95 {p95:.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--elastic", default="", help="address of a server; one is started without it")
    parser.add_argument("--only", choices=("sqlite", "elastic"), help="leave the other index out")
    given = parser.parse_args()
    with ExitStack() as stack:
        url = given.elastic
        if not url and given.only != "sqlite":
            url = stack.enter_context(running(unpack(stack.enter_context(scratch())))).address
        folder = Path(stack.enter_context(TemporaryDirectory()))
        table = ElasticSettings(prefix=f"bench-{time.time_ns()}", replicas=0)
        (folder / "sqlite").mkdir()
        (folder / "elastic").mkdir()
        settings = {
            "sqlite": Settings(data_dir=folder / "sqlite"),
            "elastic": Settings(data_dir=folder / "elastic", index=url or "sqlite", elastic=table),
        }
        run({name: its for name, its in settings.items() if given.only in (None, name)}, given.count)


if __name__ == "__main__":
    main()
