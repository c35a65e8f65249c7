"""Whatever is done and whatever fails: no post's words, no names, no contact data in any log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crawler.sample.forum import serve_forum, sources_toml
from crawler.sample.topics import load_topics
from crawler.telemetry import logs
from leads.actions.crawl import crawl
from leads.actions.imports import ingest_files
from leads.alerts.channels import send
from leads.alerts.outbox.worker import Worker
from leads.config import CrawlSettings, LogSettings, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.records import open_records
from tests.support.commands import SEEKER, post_line, write_lines
from tests.support.outbox_people import alert, channel, person, subscription
from tests.support.visitors import BASE, browser_of, desk

NAME, PHONE, MAIL = "林小满的真名", "13800138000", "linxiaoman@example.com"
TEXT = f"{SEEKER}，{NAME}，电话{PHONE}，邮箱{MAIL}"
PIECES = (SEEKER[:10], SEEKER[10:20], NAME, PHONE, MAIL)


def boom(*args: object, **kwargs: object) -> None:
    raise RuntimeError(TEXT)


@pytest.fixture
def log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    """Everything at the finest level, into a file."""
    level = logging.root.level
    path = tmp_path / "all.log"
    file = logs.RotatingLog(path, max_mb=100, keep_files=1, keep_days=1)
    logs.begin("serve", form="json", level="debug", file=file)
    yield path
    logs.end()
    logging.root.setLevel(level)


def says_nothing(path: Path, *pieces: str) -> str:
    said = path.read_text("utf-8") if path.exists() else ""
    assert [piece for piece in pieces if piece in said] == []
    for line in said.splitlines():
        json.loads(line)
    return said


def test_a_crawl_names_pages_and_never_what_they_say(tmp_path: Path) -> None:
    with serve_forum() as forum:
        (tmp_path / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        settings = Settings(
            data_dir=tmp_path / "data",
            crawl=CrawlSettings(sources=str(tmp_path / "sources.toml")),
            log=LogSettings(level="debug", format="json"),
        )
        crawl(settings, [], progress=lambda event: None)
    _, topics = load_topics(datetime.now(UTC))
    posts = [post for topic in topics for post in topic.posts]
    ends = {piece for post in posts for piece in (post.text[:10], post.text[-10:])}
    pieces = [piece for piece in ends if len(piece) == 10 and "\n" not in piece]
    assert len(pieces) > 100
    authors = {post.author for post in posts if len(post.author) > 2}
    said = says_nothing(settings.data_dir / "crawl.log", *pieces, *authors)
    runs = {json.loads(line)["run"].partition("-")[0] for line in said.splitlines()}
    assert "crawl" in runs


def test_an_import_that_fails_midway_names_the_file(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    good = write_lines(tmp_path / "posts.jsonl", [post_line(1, TEXT), {"text": TEXT}, TEXT.encode()])
    ingest_files(settings, [good], format_=None, columns={}, progress=lambda *given: None)
    monkeypatch.setattr(SqliteIndex, "upsert", boom)
    with pytest.raises(RuntimeError):
        ingest_files(settings, [good], format_=None, columns={}, progress=lambda *given: None)
    says_nothing(log, *PIECES)


def test_pages_that_are_shown_and_pages_that_break(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    app = desk(tmp_path / "data")
    with browser_of(app, "boss") as browser:
        assert browser.get("/", params={"q": "x"}).status_code in (200, 302)
        browser.get(f"/leads?q={NAME}&near=all")
        browser.post("/login", data={"login": MAIL, "password": TEXT})
        monkeypatch.setattr(type(app.state.desk.index), "search", boom)
        careless = TestClient(app, base_url=BASE, raise_server_exceptions=False, cookies=browser.cookies)
        broken = careless.get(f"/leads?q={NAME}&near=all")
        assert broken.status_code == 500
        number = browser.get("/healthz").headers["X-Request-Id"]
    said = says_nothing(log, *PIECES)
    assert "/leads" in said
    assert number in said


def test_an_alert_that_cannot_be_sent(tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, now = Settings(data_dir=tmp_path), datetime.now(UTC)
    with open_records(settings) as records:
        with records.transaction() as session:
            way = channel(session, person(session), address=json.dumps({"url": f"https://x.example/{PHONE}"}))
            alert(session, 1, subscription(session, way), at=now, payload={"title": TEXT, "lines": [TEXT]})
        monkeypatch.setattr(send, "deliver", boom)
        assert Worker(records, settings).run_once() == 1
    said = says_nothing(log, *PIECES)
    assert "could not be sent: RuntimeError" in said
