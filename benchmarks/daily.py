"""Daily counts: their share of what ingesting costs, and how long a city's year takes. Prints figures.

    python -m benchmarks.daily [--posts N] [--leads N]

The share is the time spent in gathering and writing the counts while the corpus is ingested as
`tingzhen ingest` does, so it does not depend on how fast or busy the machine is. The year is of one city, all
its districts, symptoms, sources and stages; only the table of counts is filled, not the leads behind it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks import synthetic
from benchmarks.pipeline import NOW, as_post, corpus_texts, ingestor
from leads.index.daily import Daily
from leads.index.sqlite.daily import DailyTable
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead
from nlp import Tagger
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

CITY = "5101"
T = TypeVar("T")


class Clock:
    """Time spent in some functions."""

    def __init__(self) -> None:
        self.spent = 0.0

    def timed(self, work: Callable[..., T]) -> Callable[..., T]:
        @wraps(work)
        def inner(*values: object) -> T:
            started = time.perf_counter()
            try:
                return work(*values)
            finally:
                self.spent += time.perf_counter() - started

        return inner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--posts", type=int, default=20_000, help="posts ingested")
    parser.add_argument("--leads", type=int, default=1_000_000, help="leads of the year")
    given = parser.parse_args()
    ingest(given.posts)
    year(given.leads)


def ingest(count: int) -> None:
    tagger, clock = Tagger.load(), Clock()
    posts = [as_post(number, text) for number, text in enumerate(corpus_texts(count))]
    tagger.tag_many([post.text for post in posts[:256]])
    DailyTable.add = clock.timed(DailyTable.add)  # type: ignore[method-assign]  # measured
    DailyTable.write = clock.timed(DailyTable.write)  # type: ignore[method-assign]  # measured
    with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
        started = time.perf_counter()
        report = ingestor(tagger, index, folder).run(posts, origin="bench", now=NOW)
        took = time.perf_counter() - started
    print(f"{count} posts, {report.leads} leads: daily counts take {clock.spent / took:.2%} of the ingest")


def year(count: int) -> None:
    with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
        _fill(index, count)
        last = date(2026, 11, 20)
        questions = {
            "day × symptom, the year": Daily(by=("day", "symptom"), cities=(f"{CITY}00",)),
            "day × symptom, 90 days": Daily(
                by=("day", "symptom"), cities=(f"{CITY}00",), since=last - timedelta(days=90)
            ),
            "day × source, the year": Daily(by=("day", "source"), cities=(f"{CITY}00",)),
            "district × symptom × answered, 30 days": Daily(
                by=("district", "symptom", "answered"),
                cities=(f"{CITY}00",),
                since=last - timedelta(days=30),
            ),
        }
        for name, asked in questions.items():
            started = time.perf_counter()
            found = index.daily(asked)
            print(f"{name:42}{time.perf_counter() - started:7.2f} s{len(found):9} counts")


def _fill(index: SqliteIndex, count: int) -> None:
    rng = random.Random(20261130)
    districts = [each for each in Gazetteer.load() if each.code.startswith(CITY) and each.level == "district"]
    regions = [Gazetteer.load().region(each, "text") for each in districts]
    codes = list(lexicon.load().concepts.values())
    weights = [1 / (rank + 3) for rank in range(len(codes))]
    models = list(synthetic.leads(2000))
    with index._writing():
        for number in range(count):
            index._store.daily.add(_lead(rng, models[number % len(models)], regions, codes, weights), 1)
            if number % 500 == 499:
                index._store.daily.write()


def _lead(rng: random.Random, lead: Lead, regions: list, codes: list, weights: list[float]) -> Lead:  # type: ignore[type-arg]  # as drawn
    concept = rng.choices(codes, weights)[0]
    symptom = replace(lead.tags.symptoms[0], code=concept.code, specialty=concept.specialty)
    when = synthetic.NOW - timedelta(days=rng.uniform(0, 365))
    post = replace(
        lead.post,
        published_at=when,
        source=rng.choice(("weibo", "tieba", "forum")),
        replies=rng.choice((0, 2)),
    )
    tags = replace(
        lead.tags, symptoms=(symptom,), specialties=(concept.specialty,), region=rng.choice(regions)
    )
    return replace(lead, post=post, tags=tags)


if __name__ == "__main__":
    main()
