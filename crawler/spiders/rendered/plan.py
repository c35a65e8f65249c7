"""What a page of posts means for a crawl: which to take, whether to turn the page or open a browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Target, Task
from crawler.items import PlaceHint, Post
from crawler.parsing.authors import author_key, author_kind, without_own_name
from crawler.parsing.times import CLOCK_SLACK
from crawler.sources.source import Source
from crawler.spiders.rendered.options import RenderedOptions
from crawler.spiders.rendered.pages import Card, CardPage, holds_posts, read_cards

PLAIN, BROWSER = "plain", "browser"
TRY_PLAIN_AGAIN = timedelta(days=7)  # a site that needed a browser is asked without one this often


_NEEDS_BROWSER = Scope("needs browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardsAt(Target):
    """A page of posts: its path, with {page} still in it, and whether a browser asks for it."""

    path: str = ""
    route: str = PLAIN

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> CardsAt:
        return cls(path=str(values.get("board", "")), route=str(values.get("route", PLAIN)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReader:
    source: Source
    options: RenderedOptions
    coverage: Coverage
    secret: bytes

    def route(self, now: datetime) -> str:
        """How to begin: the cheap way, unless it did not do lately."""
        if not self.options.render:
            return PLAIN
        since = self.coverage.cursor(self.source.name, _NEEDS_BROWSER)
        recent = since and now - datetime.fromisoformat(since) < TRY_PLAIN_AGAIN
        return BROWSER if recent else PLAIN

    def of_page(self, task: Task, html: str, url: str, now: datetime) -> Reading:
        select = self.options.select
        if CardsAt.of(task).route == PLAIN and self.options.render and not holds_posts(html, select):
            self.coverage.set_cursor(self.source.name, _NEEDS_BROWSER, now.isoformat())
            return PageResult(
                tasks=(replace(task, at=replace(CardsAt.of(task), route=BROWSER), key=f"{task.key}:browser"),)
            )
        if task.page > 1 and not holds_posts(html, select):
            return PageResult(listed=0)  # behind the last page
        page = read_cards(html, select, url=url, now=now, zone=self.source.zone)
        return self._result(task, page, now) if isinstance(page, CardPage) else page

    def _result(self, task: Task, page: CardPage, now: datetime) -> PageResult:
        horizon = now - timedelta(days=self.source.days)
        early = [card for card in page.cards if card.published_at > now + CLOCK_SLACK]
        cards = [card for card in page.cards if card not in early and card.published_at >= horizon]
        known = self.coverage.digests(self.source.name, (card.id for card in cards))
        fresh = any(card.id not in known for card in cards)
        more = page.more and fresh and "{page}" in CardsAt.of(task).path
        capped = more and task.page >= self.source.max_pages
        following = replace(task, page=task.page + 1, key=f"page:{CardsAt.of(task).path}:{task.page + 1}")
        return PageResult(
            posts=tuple(self._post(card, task, now) for card in cards),
            tasks=(following,) if more and not capped else (),
            listed=len(page.cards),
            truncated=f"只看了前 {task.page} 页" if capped else "",
            odd=(
                *page.odd,
                *(f"帖子 {c.id} 的时间在将来：{c.published_at:%Y-%m-%d %H:%M} UTC" for c in early),
            ),
        )

    def _post(self, card: Card, task: Task, now: datetime) -> Post:
        source = self.source
        kind = author_kind(nick=card.author, known=bool(card.author))
        return Post(
            source=source.name,
            post_id=card.id,
            url=card.link,
            title=without_own_name(card.title, card.author, kind),
            text=without_own_name(card.text, card.author, kind),
            author_key=author_key(self.secret, source.name, card.author),
            author_kind=kind,
            published_at=card.published_at.astimezone(UTC),
            fetched_at=now,
            place_hints=(PlaceHint(kind="board", text=source.region),) if source.region else (),
            query=CardsAt.of(task).path.replace("{page}", ""),
        )
