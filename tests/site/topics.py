"""One little forum, served in the JSON of Discourse, Flarum or NodeBB: same threads, same answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crawler.sample.forum import SitePage
from tests.site.replica import Asked, as_json

PAGE = 20
LIST = 5


@dataclass(slots=True, kw_only=True)
class Said:
    number: int
    author: str
    at: datetime
    html: str
    hidden: bool = False
    likes: int = 0


@dataclass(slots=True, kw_only=True)
class Thread:
    id: int
    title: str
    posts: list[Said]
    pinned: bool = False

    @property
    def last(self) -> datetime:
        return self.posts[-1].at


@dataclass(slots=True, kw_only=True)
class Board:
    """The threads of one board, and the way in which an engine writes them."""

    engine: str
    threads: list[Thread] = field(default_factory=list)
    others: dict[str, SitePage] = field(default_factory=dict)  # what lists of other boards than 7 answer

    def pages(self, asked: Asked) -> SitePage | None:
        parts = urlsplit(asked.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        board = query.get("category") or query.get("filter[tag]") or parts.path.rpartition("/category/")[2]
        if board in self.others:
            return self.others[board]
        return {"discourse": self._discourse, "flarum": self._flarum, "nodebb": self._nodebb}[self.engine](
            parts.path, query
        )

    def listed(self) -> list[Thread]:
        return sorted(self.threads, key=lambda thread: (thread.pinned, thread.last), reverse=True)

    def thread(self, number: str) -> Thread | None:
        return next((thread for thread in self.threads if str(thread.id) == number), None)

    # Discourse ────────────────────────────────────────────────────────────────────────────────────────────

    def _discourse(self, path: str, query: dict[str, str]) -> SitePage | None:
        if path == "/latest.json":
            start = int(query["page"]) * LIST
            shown = self.listed()[start : start + LIST]
            more = {"more_topics_url": "/latest?page=9"} if start + LIST < len(self.threads) else {}
            topics = [self._discourse_topic(thread) for thread in shown]
            return as_json({"users": [], "topic_list": {"per_page": LIST, "topics": topics, **more}})
        found = re.fullmatch(r"/t/(\d+)\.json", path)
        thread = self.thread(found[1]) if found else None
        page = int(query.get("page", "1"))
        if thread is None or (page - 1) * PAGE >= len(thread.posts):
            return as_json({"errors": ["没有找到"], "error_type": "not_found"}, status=404)
        posts = [self._discourse_post(said) for said in _cut(thread, page)]
        stream = {"posts": posts, "stream": [said.number for said in thread.posts]}
        values = {"id": thread.id, "title": thread.title, "posts_count": len(thread.posts)}
        return as_json({"post_stream": stream, **values})

    def _discourse_topic(self, thread: Thread) -> dict[str, Any]:
        return {
            "id": thread.id,
            "title": thread.title,
            "posts_count": len(thread.posts),
            "bumped_at": _iso(thread.last),
            "last_posted_at": _iso(thread.last),
            "pinned": thread.pinned,
            "category_id": 7,
        }

    def _discourse_post(self, said: Said) -> dict[str, Any]:
        quote = '<aside class="quote"><blockquote>别人的话</blockquote></aside>' if said.number > 1 else ""
        return {
            "id": said.number + 9000,
            "post_number": said.number,
            "post_type": 3 if said.author == "系统" else 1,
            "username": said.author,
            "created_at": _iso(said.at),
            "cooked": quote + said.html,
            "hidden": said.hidden,
            "actions_summary": [{"id": 2, "count": said.likes}],
        }

    # Flarum ───────────────────────────────────────────────────────────────────────────────────────────────

    def _flarum(self, path: str, query: dict[str, str]) -> SitePage | None:
        start, size = int(query.get("page[offset]", "0")), int(query.get("page[limit]", "20"))
        if path == "/api/discussions" and query.get("filter[tag]") == "7":
            rows = [self._flarum_topic(thread) for thread in self.listed()]
        elif path == "/api/posts" and (thread := self.thread(query["filter[discussion]"])):
            rows = [self._flarum_post(said) for said in thread.posts]
        elif path == "/api/posts":
            return as_json({"links": {}, "data": []})  # what Flarum says of a discussion that is gone
        else:
            return None
        names = sorted({said.author for thread in self.threads for said in thread.posts})
        users = [{"type": "users", "id": str(n), "attributes": {"username": x}} for n, x in enumerate(names)]
        links = {"next": "https://elsewhere.example/without-api"} if start + size < len(rows) else {}
        return as_json({"links": links, "data": rows[start : start + size], "included": users})

    def _flarum_topic(self, thread: Thread) -> dict[str, Any]:
        values = {
            "title": thread.title,
            "commentCount": len(thread.posts),
            "lastPostedAt": _iso(thread.last),
            "isSticky": "1" if thread.pinned else "",
        }
        return {"type": "discussions", "id": str(thread.id), "attributes": values}

    def _flarum_post(self, said: Said) -> dict[str, Any]:
        names = sorted({each.author for thread in self.threads for each in thread.posts})
        quote = '<blockquote class="uncited">别人的话</blockquote>' if said.number > 1 else ""
        values = {
            "number": said.number,
            "createdAt": _iso(said.at),
            "contentType": "discussionRenamed" if said.author == "系统" else "comment",
            "contentHtml": quote + said.html,
            "isHidden": said.hidden,
            "likesCount": said.likes,
        }
        user = {"data": {"type": "users", "id": str(names.index(said.author))}}
        return {
            "type": "posts",
            "id": str(said.number + 9000),
            "attributes": values,
            "relationships": {"user": user},
        }

    # NodeBB ───────────────────────────────────────────────────────────────────────────────────────────────

    def _nodebb(self, path: str, query: dict[str, str]) -> SitePage | None:
        page = int(query.get("page", "1"))
        if path == "/api/category/7":
            start = (page - 1) * LIST
            topics = [self._nodebb_topic(thread) for thread in self.listed()[start : start + LIST]]
            return as_json({"cid": 7, "topics": topics, "pagination": _pager(page, len(self.threads), LIST)})
        found = re.fullmatch(r"/api/topic/(\d+)", path)
        thread = self.thread(found[1]) if found else None
        if thread is None or (page - 1) * PAGE >= len(thread.posts):
            return as_json({"path": path, "error": "not-found"}, status=404)
        posts = [self._nodebb_post(said) for said in _cut(thread, page) if said.author != "系统"]
        values = {"tid": thread.id, "title": thread.title, "postcount": len(thread.posts), "posts": posts}
        return as_json({**values, "pagination": _pager(page, len(thread.posts), PAGE)})

    def _nodebb_topic(self, thread: Thread) -> dict[str, Any]:
        values = {"tid": thread.id, "title": thread.title, "postcount": len(thread.posts)}
        return {**values, "lastposttimeISO": _iso(thread.last), "pinned": int(thread.pinned), "deleted": 0}

    def _nodebb_post(self, said: Said) -> dict[str, Any]:
        quote = "<blockquote>别人的话</blockquote>" if said.number > 1 else ""
        return {
            "pid": said.number + 9000,
            "index": said.number - 1,
            "timestampISO": _iso(said.at),
            "content": quote + said.html,
            "deleted": int(said.hidden),
            "votes": said.likes,
            "user": {"uid": len(said.author), "username": said.author},
        }


def denied(engine: str, status: int) -> SitePage:
    """What guests get who ask for a board that is not theirs."""
    return as_json(
        {
            "discourse": {"errors": ["您没有查看此内容的权限"], "error_type": "invalid_access"},
            "flarum": {"errors": [{"status": str(status), "code": "permission_denied"}]},
            "nodebb": {"status": {"code": "not-authorised", "message": "no login"}, "response": {}},
        }[engine],
        status=status,
    )


def empty_list(engine: str) -> SitePage:
    """The list of a board without threads."""
    return as_json(
        {
            "discourse": {"topic_list": {"topics": []}},
            "flarum": {"links": {}, "data": []},
            "nodebb": {"topics": []},
        }[engine]
    )


def _cut(thread: Thread, page: int) -> list[Said]:
    return thread.posts[(page - 1) * PAGE : page * PAGE]


def _pager(page: int, count: int, size: int) -> dict[str, Any]:
    pages = -(-count // size)
    return {"currentPage": page, "pageCount": pages, "next": {"page": page + 1, "active": page < pages}}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sample(engine: str) -> Board:
    """Seven threads: one of 45 posts with a notice and a hidden post, one pinned and old, five short."""
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(days=3)
    long = Thread(id=11, title="陪妈妈看膝盖的经过", posts=[_said(n, start) for n in range(1, 46)])
    long.posts[0].html, long.posts[0].likes = "<p>妈妈膝盖疼，<b>武侯区</b>哪里看？</p>", 3
    long.posts[6].author = "系统"
    long.posts[7].hidden = True
    old = Thread(id=12, title="版规", posts=[_said(1, now - timedelta(days=400))], pinned=True)
    short = [
        Thread(id=20 + n, title=f"第 {n} 个短帖", posts=[_said(1, now - timedelta(hours=n))])
        for n in range(1, 6)
    ]
    return Board(engine=engine, threads=[long, old, *short])


def _said(number: int, start: datetime) -> Said:
    return Said(
        number=number,
        author=f"网友{'甲乙丙丁'[number % 4]}",
        at=start + timedelta(minutes=number),
        html=f"<p>第 {number} 层，牙龈<br>有点肿</p>",
    )


def reply(board: Board, thread: int) -> None:
    """Somebody replies just now."""
    found = board.thread(str(thread))
    assert found is not None
    found.posts.append(
        Said(number=found.posts[-1].number + 1, author="后来人", at=datetime.now(UTC), html="<p>新的一层</p>")
    )
