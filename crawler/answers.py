"""What the page of a site can turn out to be, whatever the engine."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.coverage import Task
from crawler.items import Post


class PageError(ValueError):
    """A page that is neither what was asked for nor a refusal nor a block: the layout has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The site answered "no" to this one page. `gone` when what was asked for does not exist (any more)."""

    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The host wants proof of being human, or has had enough of us: it is left alone, for at least
    `seconds` where it says how long."""

    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """Nothing more will come until the operator changes something (a key that expired): this run ends, no
    pause is kept, and the page stays open."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What a page held: posts, further pages, and how the cursors move once the posts are stored."""

    posts: tuple[Post, ...] = ()
    tasks: tuple[Task, ...] = ()
    listed: int | None = None  # threads or results seen, changed or not; None when this is no list
    withheld: int = 0  # posts whose text the site does not show
    skipped: int = 0  # posts read and left out on purpose (another board's)
    cursor: tuple[str, str] | None = None  # scope, value
    mark: str = ""  # cursor of the task's group when the whole group is done
    truncated: str = ""  # why not everything was asked for
    refused: tuple[tuple[str, str], ...] = ()  # scope, reason: refused before and not asked again
    alive: bool = False  # all posts that were looked for here are there still, unread
    odd: tuple[str, ...] = ()  # posts that cannot be right, each with its reason


Reading = PageResult | Refusal | Blocked | Halted
