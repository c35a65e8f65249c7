"""A lead index that was lost, or put back from an older copy, is filled again, and this is said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.coverage.runs import Run
from crawler.sample.forum import serve_forum, sources_toml
from leads import storage
from leads.actions import change_case
from leads.actions.check import check
from leads.actions.crawl import crawl as crawl_sources
from leads.config import CrawlSettings, Settings
from leads.index.stamp import Stamp
from leads.ingest.refill import AGAIN
from leads.records import cases, open_records
from leads.records.cases import CaseChange

FILES = ("leads.sqlite", "leads.sqlite-wal", "leads.sqlite-shm")


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a clinic that has crawled the sample forum once; the forum is still there."""
    folder = tmp_path_factory.mktemp("clinic")
    with serve_forum() as forum:
        (folder / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        (folder / "tingzhen.toml").write_text('[crawl]\nsources = "sources.toml"\n', encoding="utf-8")
        assert crawl(settings(folder)).reason == ""
        yield folder


@pytest.fixture
def config(crawled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a copy of that folder."""
    shutil.copytree(crawled, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return settings(tmp_path)


def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder / "data", crawl=CrawlSettings(sources=str(folder / "sources.toml")))


def crawl(config: Settings) -> Run:
    return crawl_sources(config, [], progress=lambda event: None)[0]


def leads(config: Settings) -> dict[str, int]:
    with storage.open_index(config) as index:
        return dict(index.counts())


def warned() -> bool:
    return any(finding.level == "warning" and AGAIN in finding.text for finding in check(None))


def delete_half(config: Settings) -> None:
    with storage.open_index(config) as index:
        index.delete([item.id for item in index.digests("leads")][::2])


def test_an_index_that_was_deleted_is_filled_again(config: Settings) -> None:
    before = leads(config)
    with storage.open_index(config) as index, open_records(config) as records:
        seen = next(index.digests("leads")).id
        with records.transaction() as session:
            cases.change(session, {seen: CaseChange(status="seen")}, who="lin", now=datetime.now(UTC))
        assert change_case.sync_index(records, index) == 1
    for name in FILES:
        (config.data_dir / name).unlink(missing_ok=True)
    assert warned()
    run = crawl(config)
    assert leads(config) == before
    assert (run.outcome, run.reason) == ("ok", AGAIN)
    with storage.coverage(config) as coverage:
        gaps = [gap.reason for gap in coverage.gaps(datetime.now(UTC)) if gap.kind == "again"]
    assert gaps == [AGAIN]
    assert not warned()
    assert AGAIN in (config.data_dir / "crawl.log").read_text(encoding="utf-8")
    with storage.open_index(config) as index, open_records(config) as records:
        change_case.sync_index(records, index)  # as serve does each minute
        found = index.get(seen)
    assert found is not None
    assert found.status == "seen"


def test_an_older_copy_is_filled_again(config: Settings) -> None:
    before = leads(config)
    delete_half(config)
    with storage.open_index(config) as index:
        now = index.stamp()
        assert now.marks
        index.adopt(Stamp(now.id, now.marks - 1))  # as it was a page ago
    assert crawl(config).reason == AGAIN
    assert leads(config) == before


def test_an_index_that_is_still_there_is_not(config: Settings) -> None:
    before = leads(config)
    delete_half(config)  # somebody wanted this: it stays so
    half = leads(config)
    run = crawl(config)
    assert (run.totals.posts, run.reason) == (0, "")
    assert leads(config) == half != before
