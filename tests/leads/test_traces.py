"""Traces: spans of pages, crawls, batches, writes, deliveries reach a receiver and say nothing of people."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from crawler.sample.forum import serve_forum, sources_toml
from crawler.telemetry import traces
from leads.actions.crawl import crawl
from leads.actions.imports import ingest_files
from leads.alerts.channels import send
from leads.alerts.outbox.worker import Worker
from leads.config import CrawlSettings, Settings
from leads.records import open_records
from tests.support.commands import SEEKER, post_line, write_lines
from tests.support.outbox_people import alert, channel, person, subscription
from tests.support.visitors import BASE, browser_of, desk

NAME = "林小满的真名"


class Receiver(ThreadingHTTPServer):
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(each) for each in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def of(self, name: str) -> list[dict[str, object]]:
        """The attributes of spans of this name."""
        return [
            {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
            for span in self.spans
            if span.name == name
        ]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        assert self.path == "/v1/traces"
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Not on the screen."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    made = Receiver()
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv(traces.ENDPOINT, f"http://127.0.0.1:{made.server_port}")
    traces.begin("test")
    yield made
    traces.end()
    made.shutdown()
    made.server_close()
    thread.join()


def boom(*args: object, **kwargs: object) -> None:
    raise RuntimeError(NAME)


def test_a_crawl_sends_its_pages_and_the_intake_its_batches(tmp_path: Path, receiver: Receiver) -> None:
    with serve_forum() as forum:
        (tmp_path / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        sources = CrawlSettings(sources=str(tmp_path / "sources.toml"))
        crawl(Settings(data_dir=tmp_path / "data", crawl=sources), [], progress=lambda event: None)
    pages = receiver.of("crawl.page")
    assert len(pages) > 40
    assert {page["engine"] for page in pages} == {"discuz"}
    assert sum(int(str(each["posts"])) for each in receiver.of("tag.batch")) >= 123


def test_imports_pages_and_deliveries_say_what_and_never_who(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "imported")
    file = write_lines(tmp_path / "posts.jsonl", [post_line(1, f"{SEEKER}，{NAME}")])
    ingest_files(settings, [file], format_=None, columns={}, progress=lambda *given: None)
    (tmp_path / "data").mkdir()
    app = desk(tmp_path / "data")
    with browser_of(app, "boss") as browser:
        browser.get(f"/leads?q={NAME}&near=all")
        browser.get(f"/{NAME}")
        monkeypatch.setattr(type(app.state.desk.index), "search", boom)
        careless = TestClient(app, base_url=BASE, raise_server_exceptions=False, cookies=browser.cookies)
        with suppress(RuntimeError):
            careless.get("/leads?near=all")
    with open_records(settings) as records:
        with records.transaction() as session:
            by = subscription(session, channel(session, person(session)))
            said = {"title": NAME, "lines": [NAME]}
            alert(session, 1, by, at=datetime.now(UTC), payload=said)
        monkeypatch.setattr(send, "deliver", boom)
        Worker(records, settings).run_once()
    traces.end()
    assert {"tag.batch", "index.write", "web.request", "alert.delivery"} <= {
        each.name for each in receiver.spans
    }
    asked = receiver.of("web.request")
    assert [each.get("route") for each in asked][:2] == ["/leads", "other"]
    assert asked[0]["status"] == 200
    assert any(each.get("error.type") == "RuntimeError" for each in asked)
    assert receiver.of("alert.delivery")[0]["verdict"] == "retry"
    everything = b"".join(receiver.bodies)
    for private in (NAME, SEEKER[:10], json.dumps(NAME)[1:-1]):
        assert private.encode() not in everything


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys; from crawler.telemetry import traces; import leads.server; traces.begin('serve');"
        "print([each for each in sys.modules if each.startswith('opentelemetry.sdk')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert ran.stdout.strip() == "[]"
