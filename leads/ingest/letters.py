"""What a crawl and the intake (`leads.ingest.intake`) say to each other.

Each letter of a crawl has one answer, in order. Answers are small: all that a crawl may be owed at a time fit
into a socket's buffer, so that the intake never waits for a crawl that is itself waiting.
"""

from __future__ import annotations

from dataclasses import dataclass

from crawler.items import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The first letter. `secret` is the key of the author hashes, `news` names the sources of news."""

    secret: bytes
    news: frozenset[str]
    coverage: str = ""  # file or address, held against the index before the crawl's first request


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Answers a greeting; `warnings` are for the crawl's log."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsRead:
    """Posts to be tagged and stored: those of a page, or a part of a long one."""

    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Answers a page: its posts are durable, or dropped where their place in it is not among `kept`. `index`
    is what the index says of itself, `counts` what became of all posts of this crawl so far (by the names of
    `Report`)."""

    kept: tuple[int, ...]
    index: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """These posts are no longer at their source."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Farewell:
    """Nothing more comes; what is too old may go."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Answers `Gone` and `Farewell`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Answers any letter that could not be followed, with the reason (zh-CN where it is known)."""

    reason: str


FromCrawl = Greeting | PostsRead | Gone | Farewell
FromIntake = Welcome | Receipt | Followed | Trouble
