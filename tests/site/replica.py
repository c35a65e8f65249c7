"""Any local site that answers GET: request in, `SitePage` out; and a real crawl of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from crawler.coverage.store import Coverage
from crawler.items import post_from_dict
from crawler.sample.forum import SitePage
from tests.site import forks
from tests.site.crawl import Crawled, command, environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in; `at` is monotonic."""

    path: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)


class Replica:
    """Subclass and override `answer`. `requests` is what tests count."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.url = ""

    def answer(self, asked: Asked) -> SitePage:
        raise NotImplementedError

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.requests]


def as_json(value: object, status: int = 200) -> SitePage:
    body = json.dumps(value, ensure_ascii=False).encode()
    return SitePage(status=status, body=body, headers={"Content-Type": "application/json; charset=utf-8"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    replica: Replica


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        asked = Asked(path=self.path, headers=dict(self.headers.items()))
        self.server.replica.requests.append(asked)
        answer = self.server.replica.answer(asked)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Silent."""


@contextmanager
def serve_replica(replica: Replica) -> Iterator[Replica]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.replica = replica
    replica.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield replica
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def table(name: str, engine: str, replica: Replica, **lines: str) -> str:
    """A table of sources.toml for the replica: own machine, so without the one-second floor."""
    base = {"engine": f'"{engine}"', "url": f'"{replica.url}"', "allow_private": "true", "delay": "0.0"}
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in (base | lines).items())


def crawl_table(
    folder: Path, engine: str, toml: str, *extra: str, env: Mapping[str, str] | None = None
) -> Crawled:
    """One whole crawl of the sources in `toml`."""
    (folder / "sources.toml").write_text(toml, encoding="utf-8")
    out, progress = folder / "posts.jsonl", folder / "progress.jsonl"
    progress.unlink(missing_ok=True)
    words = command(folder, "-O", str(out), *extra, engine=engine)
    done = forks.run(words, cwd=folder, env=environment() | dict(env or {}))
    assert done.returncode == 0, done.stderr
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    coverage = Coverage(folder / "data" / "coverage.sqlite")
    try:
        return Crawled(
            posts=tuple(post_from_dict(json.loads(line)) for line in lines),
            run=coverage.runs(limit=1)[0],
            gaps=coverage.gaps(datetime.now(UTC)),
            events=tuple(json.loads(line) for line in progress.read_text(encoding="utf-8").splitlines()),
            log=done.stderr,
            paths=(),
        )
    finally:
        coverage.close()
