"""Runs a real crawl, as users do: `scrapy crawl discuz` in a process of its own, against a local forum."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.coverage.runs import Gap, Run
from crawler.coverage.store import Coverage
from crawler.items import Post, post_from_dict
from crawler.sample.forum import Served, sources_toml
from tests.site import forks
from tests.support.paths import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawled:
    posts: tuple[Post, ...]
    run: Run
    gaps: tuple[Gap, ...]
    events: tuple[dict[str, object], ...]
    log: str
    paths: tuple[str, ...]  # what the forum was asked for in this crawl

    def post(self, post_id: str) -> Post:
        return next(post for post in self.posts if post.post_id == post_id)

    @property
    def ids(self) -> list[str]:
        return sorted(post.post_id for post in self.posts)


def write_sources(folder: Path, url: str, changes: Mapping[str, str]) -> Path:
    """The sample forum's sources.toml, some lines replaced (key → TOML value); `table` names the table."""
    text = sources_toml(url, changes.get("table", "sample-forum"))
    for key, value in changes.items():
        if key == "table":
            continue
        # A value may run over several lines, closed by a "]" at the start of one.
        text = re.sub(rf"^{key} = (?:\[\n(?:.*\n)*?\]|.*)\n", "", text, flags=re.MULTILINE)
        text = text.replace("]\n", f"]\n{key} = {value}\n", 1)
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def command(folder: Path, *extra: str, engine: str = "discuz") -> list[str]:
    """Scrapy's words."""
    settings = {
        "ITEM_PIPELINES": "{}",
        "TINGZHEN_SOURCES": str(folder / "sources.toml"),
        "TINGZHEN_DATA_DIR": str(folder / "data"),
        "TINGZHEN_PROGRESS": str(folder / "progress.jsonl"),
        "RETRY_TIMES": "0",
        # On a busy machine nothing runs out of time but what a test is about.
        "DOWNLOAD_TIMEOUT": "300",
        "TINGZHEN_PAGE_SECONDS": "300",
    }
    options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
    return ["scrapy", "crawl", engine, *options, *extra]


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TINGZHEN_")}
    return {**kept, "PYTHONPATH": str(ROOT), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}


def crawl(folder: Path, served: Served, *extra: str, **changes: str) -> Crawled:
    """One whole crawl. `changes` are lines of the sources.toml, `extra` further arguments of Scrapy."""
    write_sources(folder, served.url, changes)
    out, progress = folder / "posts.jsonl", folder / "progress.jsonl"
    progress.unlink(missing_ok=True)
    served.forum.requests.clear()
    done = forks.run(command(folder, "-O", str(out), *extra), cwd=folder, env=environment())
    assert done.returncode == 0, done.stderr
    lines = out.read_text(encoding="utf-8").splitlines()
    coverage = Coverage(folder / "data" / "coverage.sqlite")
    try:
        return Crawled(
            posts=tuple(post_from_dict(json.loads(line)) for line in lines),
            run=coverage.runs(limit=1)[0],
            gaps=coverage.gaps(datetime.now(UTC)),
            events=tuple(json.loads(line) for line in progress.read_text(encoding="utf-8").splitlines()),
            log=done.stderr,
            paths=tuple(path for _, path in served.forum.requests),
        )
    finally:
        coverage.close()
