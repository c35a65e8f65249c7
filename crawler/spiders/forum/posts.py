"""Floors of a thread page as `Post` records. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from crawler.coverage.store import alias_of
from crawler.coverage.tasks import Task
from crawler.items import PlaceHint, Post
from crawler.parsing.authors import author_key, author_kind, without_own_name
from crawler.parsing.times import CLOCK_SLACK
from crawler.sources.source import Board, Source
from crawler.spiders.forum.pages import ANONYMOUS, Floor, ThreadPage
from crawler.spiders.forum.targets import ThreadAt

_AUTHOR = 6  # characters of an author's key in an id: tells apart who answers a thread in one second
_WITHOUT_AUTHOR = re.compile(r"t[^-]+-\d+(\.\d+)?")
Address = Callable[[Source, str, int, str], str]  # source, thread, page, post → where a person finds it


def posts_of(
    source: Source,
    task: Task,
    page: ThreadPage,
    *,
    now: datetime,
    secret: bytes,
    address: Address,
) -> tuple[tuple[Post, ...], tuple[str, ...]]:
    """The posts of a page, and a sentence for each one that cannot be right (dated in the future)."""
    at = ThreadAt.of(task)
    board = source.board(page.fid or at.board) or Board(id=at.board)
    posts, odd = [], []
    for floor in page.floors:
        if floor.published_at > now + CLOCK_SLACK:
            odd.append(f"帖子 {floor.pid or at.thread} 的时间在将来：{floor.published_at:%Y-%m-%d %H:%M} UTC")
        elif floor.text or floor.floor == 1:
            where = address(source, at.thread, task.page, "" if floor.floor == 1 else floor.pid)
            posts.append(_post(source, at, page, floor, url=where, board=board, now=now, secret=secret))
    return tuple(posts), tuple(odd)


def _post(
    source: Source,
    at: ThreadAt,
    page: ThreadPage,
    floor: Floor,
    *,
    url: str,
    board: Board,
    now: datetime,
    secret: bytes,
) -> Post:
    opening = floor.floor == 1
    place = board.region or source.region or board.name
    name = "" if floor.author == ANONYMOUS else floor.author
    # The name, not the number: names are unique on a forum and shown on every route, numbers are not.
    key = author_key(secret, source.name, name)
    kind = author_kind(nick=name, known=bool(name))
    return Post(
        source=source.name,
        post_id=post_id_of(at.thread, floor, key),
        url=url,
        title=without_own_name(page.title, name, kind) if opening else "",
        text=without_own_name(floor.text, name, kind),
        author_key=key,
        author_kind=kind,
        published_at=floor.published_at,
        fetched_at=now,
        place_hints=(PlaceHint(kind="board", text=place),) if place else (),
        thread_id=at.thread,
        floor=floor.floor,
        likes=floor.likes,
        query=board.name or board.id,
        replies=(at.replies if page.replies is None else page.replies) if opening else None,
    )


def post_id_of(tid: str, floor: Floor, author: str) -> str:
    """An opening post is named by its thread, which every route knows, a reply by its own number. In the
    archiver a reply has none and is named by thread, second and author (`one_id` brings the two together):
    two of one second may stand on different pages, and neither knows of the other."""
    if floor.floor == 1:
        return f"t{tid}"
    return f"p{floor.pid}" if floor.pid else _timed_id(tid, floor.published_at, author)


def _timed_id(tid: str, at: datetime, author: str) -> str:
    """`author` is the key of the author, "" for nobody known."""
    return f"t{tid}-{int(at.timestamp())}" + (f"-{author[:_AUTHOR]}" if author else "")


def one_id(posts: tuple[Post, ...], known: Mapping[str, tuple[str, ...]]) -> tuple[Post, ...]:
    """The same reply read by the archiver and by the desktop pages gets the id under which it came first.

    `known` has the ids stored for a thread and second. Replies of one second are told apart by their author,
    and by their order on the page where that says nothing: one author twice, and ids of versions that did
    without authors.
    """
    met: Counter[str] = Counter()
    settled = []
    for post in posts:
        alias = alias_of(post)
        if not alias:
            settled.append(post)
            continue
        timed = _timed_id(post.thread_id, post.published_at, post.author_key)
        name = _first_id(post, timed, met, known.get(alias, ()))
        met.update((alias, timed))
        settled.append(post if name == post.post_id else replace(post, post_id=name))
    return tuple(settled)


def _first_id(post: Post, timed: str, met: Counter[str], stored: tuple[str, ...]) -> str:
    numbered = post.post_id.startswith("p")
    timed = f"{timed}.{met[timed] + 1}" if met[timed] else timed
    own = post.post_id if numbered else timed
    for name in (own, timed):
        if name in stored:
            return name
    turn = met[alias_of(post)]
    by_other_route = [] if numbered else [each for each in stored if each.startswith("p")]
    for names in ([each for each in stored if _WITHOUT_AUTHOR.fullmatch(each)], by_other_route):
        if turn < len(names):
            return names[turn]
    return own
