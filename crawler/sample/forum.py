"""The sample forum: a small site that answers like a Discuz! forum, on this machine only.

It exists so that `tingzhen demo` and the tests crawl something real over HTTP. The words are ours, the people
invented, the times relative to the moment it starts, and the well-known traps are built in: noise against
copying, signatures, quotes, edit notes, hidden and deleted floors, refusals with HTTP 200, pinned threads of
another board, a page that first redirects to itself, and a feed that is empty the first time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from crawler.sample import pages
from crawler.sample.topics import Contents, Style, Topic, load_topics


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] | None = None  # sent instead of `body`, for as long as they come


class Forum(Contents):
    """Answers requests. Subclass and override `special` to build a site with further traps."""

    def __init__(
        self,
        *,
        boards: Mapping[str, str],
        topics: tuple[Topic, ...],
        style: Style | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(boards=boards, topics=topics, style=style, clock=clock)
        self.requests: list[tuple[float, str]] = []  # monotonic time, path: what tests count
        self._visited: set[str] = set()
        self._lock = Lock()

    def special(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        """An answer before all others, for sites with more traps; None for the usual one."""
        return None

    def answer(self, target: str) -> SitePage:
        parts = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        special = self.special(target, query)
        if special is not None:
            return special
        if parts.path == "/robots.txt":
            return SitePage(body=self.style.robots.encode(), headers={"Content-Type": "text/plain"})
        return self._page(parts.path, parts.query, query) or self._html("<h1>404</h1>", status=404)

    def _page(self, path: str, raw: str, query: Mapping[str, str]) -> SitePage | None:
        if path.startswith("/archiver/"):
            return self._archiver(raw) if self.style.archiver else None
        wanted = _wanted(path, query)
        if wanted is None:
            return self._html(pages.home(self)) if path in ("/", "/forum.php", "/index.php") else None
        kind, number, page = wanted
        if kind == "rss":
            return self._feed(number)
        if kind == "list":
            return self._board(number, page)
        return self._thread(int(number), page)

    def _board(self, board: str, page: int) -> SitePage:
        refusal = self._closed(board)
        return refusal or self._html(pages.board(self, board, page))

    def _closed(self, board: str) -> SitePage | None:
        if board in self.style.closed_boards:
            return self._html(pages.message("抱歉，您尚未登录，没有权限访问该版块"))
        if board not in self.boards:
            return self._html(pages.message("抱歉，指定的版块不存在", error=True), status=404)
        return None

    def _thread(self, tid: int, page: int) -> SitePage:
        topic = self.topics.get(tid)
        if topic is None:
            text = "抱歉，指定的主题不存在或已被删除或正在被审核"
            return self._html(pages.message(text, error=True), status=404)
        if topic.level:
            return self._html(pages.message(f"抱歉，本帖要求阅读权限高于 {topic.level} 才能浏览"))
        if len(topic.shown) < len(topic.posts) and self._first_visit(f"thread {tid}"):
            # Discuz! renumbers the floors after a deletion and sends the visitor to the same page again.
            return SitePage(status=302, headers={"Location": self.thread_url(tid, page)})
        return self._html(pages.thread(self, topic, page))

    def _archiver(self, raw: str) -> SitePage | None:
        found = re.match(r"(fid|tid)-(\d+)\.html(?:&page=(\d+))?", raw)
        if not found:
            return self._html(pages.home(self))
        kind, number, page = found[1], found[2], int(found[3] or 1)
        if kind == "fid":
            if number in self.style.closed_boards or number not in self.boards:
                return self._html(pages.archiver_message("抱歉，您尚未登录，没有权限访问该版块"))
            return self._html(pages.archiver_board(self, number, page))
        topic = self.topics.get(int(number))
        if topic is None or topic.level:
            return self._html(pages.archiver_message("抱歉，指定的主题不存在或您没有权限阅读"))
        return self._html(pages.archiver_thread(self, topic, page))

    def _feed(self, board: str) -> SitePage:
        cold = self.style.cold_feed and self._first_visit(f"rss {board}")
        body = pages.feed(self, board, [] if cold else self.listed(board)[:20])
        return SitePage(
            body=body.encode(self.style.encoding, "replace"), headers={"Content-Type": "text/xml"}
        )

    def _first_visit(self, what: str) -> bool:
        with self._lock:
            first = what not in self._visited
            self._visited.add(what)
        return first

    def _html(self, html: str, *, status: int = 200) -> SitePage:
        style = self.style
        declared = style.declared or style.encoding
        charset = "" if declared == "none" else f"; charset={declared}"
        meta = "" if declared == "none" else f'<meta charset="{declared}" />'
        body = html.replace("<!--charset-->", meta).encode(style.encoding, "replace")
        return SitePage(status=status, body=body, headers={"Content-Type": f"text/html{charset}"})


def _wanted(path: str, query: Mapping[str, str]) -> tuple[str, str, int] | None:
    """Kind, board or thread, page of a request in any of the three link forms."""
    rewritten = re.fullmatch(r"/(forum|thread)-(\d+)-(\d+)(?:-\d+)?\.html", path)
    if rewritten:
        return ("list" if rewritten[1] == "forum" else "thread"), rewritten[2], int(rewritten[3])
    kind = _KINDS.get((path, query.get("mod", "")))
    number = query.get("tid" if kind == "thread" else "fid", "")
    page = query.get("page", "1")
    return (kind, number, int(page)) if kind and number.isdigit() and page.isdigit() else None


_KINDS = {
    ("/forum.php", "forumdisplay"): "list",
    ("/forum.php", "viewthread"): "thread",
    ("/forum.php", "rss"): "rss",
    ("/forumdisplay.php", ""): "list",
    ("/viewthread.php", ""): "thread",
    ("/rss.php", ""): "rss",
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    forum: Forum


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: without it the second may wait 40 ms
    server: _Server

    def do_GET(self) -> None:
        forum = self.server.forum
        forum.requests.append((time.monotonic(), self.path))
        answer = forum.answer(self.path)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunks is None:
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # the visitor has had enough
            for chunk in answer.chunks():
                self.wfile.write(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Silent: the crawl's own progress is what people watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A forum that is being served; `url` ends in "/"."""

    url: str
    forum: Forum


@contextmanager
def serve(
    forum: Forum, port: int = 0, *, host: str = "127.0.0.1", tls: SSLContext | None = None
) -> Iterator[Served]:
    """Serves `forum` on this machine until the block ends; port 0 takes a free one."""
    server = _Server((host, port), _Handler)
    server.forum = forum
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    forum.base = f"{'https' if tls else 'http'}://{host}:{server.server_address[1]}/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Served(url=forum.base, forum=forum)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@contextmanager
def serve_forum(
    port: int = 0, *, style: Style | None = None, now: datetime | None = None
) -> Iterator[Served]:
    """The sample forum with its own threads."""
    boards, topics = load_topics(now or datetime.now(UTC))
    with serve(Forum(boards=boards, topics=topics, style=style), port) as served:
        yield served


def sources_toml(url: str, name: str = "sample-forum") -> str:
    """A sources.toml that reads the sample forum at `url`: own machine, so without the one-second floor."""
    return f"""[{name}]
engine = "discuz"
url = "{url}"
region = "四川成都"
route = "desktop"
allow_private = true
delay = 0.0
days = 90
expect = 5
permission = {{ ground = "robots" }}
boards = [
  {{ id = "36", name = "健康求助" }},
  {{ id = "37", name = "武侯生活", region = "四川成都武侯区" }},
  {{ id = "39", name = "亲子乐园" }},
  {{ id = "38", name = "会员专区" }},
]
"""
