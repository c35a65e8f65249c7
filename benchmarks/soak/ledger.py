"""The books of a soak: what was said against what is stored, told and left lying about."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from benchmarks.soak.program import GROWTH, Life
from benchmarks.soak.site import Sites
from benchmarks.soak.world import NAME, TELEPHONE
from leads.config import Settings
from leads.index import open_backend
from leads.ingest.ingestor import batched
from leads.records import open_records
from leads.records.tables.alerts import Alert
from leads.storage import coverage

DATABASES = ("leads.sqlite", "records.sqlite", "coverage.sqlite")
HANDLES_SPARE = 8  # that a server may have more of while pages are open


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the comparison gave: figures to tell, and what is wrong, a sentence each."""

    figures: dict[str, object]
    wrong: list[str]


def settle(settings: Settings, sites: Sites, lives: list[Life], root: Path) -> Books:
    """Compare everything, after the program has ended."""
    said = Counter(_said(sites))
    stored, folded = _stored(settings)
    alerts, told = _told(settings, sites)
    wrong = [f"{file} is damaged: {problem}" for file, problem in _damaged(settings)]
    wrong += _faults("lost", said - stored) + _faults(
        "stored, but nobody said it as a lead or twice", stored - said
    )
    heads = {address for address in stored if address not in folded}
    wrong += _faults("told to nobody", Counter(heads) - alerts)
    wrong += _faults("told more than once", alerts - Counter(set(stored)))
    wrong += _faults("written down as sent and never arrived", Counter(told["unsent"]))
    wrong += [f"{what} stands in {file}" for file, what in _leaked(root)]
    wrong += [f"process {pid} is still there" for pid in _left(root)]
    wrong += list(_swollen(lives))
    figures: dict[str, object] = {
        "posts": len(sites.begun) * sites.world.sources * sites.world.posts,
        "leads": len(said),
        "stored": stored.total(),
        "folded": len(folded),
        "alerts": alerts.total(),
        "messages": len(sites.told),
        "arrived again": sum(count - 1 for count in sites.told.values()),
        "runs": _runs(settings),
        "grown": [tuple(round(each, 2) for each in grown) for life in lives if (grown := life.grown())],
        "megabytes at most": round(max((max(life.megabytes) for life in lives if life.megabytes), default=0)),
        "handles at most": max((max(life.handles) for life in lives if life.handles), default=0),
    }
    return Books(figures=figures, wrong=wrong)


def _said(sites: Sites) -> Iterator[str]:
    for source in range(sites.world.sources):
        for turn in range(len(sites.begun)):
            for said in sites.world.said(source, turn, sites.districts):
                if said.lead:
                    yield sites.url(source, said.number)


def _stored(settings: Settings) -> tuple[Counter[str], set[str]]:
    """Addresses of all stored leads, and of those kept under another as near-duplicates."""
    stored: Counter[str] = Counter()
    folded: set[str] = set()
    with open_backend(settings) as index:
        for digests in batched(index.digests("leads"), 1000):
            heads = {each.id: each.head for each in digests}
            for post in index.posts(list(heads)):
                stored[post.url] += 1
                if heads[post.id]:
                    folded.add(post.url)
    return stored, folded


def _told(settings: Settings, sites: Sites) -> tuple[Counter[str], dict[str, list[str]]]:
    """Alerts by the post's address; ids of those that count as sent and did not arrive."""
    with open_records(settings) as records, records.reading() as session:
        rows = session.scalars(select(Alert)).all()
    with open_backend(settings) as index:
        urls = {
            post.id: post.url
            for ids in batched([row.post_id for row in rows if row.post_id], 1000)
            for post in index.posts(ids)
        }
    unsent = [row.id for row in rows if row.id not in sites.told and row.merged_into not in sites.told]
    alerts = Counter(urls.get(row.post_id, row.post_id) for row in rows if row.post_id)
    return alerts, {"unsent": unsent}


def _runs(settings: Settings) -> dict[str, int]:
    """Crawls by how they ended, in the coverage report's words: gaps are admitted there."""
    with coverage(settings) as opened:
        return dict(Counter(run.outcome for run in opened.runs(limit=1_000_000)))


def _damaged(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in DATABASES:
        with closing(sqlite3.connect(settings.data_dir / name)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                yield name, found


def _leaked(root: Path) -> Iterator[tuple[str, str]]:
    """Files below `root` that hold a writer's name, plain or as JSON writes it, or a telephone number."""
    marks = {
        "a name": NAME.encode(),
        "a name in JSON": json.dumps(NAME)[1:-1].encode(),
        "a telephone number": TELEPHONE.encode(),
    }
    for file in root.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            yield from (
                (str(file.relative_to(root)), what) for what, mark in marks.items() if mark in content
            )


def _left(root: Path) -> Iterator[int]:
    """Processes that still work in this folder."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(root):
                yield int(link.parent.name)


def _swollen(lives: list[Life]) -> Iterator[str]:
    for life in lives:
        grown = life.grown()
        if grown and grown[0] > GROWTH:
            yield f"memory grew to {grown[0]:.2f} times within one life of the server"
        if grown and grown[1] > GROWTH and max(life.handles) > min(life.handles) + HANDLES_SPARE:
            yield f"open files grew to {grown[1]:.2f} times within one life of the server"


def _faults(what: str, found: Counter[str]) -> list[str]:
    return [f"{found.total()} {what}, for instance {next(iter(found))}"] if found else []
