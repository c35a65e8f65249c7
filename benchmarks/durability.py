"""What it costs that every commit is synced: SQLite's synchronous=FULL beside NORMAL, in one process.

    python -m benchmarks.durability [--posts N] [--rounds N] [--folder DIR]

The same posts are tagged and stored (all of them, as in benchmarks/pipeline.py) in batches of 512, as an
ingest does, and of 20, as a crawl does, under either setting; then 20 rows are committed at a time into a
bare file. A ratio is a round's FULL by the same round's NORMAL; the order changes with every round.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pipeline import NOW, KeepAll, as_post, corpus_texts, ingestor
from crawler.items import Post
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import Report, batched
from nlp import Tagger

SETTINGS = ("FULL", "NORMAL")
BATCHES = (512, 20)
COMMITS = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--posts", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="on the disk to measure; the system's for temporary files"
    )
    asked = parser.parse_args()
    posts = [as_post(number, text) for number, text in enumerate(corpus_texts(asked.posts))]
    tagger = Tagger.load()
    tagger.tag_many([post.text for post in posts[:256]])
    for batch in BATCHES:
        stored = _rounds(asked.rounds, partial(_store, tagger, posts, batch, asked.folder))
        print(f"{len(posts)} posts in batches of {batch}, s: {_compared(stored)}", flush=True)
    print(f"a commit of 20 rows, ms: {_compared(_rounds(asked.rounds, partial(_commit, asked.folder)))}")


def _rounds(count: int, work: Callable[[str], float]) -> dict[str, list[float]]:
    """What `work` measures under each setting, a value a round."""
    measured: dict[str, list[float]] = {setting: [] for setting in SETTINGS}
    for number in range(count):
        for setting in SETTINGS if number % 2 else reversed(SETTINGS):
            measured[setting].append(work(setting))
    return measured


def _compared(measured: dict[str, list[float]]) -> str:
    full, normal = (statistics.median(measured[setting]) for setting in SETTINGS)
    ratios = sorted(one / other for one, other in zip(*(measured[each] for each in SETTINGS), strict=True))
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    return f"FULL {full:.2f}, NORMAL {normal:.2f}, ratio {statistics.median(ratios):.2f} ({spread})"


def _store(tagger: Tagger, posts: Sequence[Post], size: int, disk: Path | None, setting: str) -> float:
    """Seconds to tag and store all posts."""
    with TemporaryDirectory(dir=disk) as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
        index._db.execute(f"PRAGMA synchronous = {setting}")  # no user can choose this
        keeper = ingestor(tagger, index, folder, KeepAll)
        started = time.perf_counter()
        for batch in batched(posts, size):
            keeper.store(batch, Report(), NOW)
        return time.perf_counter() - started


def _commit(disk: Path | None, setting: str) -> float:
    """Milliseconds that a commit of 20 rows takes by itself."""
    with (
        TemporaryDirectory(dir=disk) as folder,
        closing(sqlite3.connect(Path(folder) / "rows.sqlite", isolation_level=None)) as database,
    ):
        database.executescript(
            f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {setting}; CREATE TABLE t (a)"
        )
        started = time.perf_counter()
        for _ in range(COMMITS):
            database.execute("BEGIN")
            database.executemany("INSERT INTO t VALUES (?)", [("x" * 200,)] * 20)
            database.execute("COMMIT")
        return (time.perf_counter() - started) / COMMITS * 1000


if __name__ == "__main__":
    main()
