"""`tingzhen demo`: the whole way on a small sample forum: real spider, real HTTP, real index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crawler.coverage.runs import Run
from crawler.sample.forum import serve_forum, sources_toml
from crawler.system_errors import os_reason
from leads import server, storage
from leads.actions import crawl
from leads.config import ClinicTable, CrawlSettings, Settings, WebSettings
from leads.demo import report
from leads.demo.report import Done
from leads.errors import StorageError
from leads.terminal import tables as show

CLINIC = ClinicTable(
    id="anhe",
    name="安和口腔",
    lat=30.6386,
    lon=104.0536,
    district="四川 成都 武侯区",
    reach_km=5.0,
    doctors=("林知远医生",),
)


def demo(folder: Path, *, port: int, stay: bool, as_json: bool) -> None:
    """Serve the forum, crawl it, show what came out, then serve the page until interrupted.

    Raises:
        StorageError: the folder cannot be written, or the crawl failed.
        InputError: the port is taken.
        ConfigError: other machines could reach it, and nobody has a password.
    """
    with serve_forum() as forum:
        settings = _settings(folder, port, forum.url)
        if stay:
            server.guard(settings)
            server.check_port(settings.web.host, settings.web.port)
        runs = crawl.crawl(settings, [], progress=show.crawl_progress())
        with storage.open_index(settings) as index:
            done = _done(runs, index.counts())
        report.demo_report(
            done, runs, as_json=as_json, address=server.address(settings, settings.web.port) if stay else ""
        )
        if stay:
            server.serve(settings, demo=True)


def _settings(folder: Path, port: int, forum_url: str) -> Settings:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sources = folder / "sources.toml"
        sources.write_text(sources_toml(forum_url), encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"演示目录 {folder} 写不了（{os_reason(error)}）：请用 --folder 换一个目录。"
        ) from error
    return Settings(
        data_dir=folder / "data",
        web=WebSettings(port=port),
        crawl=CrawlSettings(sources=str(sources), contact="demo@localhost"),
        clinics=(CLINIC,),
    )


def _done(runs: list[Run], counts: Mapping[str, int]) -> Done:
    return Done(
        pages=sum(run.totals.pages for run in runs),
        posts=sum(run.totals.posts for run in runs),
        refused=sum(run.totals.refused for run in runs),
        leads=counts["leads"],
        folded=counts["folded"],
        mentions=counts["mentions"],
    )
