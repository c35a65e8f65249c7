"""Is a post still there? For engines whose lists show only the newest: the post's own page is asked.

A post that has left a feed or a list is not gone, it is old. Its own page answers: 404 and 410, or a short
notice that says so, mean gone; any other page means that it is there. What such a page shows is not read:
edits come with the feed or the list, as long as they show the post.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.rechecks import GROUP
from crawler.coverage.tasks import Target, Task
from crawler.items import Post
from crawler.parsing.outcomes import PageError, Refusal
from crawler.parsing.text import html_to_text
from crawler.parsing.unexpected_pages import instead_of
from crawler.sources.source import Source

KIND = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAt(Target):
    """A post's own page."""

    url: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> PostAt:
        return cls(url=str(values.get("board", "")))


_NOTICE = 600  # characters; a page that says more shows something


def visit(source: Source, post: Post, *, shown_on: str = "") -> Task | None:
    """The post's own page. None where it has none on the source's own site, the only one its ground covers,
    or where that is the list it was read from (`shown_on`)."""
    link = urlsplit(post.url)
    if link.scheme not in ("http", "https") or _home(post.url) != _home(source.url):
        return None
    if _bare(post.url) in (_bare(source.url), _bare(shown_on)):
        return None
    return Task(source=source.name, key=f"own:{post.id}", group=GROUP, kind=KIND, at=PostAt(url=post.url))


def read(task: Task, *, status: int, url: str, html: str) -> Reading:
    """What the answer says; `url` is where redirects have led.

    Raises:
        PageError: 404 or 410, which the caller takes for gone.
    """
    if status in (404, 410):
        raise PageError(f"HTTP {status}")
    if urlsplit(url).path in ("", "/") and urlsplit(PostAt.of(task).url).path not in ("", "/"):
        return Refusal(reason="转到了首页，看不出帖子还在不在")
    if len(html) < 200_000 and len(html_to_text(html)) < _NOTICE:
        try:
            return instead_of(html, "帖子")
        except PageError:
            pass  # a short page, and no notice
    return PageResult(alive=True)


def _home(url: str) -> str:
    return urlsplit(url).netloc.removeprefix("www.")


def _bare(url: str) -> str:
    return url.partition("#")[0].rstrip("/")
