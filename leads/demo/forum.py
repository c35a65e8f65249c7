"""The sample forum: a small site that answers like a Discuz! forum, on this machine only.

It exists so that `tingzhen demo` and the tests crawl something real over HTTP. The words are ours, the people
invented, the times relative to the moment it starts, and the well-known traps are built in: noise against
copying, signatures, quotes, edit notes, hidden and deleted floors, refusals with HTTP 200, pinned threads of
another board, a page that first redirects to itself, and a feed that is empty the first time.
"""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from leads.demo import pages

THREADS = Path(__file__).with_name("threads.toml")
ROBOTS = """User-agent: *
Disallow: /api/
Disallow: /search.php
Disallow: /member.php
Disallow: /misc.php
Disallow: /forum.php?mod=redirect*
Disallow: /forum.php?mod=post*
Disallow: /home.php?mod=spacecp*
Disallow: /*?mod=misc*
Disallow: /*?mod=attachment*
Disallow: /*mobile=yes*
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A post. `trait` is "", "deleted", "shielded", "hidden", "quote" or "rated"."""

    pid: int
    author: str
    at: datetime
    text: str
    trait: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A thread; `posts[0]` opens it. `home` is the board it belongs to, `board` where it is listed."""

    tid: int
    board: str
    home: str
    title: str
    posts: tuple[Reply, ...]
    pin: str = ""
    level: int = 0
    closed: bool = False
    jammer: bool = False
    sign: str = ""
    edited: str = ""
    tip: bool = False

    @property
    def shown(self) -> tuple[Reply, ...]:
        """Without the deleted ones; floors are counted over these, as Discuz! does."""
        return tuple(post for post in self.posts if post.trait != "deleted")

    @property
    def last(self) -> Reply:
        return self.shown[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the site looks: what differs from one Discuz! to the next."""

    encoding: str = "utf-8"
    declared: str = ""  # charset in header and meta; "" says the encoding itself, "none" nothing
    version: str = "X3.5"  # or "7.2"
    rewritten: bool = False
    archiver: bool = True
    cold_feed: bool = True
    closed_boards: tuple[str, ...] = ("38",)
    list_size: int = 20
    thread_size: int = 10
    robots: str = ROBOTS


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePage:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Callable[[], Iterator[bytes]] | None = None  # sent instead of `body`, for as long as they come


def load_topics(now: datetime, path: Path = THREADS) -> tuple[dict[str, str], tuple[Topic, ...]]:
    """Boards (id → name) and threads of the file, dated back from `now`."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return data["boards"], tuple(_topic(table, now) for table in data["threads"])


def _topic(table: dict[str, object], now: datetime) -> Topic:
    values = dict(table)
    opened = now - timedelta(hours=float(str(values.pop("hours"))))
    tid = int(str(values.pop("tid")))
    first = Reply(
        pid=tid * 100 + 1, author=str(values.pop("by")), at=opened, text=str(values.pop("text")).strip()
    )
    replies = values.pop("replies")
    assert isinstance(replies, list)  # noqa: S101  # our own file
    posts = (first, *(_reply(tid * 100 + 2 + n, line, opened) for n, line in enumerate(replies)))
    home = str(values.pop("home", values["board"]))
    return Topic(tid=tid, home=home, posts=posts, **values)  # type: ignore[arg-type]  # our own file's keys


def _reply(pid: int, line: list[object], opened: datetime) -> Reply:
    author, hours, text, *trait = line
    return Reply(
        pid=pid,
        author=str(author),
        at=opened + timedelta(hours=float(str(hours))),
        text=str(text),
        trait=str(trait[0]) if trait else "",
    )


class Forum:
    """Answers requests. Subclass and override `special` to build a site with further traps."""

    def __init__(
        self,
        *,
        boards: Mapping[str, str],
        topics: tuple[Topic, ...],
        style: Style | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.boards = dict(boards)
        self.topics = {topic.tid: topic for topic in topics}
        self.style = style or Style()
        self.clock = clock
        self.base = ""  # set by serve()
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

    # what the pages ask ───────────────────────────────────────────────────────────────────────────────────

    def listed(self, board: str) -> list[Topic]:
        """Threads of a board's list, the latest reply first, without pins."""
        own = [topic for topic in self.topics.values() if topic.board == board and not topic.pin]
        return sorted(own, key=lambda topic: topic.last.at, reverse=True)

    def pinned(self, board: str) -> list[Topic]:
        return [
            topic
            for topic in self.topics.values()
            if topic.pin == "global" or (topic.pin == "board" and topic.board == board)
        ]

    def board_url(self, board: str, page: int = 1) -> str:
        if self.style.version.startswith("7"):
            return f"forumdisplay.php?fid={board}&page={page}"
        if self.style.rewritten:
            return f"forum-{board}-{page}.html"
        return f"forum.php?mod=forumdisplay&fid={board}&page={page}"

    def thread_url(self, tid: int, page: int = 1) -> str:
        if self.style.version.startswith("7"):
            return f"viewthread.php?tid={tid}&page={page}"
        if self.style.rewritten:
            return f"thread-{tid}-{page}-1.html"
        return f"forum.php?mod=viewthread&tid={tid}&page={page}"


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
def serve(forum: Forum, port: int = 0, *, tls: SSLContext | None = None) -> Iterator[Served]:
    """Serves `forum` on 127.0.0.1 until the block ends; port 0 takes a free one."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.forum = forum
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    forum.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/"
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
