"""With records in a PostgreSQL what is known of crawls is there, too, for every machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.coverage.tasks import Scope
from crawler.sample.forum import serve_forum, sources_toml
from leads import storage
from leads.actions.check import check
from leads.actions.crawl import crawl
from leads.actions.erase import by_command
from leads.config import CrawlSettings, Settings
from leads.errors import StorageError
from tests.support.builders import NOW
from tests.support.coverages import rows


def settings(folder: Path, records: str) -> Settings:
    sources = CrawlSettings(sources=str(folder / "sources.toml"))
    return Settings(data_dir=folder / "data", records=records, crawl=sources)


def test_a_machine_brings_what_it_knows_and_goes_on(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_forum() as forum:
        (tmp_path / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        (first,) = crawl(settings(tmp_path, "sqlite"), [], progress=lambda event: None)
        (second,) = crawl(settings(tmp_path, postgres), [], progress=lambda event: None)
    assert (first.totals.posts_new > 0, second.totals.posts_new, second.outcome) == (True, 0, "ok")
    assert not [path for path in (tmp_path / "data").iterdir() if path.name.startswith("coverage")]
    with storage.coverage(settings(tmp_path, postgres)) as shared:
        assert [run.totals.posts_new > 0 for run in shared.runs()] == [False, True]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(
        f'records = "{postgres}"\n[crawl]\nsources = "sources.toml"\n', encoding="utf-8"
    )
    assert not [finding for finding in check(None) if finding.level == "error"]


def test_an_erasure_reaches_it(tmp_path: Path, postgres: str) -> None:
    config = settings(tmp_path, postgres)
    with storage.coverage(config) as shared:
        shared.database.execute(
            "INSERT INTO kept VALUES ('forum', 'forum/1', 'p', '2026-11-22T00:00:00+00:00')"
        )
    by_command(config, "post", "forum/1", reason="", now=NOW)
    assert rows(postgres, "SELECT count(*) FROM kept") == [(0,)]


def test_a_database_that_is_away_is_said_without_its_password(tmp_path: Path) -> None:
    away = settings(tmp_path, "postgresql://desk:geheim@127.0.0.1:1/tingzhen")
    with pytest.raises(StorageError, match="打不开记录库里的采集记录") as said, storage.coverage(away):
        pass
    assert "geheim" not in str(said.value)


def test_a_database_that_goes_away_is_said_so(tmp_path: Path, postgres: str) -> None:
    def read() -> None:
        with storage.coverage(settings(tmp_path, postgres)) as shared:
            shared.database.execute("DROP TABLE cursor")
            shared.cursor("forum", Scope("board:1"))

    with pytest.raises(StorageError, match="读写不了记录库里的采集记录"):
        read()
