"""A power cut loses nothing that was promised: what a cursor, an answer or an alert stands for is on disk."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.sample.forum import serve_forum, sources_toml
from leads.actions.crawl import crawl
from leads.config import CrawlSettings, Settings
from leads.records import erasures, open_records, users
from leads.storage import open_index
from tests.support.builders import lead, post
from tests.support.commands import TINGZHEN, post_line, write_lines
from tests.support.power_cut import MARK, Disk, cuts, needs_strace, trace

pytestmark = [needs_strace, pytest.mark.slow]


def stored(settings: Settings) -> set[str]:
    return rows(settings, "leads.sqlite", "leads", "id") | rows(
        settings, "leads.sqlite", "mentions", "post_id"
    )


def alerted(settings: Settings) -> set[str]:
    """Posts that the rules were asked about, so that nobody asks again."""
    return rows(settings, "records.sqlite", "causes", "post_id")


def acknowledged(settings: Settings) -> set[str]:
    """Posts that the crawler takes for stored: it will not read them again by itself."""
    return rows(settings, "coverage.sqlite", "kept", "id")


def rows(settings: Settings, file: str, table: str, column: str) -> set[str]:
    """One column of a table; nothing where there is no such table yet."""
    with closing(sqlite3.connect(settings.data_dir / file)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            return set()
        return {row[0] for row in database.execute(f"SELECT {column} FROM {table}")}  # noqa: S608 - our names


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[tuple[str, str]], str]]:
    """A crawl of the sample forum: where its data is, its calls, and the forum's sources."""
    folder = tmp_path_factory.mktemp("crawl")
    with serve_forum() as forum:
        (folder / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        env = {"TINGZHEN_SOURCES": str(folder / "sources.toml")}
        (folder / "tingzhen.toml").write_text('data_dir = "data"\n[crawl]\nsources = "sources.toml"\n')
        yield folder, trace([str(TINGZHEN), "crawl"], folder / "data", cwd=folder, env=env), forum.url


def config(folder: Path, sources: Path) -> Settings:
    return Settings(data_dir=folder, crawl=CrawlSettings(sources=str(sources)))


def test_a_post_is_on_disk_with_its_cause_before_its_cursor(
    crawled: tuple[Path, list[tuple[str, str]], str], tmp_path: Path
) -> None:
    folder, calls, _ = crawled
    most = 0
    target = tmp_path / "data"
    for cut in cuts(calls, Disk(str(folder / "data")), target):
        settings = config(target, folder / "sources.toml")
        read = acknowledged(settings)
        assert read <= stored(settings), cut
        assert read <= alerted(settings), cut
        most = max(most, len(read))
    assert most > 20


def test_a_crawl_after_a_power_cut_ends_where_an_undisturbed_one_does(
    crawled: tuple[Path, list[tuple[str, str]], str], tmp_path: Path
) -> None:
    folder, calls, _ = crawled
    undisturbed = config(folder / "data", folder / "sources.toml")
    target = tmp_path / "data"
    for cut in cuts(calls, Disk(str(folder / "data")), target, most=2):
        if cut:
            settings = config(target, folder / "sources.toml")
            crawl(settings, [], progress=lambda event: None)
            assert stored(settings) == stored(undisturbed)
            assert alerted(settings) == alerted(undisturbed)


def test_no_cause_is_on_disk_before_its_lead(tmp_path: Path) -> None:
    words = ("牙疼", "牙龈出血", "智齿发炎", "牙冠掉了", "牙齿松动")
    files = [
        write_lines(
            tmp_path / f"{word}.jsonl",
            [post_line(10 * start + n, f"{word}第{n}天，成都武侯求推荐牙科{start}") for n in range(6)],
        )
        for start, word in enumerate(words)
    ]
    command = [str(TINGZHEN), "ingest", *map(str, files)]
    calls = trace(command, tmp_path / "data", cwd=tmp_path)
    target, most = tmp_path / "cut", 0
    for cut in cuts(calls, Disk(str(tmp_path / "data")), target):
        settings = Settings(data_dir=target)
        told = alerted(settings)
        assert told <= stored(settings), cut
        most = max(most, len(told))
    assert most > 10


WORK = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from leads.config import Settings
from leads.records import open_records, users
from leads.storage import author_secret, open_index
from leads.actions.erase import erase
settings = Settings(data_dir=Path("data").resolve())
{work}
(settings.data_dir / "answered").write_bytes(b"")
os._exit(0)  # as a server that is in the middle of its day: nothing is closed
"""
ERASE = """
opened = open_index(settings); index = opened.__enter__(); records = open_records(settings)
erase(records, index, "author", "forum/1", who="lin", now=datetime.now(UTC))
"""
PASSWORD = """
records = open_records(settings)
with records.transaction() as session:
    users.set_password(
        session, users.by_login(session, "lin"), "hao yuan de yi tian", now=datetime.now(UTC)
    )
"""
SECRET = "author_secret(settings)"


def left_after(work: str, folder: Path) -> Settings:
    """What a cut leaves in the very moment in which the answer was given."""
    assert MARK in WORK
    disk = Disk.of(folder / "data")
    calls = trace([sys.executable, "-c", WORK.format(work=work)], folder / "data", cwd=folder)
    (cut,) = cuts(calls, disk, folder / "cut", kind="mark")
    assert cut == 0
    return Settings(data_dir=folder / "cut")


@pytest.fixture
def desk(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path / "data")
    with open_index(settings) as index, open_records(settings) as records:
        index.upsert([lead(1), lead(2, "另一个人的帖子，牙疼")])
        with records.transaction() as session:
            users.add_user(session, login="lin", name="林", role="admin", now=datetime.now(UTC))
    return settings


def test_who_was_told_that_it_is_erased_stays_erased(desk: Settings, tmp_path: Path) -> None:
    left = left_after(ERASE, tmp_path)
    assert stored(left) == {"forum/2"}
    with open_records(left) as records, records.reading() as session:
        assert erasures.erased(session, [post(1)]) == {"forum/1"}


def test_a_password_that_was_set_is_set(desk: Settings, tmp_path: Path) -> None:
    left = left_after(PASSWORD, tmp_path)
    with open_records(left) as records, records.reading() as session:
        user = users.by_login(session, "lin")
        assert users.may_come_in(user, "hao yuan de yi tian")


def test_the_key_of_the_author_hashes_is_on_disk_before_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    left = left_after(SECRET, tmp_path)
    assert (left.data_dir / "author.key").read_bytes() == (tmp_path / "data" / "author.key").read_bytes()
