"""Whatever starts and uses the key of the author hashes says so when another has taken its place."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.author_secret import NAME
from crawler.sample.forum import serve_forum, sources_toml
from leads import server
from leads.config import Settings
from leads.records import open_records, users
from leads.records.author_keys import REPLACED
from leads.storage import author_key_problem, author_secret
from tests.site.crawl import environment
from tests.support.commands import GOOD, run, write_lines

NOW = datetime.now(UTC)


@pytest.fixture
def folder(own_folder: Path) -> Path:
    """A clinic's folder whose key was lost after its first use. There is nothing to crawl."""
    config = own_folder / "tingzhen.toml"
    config.write_text(config.read_text("utf-8") + '\n[crawl]\nsources = "sources.toml"\n', encoding="utf-8")
    (own_folder / "sources.toml").write_text("", encoding="utf-8")
    settings = Settings(data_dir=own_folder / "data")
    author_secret(settings)
    assert author_key_problem(settings, now=NOW - timedelta(days=1)) == ""
    (settings.data_dir / NAME).unlink()
    return own_folder


@pytest.mark.parametrize(
    "words", [("crawl",), ("run-once",), ("ingest", "posts.jsonl"), ("check",)], ids=lambda words: words[0]
)
def test_a_command_says_it(folder: Path, words: tuple[str, ...]) -> None:
    write_lines(folder / "posts.jsonl", [GOOD])
    ran = run(*words)
    assert REPLACED in ran.said + ran.out.replace("\n", "")


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("first_start", [False, True])
def test_the_server_says_it(folder: Path, first_start: bool, demo: bool) -> None:
    settings = Settings(data_dir=folder / "data")
    if not first_start:
        with open_records(settings) as records, records.transaction() as session:
            users.set_password(session, users.first_admin(session, now=NOW), "long enough words", now=NOW)
    assert REPLACED in server.greeting(settings, port=8000, now=NOW, demo=demo)


def test_a_crawl_started_by_hand_says_it(folder: Path) -> None:
    with serve_forum() as forum:
        (folder / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", "crawl", "discuz"],
            cwd=folder,
            env={**environment(), "TINGZHEN_SOURCES": str(folder / "sources.toml")},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert REPLACED in done.stderr
