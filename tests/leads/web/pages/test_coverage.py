"""Collection as an operator sees it, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from crawler.coverage.runs import ListState, Outcome, Totals
from crawler.coverage.store import Coverage
from leads.config import CrawlSettings
from leads.records import jobs, open_records
from leads.records.tables.people import Audit
from leads.web.app import create_app
from tests.support.seeds import settings

SOURCES = """
[own]
engine = "discuz"
url = "https://own.example/"
boards = ["36"]
every = "2h"
[own.permission]
ground = "consent"
who = "站长老林"
when = 2026-01-02
until = 2099-01-01
note = "邮件同意"

[lapsed]
engine = "discuz"
url = "https://lapsed.example/"
boards = ["1"]
permission = { ground = "consent", who = "老陈", when = 2024-01-02, until = 2025-01-01, note = "过期了" }

[new]
engine = "feed"
url = "https://new.example/"
feeds = ["rss.xml"]
"""


def configured(folder: Path) -> CrawlSettings:
    return CrawlSettings(sources=str(folder / "sources.toml"), contact="op@example.org")


@pytest.fixture(scope="module")
def app(folder: Path) -> FastAPI:
    now = datetime.now(UTC)  # not when the module is read: other files' tests come in between
    (folder / "sources.toml").write_text(SOURCES, encoding="utf-8")
    runs: list[tuple[float, Outcome, str, Totals]] = [
        (26, "ok", "", Totals(pages=9, posts_new=31, posts_known=4)),
        (3, "truncated", "36 版到页数上限", Totals(pages=20, posts_new=7, truncated=1)),
        (1, "blocked", "要求验证码", Totals(pages=2, blocked=1)),
    ]
    with closing(Coverage(folder / "coverage.sqlite")) as coverage:
        for hours, outcome, reason, totals in runs:
            at = now - timedelta(hours=hours)
            run = coverage.start_run("own", {}, at)
            lists = {
                "board:36": ListState(outcome="ok", listed=20),
                "board:37": ListState(outcome="refused", reason="要登录才能看"),
            }
            coverage.save_run(run, totals, robots="站方同意", first=None, last=None, lists=lists)
            coverage.finish_run(run, outcome, reason, at + timedelta(minutes=4))
        coverage.note(run, "blocked", "36", "第 3 页要求验证码", now)
    return create_app(settings(folder).model_copy(update={"crawl": configured(folder)}))


def waiting(folder: Path) -> list[str]:
    with open_records(settings(folder)) as records, records.reading() as session:
        return [job.subject for job in jobs.open_jobs(session)]


def test_the_page_admits_trouble(client: TestClient) -> None:
    page = client.get("/coverage").text
    assert page.index("own") < page.index("lapsed")  # trouble first
    for words in ("被封锁", "要求验证码", "3 小时前", "站方同意，站长老林，2026-01-02 起，到 2099-01-01"):
        assert words in page
    assert "不会采集" in page
    assert "还没有抓过" in page


def test_a_source_has_its_runs_and_gaps(client: TestClient) -> None:
    page = client.get("/coverage/own").text
    for words in (
        "第 3 页要求验证码",
        "到上限被截断",
        "36 版到页数上限",
        "邮件同意",
        "4 分钟",
        "每 2 小时",
        "被拒绝（要登录才能看）",
    ):
        assert words in page
    assert client.get("/coverage/nowhere").status_code == 404


def test_start_asks_once_and_only_for_what_may_run(client: TestClient, folder: Path) -> None:
    assert "已排队" in client.post("/coverage/new/start").text
    assert "不会重复" in client.post("/coverage/new/start").text
    assert waiting(folder) == ["new"]
    assert "排队中" in client.get("/coverage").text
    refused = client.post("/coverage/lapsed/start")
    assert (refused.status_code, "不能采集" in refused.text) == (409, True)
    assert client.post("/coverage/nowhere/start").status_code == 404
    assert waiting(folder) == ["new"]


def test_pause_and_resume_leave_a_trace(client: TestClient, folder: Path) -> None:
    assert "已暂停" in client.post("/coverage/own/pause", data={"paused": "1"}).text
    client.post("/coverage/own/pause", data={"paused": "1"})
    assert "admin-" in client.get("/coverage").text  # who
    assert "已恢复" in client.post("/coverage/own/pause", data={"paused": "0"}).text
    with open_records(settings(folder)) as records, records.reading() as session:
        actions = [row.action for row in session.query(Audit) if row.subject == "own"]
        assert actions == ["source.pause", "source.resume"]
        assert not jobs.controls(session)["own"].paused


def test_a_marketer_reads_and_an_admin_acts(client_of: Callable[..., TestClient]) -> None:
    marketer = client_of("marketer")
    page = marketer.get("/coverage").text
    assert "被封锁" in page
    assert "立即采集" not in page
    for action in ("start", "pause"):
        assert marketer.post(f"/coverage/own/{action}").status_code == 403
