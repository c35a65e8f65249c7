"""Posts per second of processor time from text to stored lead: ours beside two baselines, in one run.

    python -m benchmarks.pipeline [--posts N]

Both baselines do the same work with the usual libraries: jieba tokens, 500 keywords by `in`, a scikit-learn
TF-IDF and logistic regression pipeline, cpca for the region, SQLite with FTS5. The per-post one handles one
post at a time and commits each; the careful one works in batches of 500, a commit a batch. Texts are the
project's corpus, short posts joined until they have 60 characters. Ours runs three times: storing everything,
storing what is a lead (as `tingzhen ingest` does), and tagging alone. Prints, judges nothing.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from crawler.items import Post
from leads.clinics.name_matcher import BrandMatcher
from leads.index.sqlite.index import SqliteIndex
from leads.ingest.ingestor import Ingestor, Report, batched
from leads.models import Lead
from leads.quarantine import Quarantine
from leads.scoring.need import rate
from leads.storage import open_tagger
from nlp import Tagger
from nlp.intent import corpus
from nlp.models import Tags
from nlp.symptoms import lexicon

T = TypeVar("T")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEYWORDS = 500
BASE_POSTS = 500  # the per-post baseline is slow; its rate does not depend on how many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--posts", type=int, default=10_000, help="posts for ours and the careful baseline")
    count = parser.parse_args().posts
    texts = corpus_texts(count)
    posts = [as_post(number, text) for number, text in enumerate(texts)]
    print(f"{len(texts)} posts, {sum(map(len, texts)) / len(texts):.1f} characters on average")
    usual = _Usual([example.text for example in corpus.load()], [e.intent for e in corpus.load()])
    tagger = open_tagger()
    tagger.tag_many(texts[:256])
    results = {
        "baseline, one post at a time": _rate(usual.one_by_one, texts[:BASE_POSTS]),
        "baseline, careful batches": _rate(usual.in_batches, texts),
        "ours, everything stored": _rate(_everything(tagger), posts),
        "ours, leads stored": _rate(_ingest(tagger), posts),
        "ours, tags only": _rate(_tags(tagger), texts),
        "careful batches again": _rate(usual.in_batches, texts),
    }
    careful = (results["baseline, careful batches"] + results["careful batches again"]) / 2
    single = results["baseline, one post at a time"]
    print(f"{'':32}{'posts/s':>10}{'x single':>10}{'x careful':>10}")
    for name, value in results.items():
        print(f"{name:32}{value:10.0f}{value / single:10.1f}{value / careful:10.2f}")


def _rate(work: Callable[[Sequence[T]], None], items: Sequence[T]) -> float:
    started = time.process_time()
    work(items)
    return len(items) / (time.process_time() - started)


def corpus_texts(count: int) -> list[str]:
    """Corpus posts, short ones joined until they have 60 characters; no two are equal."""
    own = [example.text for example in corpus.load()]
    out = []
    for number in range(count):
        text, step = own[number % len(own)], number // len(own) + 1
        while len(text) < 60:
            text += "，" + own[(number * 7919 + step * 104729) % len(own)]
            step += 1
        out.append(text)
    return out


def as_post(number: int, text: str) -> Post:
    when = NOW - timedelta(seconds=7 * number)
    return Post(source="bench", post_id=str(number), text=text, published_at=when, fetched_at=NOW)


class _Usual:
    """What a careful user of the usual libraries writes."""

    def __init__(self, texts: list[str], labels: Sequence[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cpca
            import jieba
            from sklearn.feature_extraction.text import TfidfVectorizer
            from sklearn.linear_model import LogisticRegression
            from sklearn.multiclass import OneVsRestClassifier
            from sklearn.pipeline import make_pipeline
        jieba.setLogLevel(60)
        jieba.initialize()
        self._lcut, self._regions = jieba.lcut, cpca.transform
        words = sorted({entry.word for entry in lexicon.load().entries if entry.codes}, key=len)
        self._keywords = words[-KEYWORDS:]
        features = TfidfVectorizer(tokenizer=jieba.lcut, token_pattern=None, ngram_range=(1, 2), min_df=2)
        self._classifier = make_pipeline(features, OneVsRestClassifier(LogisticRegression(C=8, max_iter=200)))
        self._classifier.fit(texts[::4], labels[::4])

    def one_by_one(self, texts: Sequence[str]) -> None:
        with TemporaryDirectory() as folder:
            database = _database(folder)
            for text in texts:
                self._store(database, [text])

    def in_batches(self, texts: Sequence[str]) -> None:
        with TemporaryDirectory() as folder:
            database = _database(folder)
            for batch in batched(texts, 500):
                self._store(database, batch)

    def _store(self, database: sqlite3.Connection, texts: list[str]) -> None:
        tokens = [" ".join(self._lcut(text)) for text in texts]
        hits = [",".join(word for word in self._keywords if word in text) for text in texts]
        scores = self._classifier.predict_proba(texts).max(axis=1)
        regions = self._regions(texts)["adcode"].tolist()
        database.executemany(
            "INSERT INTO posts VALUES (?, ?, ?, ?, ?)",
            zip(texts, tokens, hits, scores.tolist(), map(str, regions), strict=True),
        )
        database.commit()


def _database(folder: str) -> sqlite3.Connection:
    database = sqlite3.connect(Path(folder) / "posts.sqlite")
    database.execute("CREATE VIRTUAL TABLE posts USING fts5 (text, tokens, hits, score, region)")
    return database


def _ingest(tagger: Tagger) -> Callable[[Sequence[Post]], None]:
    """The real path: what is no lead is dropped."""

    def work(posts: Sequence[Post]) -> None:
        with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
            ingestor(tagger, index, folder).run(posts, origin="bench", now=NOW)

    return work


def _everything(tagger: Tagger) -> Callable[[Sequence[Post]], None]:
    """Every post becomes a document: masked, tagged, scored, folded, stored."""

    def work(posts: Sequence[Post]) -> None:
        with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
            keeper = ingestor(tagger, index, folder, KeepAll)
            for batch in batched(posts, 512):
                keeper.store(batch, Report(), NOW)

    return work


class KeepAll(Ingestor):
    """Takes every post for a lead."""

    def judge(self, post: Post, tags: Tags, text: str) -> Lead | None:
        need, reasons = rate(text, tags)
        return Lead(post=post, tags=tags, need=need, reasons=reasons)


def ingestor(tagger: Tagger, index: SqliteIndex, folder: str, kind: type[Ingestor] = Ingestor) -> Ingestor:
    """One without clinics, whose quarantine lies in `folder`."""
    return kind(
        tagger=tagger,
        index=index,
        quarantine=Quarantine(Path(folder) / "q.jsonl"),
        clinics=(),
        brands=BrandMatcher(()),
    )


def _tags(tagger: Tagger) -> Callable[[Sequence[str]], None]:
    def work(texts: Sequence[str]) -> None:
        for batch in batched(texts, 256):
            tagger.tag_many(batch)

    return work


if __name__ == "__main__":
    main()
