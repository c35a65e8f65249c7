"""Thread lists and threads as values, whatever the engine. Times are aware; None where a page has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Pin = Literal["", "board", "global"]
ANONYMOUS = "匿名"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a thread list. Times are None where the page has none (archiver) or only a date."""

    tid: str
    title: str
    pin: Pin = ""
    replies: int | None = None
    last_at: datetime | None = None
    begun_at: datetime | None = None  # feeds tell it


@dataclass(frozen=True, slots=True, kw_only=True)
class SubBoard:
    """A board below the one whose list is read; its own threads stand in its own list only."""

    id: str
    name: str
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of a board's threads. `threads` is what the board itself says it holds, None where it does
    not say."""

    entries: tuple[Entry, ...]
    next_page: int | None = None
    threads: int | None = None
    boards: tuple[SubBoard, ...] = ()
    rows: int = 0  # of a full page, as its link to the next one says; 0 where addresses count pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One post of a thread. `pid` is "" in the archiver, which has none; `floor` None where it is not shown.

    `withheld` says why there is no text to read (shielded by a moderator, reply to see).
    """

    pid: str
    floor: int | None
    author: str  # the name shown; hashed before anything is stored
    published_at: datetime
    text: str
    withheld: str = ""
    likes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    title: str
    fid: str  # the board it really belongs to; "" where the page does not say
    tid: str = (
        ""  # the thread shown, another than asked for where it was moved; "" where the page does not say
    )
    floors: tuple[Floor, ...]
    replies: int | None = None
    page: int = 1  # the page shown: a number too high is answered with the last page
    newest_first: bool = False  # replies run from the newest to the oldest: new ones come on page 1
    next_page: int | None = None
    rows: int = 0  # as of a list
