"""What stands on the sample forum: boards, threads, how the site looks; the words are in threads.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
class TopicPost:
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
    posts: tuple[TopicPost, ...]
    pin: str = ""
    level: int = 0
    closed: bool = False
    jammer: bool = False
    sign: str = ""
    edited: str = ""
    tip: bool = False

    @property
    def shown(self) -> tuple[TopicPost, ...]:
        """Without the deleted ones; floors are counted over these, as Discuz! does."""
        return tuple(post for post in self.posts if post.trait != "deleted")

    @property
    def last(self) -> TopicPost:
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


def load_topics(now: datetime, path: Path = THREADS) -> tuple[dict[str, str], tuple[Topic, ...]]:
    """Boards (id → name) and threads of the file, dated back from `now`."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return data["boards"], tuple(_topic(table, now) for table in data["threads"])


def _topic(table: dict[str, object], now: datetime) -> Topic:
    values = dict(table)
    opened = now - timedelta(hours=float(str(values.pop("hours"))))
    tid = int(str(values.pop("tid")))
    first = TopicPost(
        pid=tid * 100 + 1, author=str(values.pop("by")), at=opened, text=str(values.pop("text")).strip()
    )
    replies = values.pop("replies")
    assert isinstance(replies, list)  # noqa: S101  # our own file
    posts = (first, *(_reply(tid * 100 + 2 + n, line, opened) for n, line in enumerate(replies)))
    home = str(values.pop("home", values["board"]))
    return Topic(tid=tid, home=home, posts=posts, **values)  # type: ignore[arg-type]  # our own file's keys


def _reply(pid: int, line: list[object], opened: datetime) -> TopicPost:
    author, hours, text, *trait = line
    return TopicPost(
        pid=pid,
        author=str(author),
        at=opened + timedelta(hours=float(str(hours))),
        text=str(text),
        trait=str(trait[0]) if trait else "",
    )


class Contents:
    """Boards and threads in one style of site, and where each of them is shown."""

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
