"""Search over many leads, embedded and on Elasticsearch, in one run: load rate, size, p50 and p95 of queries.

    python -m benchmarks.search --count 1000000
    python -m benchmarks.search --count 200000 --elastic http://127.0.0.1:9200

Without `--elastic` a server of its own is started as for the tests (512 MB heap). Prints figures and ratios,
not verdicts; both indexes hold the same invented leads and answer the same queries.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from elasticsearch import helpers
from fastapi.testclient import TestClient

from benchmarks.synthetic import NOW, leads
from leads.config import ElasticSettings, Settings
from leads.index import open_backend
from leads.index.base import LeadIndex, Stored
from leads.index.elastic import ElasticIndex
from leads.index.elastic_bulk import index_action, write
from leads.index.elastic_docs import lead_document
from leads.ingest import batched
from leads.models import LeadQuery, Near
from leads.web.app import create_app
from nlp.gazetteer import Gazetteer
from tests.leads.index.elastic_server import running, scratch, unpack

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
        "words": lambda rng: LeadQuery(text=rng.choice(WORDS)),
        "words + 5 km + 7 days": lambda rng: LeadQuery(
            text=rng.choice(WORDS), near=rng.choice(NEARS), since=week
        ),
        "symptom + 5 km": lambda rng: LeadQuery(symptoms=("toothache",), near=rng.choice(NEARS)),
        "specialty + city, newest": lambda rng: LeadQuery(
            specialties=("dental",), area=rng.choice(NEARS).adcode[:4] + "00", sort="newest"
        ),
        "rule + 30 days": lambda rng: LeadQuery(
            text='(牙疼 OR 智齿) AND "要挂什么科" -火锅', since=month
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


def load(index: LeadIndex, items: Iterable[Stored]) -> float:
    """Leads per second, as `tingzhen reindex` writes them; inventing them is not counted."""
    spent, count = 0.0, 0
    for batch in batched(items, BATCH):
        start = time.perf_counter()
        index.restore(batch)
        spent += time.perf_counter() - start
        count += len(batch)
    return count / spent


def compare_bulk(index: ElasticIndex, count: int = 20_000) -> float:
    """Our bulk path's rate over that of helpers.streaming_bulk with the same documents; median of five."""
    documents = [lead_document(lead) for lead in leads(count, seed=7)]
    client, ratios = index.client, []
    for number in range(5):
        rates = []
        for path in (_ours, _theirs) if number % 2 else (_theirs, _ours):
            name = f"{index.admin.alias('leads')}-v1-999999"
            index.admin.create("leads", 999_999, alias=False)
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
        for name, index in indexes.items():
            rate = load(index, (Stored(lead=lead) for lead in leads(count)))
            size = _size(index, settings[name]) / count
            print(f"{name}: loaded {count} at {rate:.0f} leads/s, {size:.0f} B each", flush=True)
        elastic = indexes["elastic"]
        assert isinstance(elastic, ElasticIndex)
        elastic.client.indices.forcemerge(index=elastic.admin.alias("leads"), max_num_segments=5)
        print(f"bulk path / streaming_bulk: {compare_bulk(elastic):.2f}")
        report(indexes)
        pages(settings)


def _size(index: LeadIndex, settings: Settings) -> int:
    if isinstance(index, ElasticIndex):
        index.client.indices.flush(index=index.admin.alias("leads"))
        stats = index.client.indices.stats(index=index.admin.alias("leads"), metric="store")
        return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])
    return sum(path.stat().st_size for path in settings.data_dir.glob("leads.sqlite*"))


def report(indexes: dict[str, LeadIndex]) -> None:
    print(f"{'query':28}" + "".join(f"{name + ' p50/p95 ms':>26}" for name in indexes) + "   p95 ratio")
    for title, make in queries().items():
        results = []
        for index in indexes.values():
            rng = random.Random(title)
            asked = [make(rng) for _ in range(REPEATS)]
            index.search(asked[0], now=NOW)
            results.append(spread([timed(lambda q=q, i=index: i.search(q, now=NOW)) for q in asked]))
        line = "".join(f"{p50:>16.1f} /{p95:>8.1f}" for p50, p95 in results)
        print(f"{title:28}{line}{results[-1][1] / results[0][1]:>12.1f}")


def pages(settings: dict[str, Settings]) -> None:
    for name, chosen in settings.items():
        rng = random.Random("pages")
        with TestClient(create_app(chosen), base_url="http://127.0.0.1:8000") as client:
            urls = [
                f"/?q={rng.choice(WORDS)}&near={near.lat},{near.lon}&radius=5km&since=2026-11-13"
                for near in rng.choices(NEARS, k=REPEATS)
            ]
            assert client.get(urls[0]).status_code == 200
            p50, p95 = spread([timed(lambda url=url: client.get(url)) for url in urls])
        print(f"web page on {name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--elastic", default="", help="address of a server; one is started without it")
    given = parser.parse_args()
    with ExitStack() as stack:
        url = given.elastic or stack.enter_context(running(unpack(stack.enter_context(scratch())))).address
        folder = Path(stack.enter_context(TemporaryDirectory()))
        table = ElasticSettings(prefix=f"bench-{time.time_ns()}", replicas=0)
        (folder / "sqlite").mkdir()
        (folder / "elastic").mkdir()
        settings = {
            "sqlite": Settings(data_dir=folder / "sqlite"),
            "elastic": Settings(data_dir=folder / "elastic", index=url, elastic=table),
        }
        run(settings, given.count)


if __name__ == "__main__":
    main()
