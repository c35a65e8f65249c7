"""Crawl processes are held to limits, stop gently, and never two of them read one host."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.sample.forum import Served, serve_forum, sources_toml
from leads import storage
from leads.actions import crawl_process
from leads.actions.crawl import crawl as crawl_sources
from leads.actions.crawl_process import Event, Limits, Stopped
from leads.config import CrawlSettings, Settings
from leads.errors import BusyError, StorageError


@pytest.fixture
def forum() -> Iterator[Served]:
    with serve_forum() as served:
        yield served


def settings(folder: Path, forum: Served, *, delay: float = 0.0, **crawl: object) -> Settings:
    toml = sources_toml(forum.url).replace("delay = 0.0", f"delay = {delay}")
    (folder / "sources.toml").write_text(toml, encoding="utf-8")
    return Settings(
        data_dir=folder / "data",
        crawl=CrawlSettings(sources=str(folder / "sources.toml"), **crawl),  # type: ignore[arg-type]  # by name
    )


def crawl(config: Settings, progress: object = None, stop: threading.Event | None = None) -> list[str]:
    runs = crawl_sources(config, [], progress=progress or (lambda event: None), stop=stop)  # type: ignore[arg-type]  # a function
    return [run.outcome for run in runs]


def test_a_host_is_read_by_one_process_at_a_time(tmp_path: Path, forum: Served) -> None:
    config = settings(tmp_path, forum, delay=0.2)
    said: list[str] = []

    def second(event: Event) -> None:
        if not said:
            with pytest.raises(BusyError, match="另一个抓取进程"):
                crawl(config)
            said.append("busy")
            stop.set()

    stop = threading.Event()
    with pytest.raises(Stopped):
        crawl(config, second, stop)
    assert said == ["busy"]


def test_a_crawl_that_is_stopped_goes_on_where_it_was(tmp_path: Path, forum: Served) -> None:
    config, stop = settings(tmp_path, forum, delay=0.5), threading.Event()

    def after_a_while(event: Event) -> None:
        if int(str(event.get("pages", 0))) >= 4:
            stop.set()

    with pytest.raises(Stopped):
        crawl(config, after_a_while, stop)
    with storage.open_index(config) as index:
        before = index.counts()["leads"]
    crawl(config)
    with storage.open_index(config) as index:
        after = index.counts()["leads"]
    assert before < after
    (tmp_path / "whole").mkdir()
    whole = settings(tmp_path / "whole", forum)
    crawl(whole)
    with storage.open_index(whole) as index:
        assert index.counts()["leads"] == after


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(seconds=-crawl_process.OVERTIME_SECONDS, memory_mb=100_000), "时间上限"),
        (Limits(seconds=3600, memory_mb=8), "内存上限"),
    ],
)
def test_a_process_beyond_its_limits_is_ended(
    tmp_path: Path, forum: Served, limits: Limits, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tmp_path, forum, delay=0.5)
    monkeypatch.setattr(crawl_process, "Limits", lambda seconds, memory: limits)
    # Scrapy's own, gentler limits stay out of the way: they are what usually ends a crawl.
    monkeypatch.setattr(crawl_process, "_limit_options", lambda limits: [])
    with pytest.raises(StorageError, match=said):
        crawl(config)


def test_the_gentle_limits_are_handed_to_scrapy(tmp_path: Path, forum: Served) -> None:
    config = settings(tmp_path, forum, delay=0.3, hours=1 / 3600)
    assert crawl(config) == ["truncated"]
    assert "上限" in crawl_sources(config, [], progress=lambda event: None)[0].reason
