"""What the page of a site can turn out to be, whatever the engine."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.coverage.tasks import Scope, Task
from crawler.coverage.views import BoardShown, ThreadShown
from crawler.items import Post
from crawler.parsing.outcomes import Blocked, Halted, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What a page held: posts, further pages, and how the cursors move once the posts are stored."""

    posts: tuple[Post, ...] = ()
    tasks: tuple[Task, ...] = ()
    listed: int | None = None  # threads or results seen, changed or not; None when this is no list
    withheld: int = 0  # posts whose text the site does not show
    wordless: int = 0  # posts of pictures or smileys only: nothing to keep
    skipped: int = 0  # posts read and left out on purpose (another board's)
    cursor: tuple[Scope, str] | None = None  # and its value
    mark: str = ""  # cursor of the task's group when the whole group is done
    truncated: str = ""  # why not everything was asked for
    refused: tuple[tuple[str, str], ...] = ()  # scope, reason: refused before and not asked again
    alive: bool = False  # all posts that were looked for here are there still, unread
    unread: tuple[tuple[str, str], ...] = ()  # scope, reason: what is there and nobody has asked for
    board: BoardShown | None = None  # what a list or feed showed of a board
    thread: ThreadShown | None = None  # what a page showed of a thread
    odd: tuple[str, ...] = ()  # posts that cannot be right, each with its reason


Reading = PageResult | Refusal | Blocked | Halted
