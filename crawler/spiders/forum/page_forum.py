"""Forums of HTML pages other than Discuz!: what the engines have in common. Pure.

Each engine's pages become the `ListPage` and `ThreadPage` of the Discuz! reader, so that cursors, deletions
and caps are handled once, for all forums.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crawler.coverage.tasks import Task
from crawler.parsing.html_tree import Node, drop, find, first, flat, hollow_out, tree
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.text import BLOCKS, tree_to_text
from crawler.parsing.unexpected_pages import instead_of
from crawler.spiders.forum.json_forum import Moment
from crawler.spiders.forum.pages import ListPage, SubBoard, ThreadPage
from crawler.spiders.forum.posts import Address

_COUNT = re.compile(r"\d+")
_GONE = ("不存在", "删除", "id非法", "does not exist", "doesn't exist", "invalid thread", "not found")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageForum:
    """One engine: addresses (under the site's root) out, pages in. The number given to the addresses is how
    many rows a page of this forum has, for engines whose addresses count rows; 0 as long as nobody knows."""

    list_path: Callable[[Task, int], str]
    thread_path: Callable[[Task, int], str]
    address: Address
    read_list: Callable[[str, Moment], ListPage | Refusal | Blocked]
    read_thread: Callable[[str, Moment], ThreadPage | Refusal | Blocked]
    notice: str  # XPath of the forum's own message, in place of a page

    def path(self, task: Task, rows: int) -> str:
        return self.list_path(task, rows) if task.kind == "list" else self.thread_path(task, rows)

    def says_no(self, html: str) -> bool:
        """Whether a page is the forum's own message."""
        return bool(find(tree(html), self.notice))


def notice_of(page: Node, html: str, notice: str, wanted: str) -> Refusal | Blocked:
    """What a page without the wanted parts is.

    Raises:
        PageError: neither a message of the forum nor a page that says why.
    """
    box = first(page, notice)
    reason = flat(box)[:120] if box is not None else ""
    if reason:
        return Refusal(reason=reason, gone=any(word in reason.lower() for word in _GONE))
    return instead_of(html, wanted)


def own_text(body: Node, noise: str) -> str:
    """Plain text of a post's cell without what `noise` (XPath) selects. Takes it out of the tree; what stood
    before and behind a block stays on lines of its own."""
    for each in find(body, noise):
        if each.tag in BLOCKS:
            hollow_out(each)
        else:
            drop(each)
    return tree_to_text(body)


def sub_boards(links: Iterable[Node], number: re.Pattern[str], own: str) -> tuple[SubBoard, ...]:
    """The boards that `links` lead to, each once, but the one whose page this is (`own`)."""
    found: dict[str, SubBoard] = {}
    for link in links:
        board = number_in(number, (link.get("href") or "",))
        if board and board != own:
            found.setdefault(board, SubBoard(id=board, name=flat(link)))
    return tuple(found.values())


def number_in(pattern: re.Pattern[str], hrefs: Iterable[str]) -> str:
    """The number that the first fitting address has; "" where none fits."""
    return next((found[1] for href in hrefs if (found := pattern.search(href))), "")


def count_in(text: str | None) -> int | None:
    """The first whole number of a text, separators of thousands left out."""
    found = _COUNT.search((text or "").replace(",", ""))
    return int(found[0]) if found else None


def required(node: Node, path: str, what: str) -> Node:
    """The first of what the XPath finds. Raises PageError."""
    found = first(node, path)
    if found is None:
        raise PageError(f"{what}读不出来")
    return found
