"""Replies of the archiver have no number: what they are called, and what they were called before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crawler.coverage.store import alias_of
from crawler.coverage.tasks import Task
from crawler.items import Post
from crawler.sources.source import Source
from crawler.spiders.forum.pages import ANONYMOUS, Floor, ThreadPage
from crawler.spiders.forum.posts import one_id, posts_of
from crawler.spiders.forum.targets import ThreadAt

NOW = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
AT = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
SECOND = f"t9-{int(AT.timestamp())}"
SOURCE = Source(name="bbs", engine="discuz", url="https://bbs.example/")


def read(*floors: tuple[str, str], page: int = 1) -> tuple[Post, ...]:
    """A page of replies (number, author), all of one second, as it is before anything is known."""
    shown = tuple(
        Floor(pid=pid, floor=None, author=author, published_at=AT, text=f"{author}的话")
        for pid, author in floors
    )
    task = Task(source="bbs", key="t", group="g", kind="thread", page=page, at=ThreadAt(thread="9"))
    found = ThreadPage(title="补牙", fid="", floors=shown, replies=30, page=page, next_page=None)
    posts, odd = posts_of(
        SOURCE,
        task,
        found,
        now=NOW,
        secret=b"key",
        address=lambda source, thread, page, post: "https://bbs.example/",
    )
    assert odd == ()
    return posts


def ids(posts: tuple[Post, ...], *stored: str) -> list[str]:
    return [post.post_id for post in one_id(posts, {alias_of(posts[0]): stored})]


def test_two_replies_of_one_second_on_different_pages_are_two() -> None:
    (last,) = ids(read(("", "甲")))
    (first,) = ids(read(("", "乙"), page=2))
    assert last != first
    assert {last[: len(SECOND)], first[: len(SECOND)]} == {SECOND}
    assert ids(read(("", "乙"), page=2), last) == [first]


def test_a_reply_keeps_its_id_on_whichever_page_it_stands_and_whatever_it_says() -> None:
    (name,) = ids(read(("", "甲")))
    (edited,) = (replace(post, text="改过了") for post in read(("", "甲"), page=2))
    assert ids((edited,), name) == [name]


def test_one_author_twice_in_one_second_is_told_apart_by_order() -> None:
    one, two = ids(read(("", "甲"), ("", "甲")))
    assert two == f"{one}.2"
    assert ids(read(("", "甲"), ("", "甲")), one, two) == [one, two]


def test_nobody_known_is_named_by_the_second_alone() -> None:
    assert ids(read(("", ANONYMOUS), ("", ANONYMOUS))) == [SECOND, f"{SECOND}.2"]


@pytest.mark.parametrize("pids", [("", ""), ("51", "52")], ids=["archiver", "desktop"])
def test_ids_of_before_stay(pids: tuple[str, str]) -> None:
    """Versions before named by the second alone, and counted."""
    page = read((pids[0], "甲"), (pids[1], "乙"))
    assert ids(page, SECOND, f"{SECOND}.2") == [SECOND, f"{SECOND}.2"]


def test_a_reply_of_the_archiver_is_known_on_the_desktop_pages_by_its_author() -> None:
    archived = ids(read(("", "甲"), ("", "乙")))
    assert ids(read(("52", "乙"), page=2), *archived) == [archived[1]]
    assert ids(read(("51", "甲")), *archived) == [archived[0]]


def test_a_reply_of_the_desktop_pages_is_known_in_the_archiver_by_its_order() -> None:
    assert ids(read(("", "甲"), ("", "乙")), "p51", "p52") == ["p51", "p52"]
    assert ids(read(("51", "甲"), ("52", "乙")), "p51", "p52") == ["p51", "p52"]
