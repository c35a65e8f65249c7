"""What a feed means for a crawl: when it may be asked again, what is new, what may have slipped through.

State of one feed, kept in the coverage file: ETag and Last-Modified of its last answer, when it may be asked
again (`due`), when it was asked (`at`) and how many entries it had. It moves when the posts are stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from crawler.coverage.ledger import digest_of
from crawler.coverage.page_result import PageResult, Reading
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Target, Task
from crawler.items import PlaceHint, Post
from crawler.parsing.authors import author_key, author_kind, without_own_name
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.parsing.times import CLOCK_SLACK
from crawler.parsing.weibo_ids import post_address
from crawler.sources.source import Source
from crawler.spiders.feed.options import FeedAddress, FeedOptions
from crawler.spiders.feed.pages import MOST_WAIT, Feed, Item

_LONGEST_VALIDATOR = 1000  # characters of an ETag that are sent back


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAt(Target):
    """A feed, by its path under the source's url."""

    path: str = ""

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> FeedAt:
        return cls(path=str(values.get("board", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    etag: str = ""
    modified: str = ""
    due: datetime | None = None
    at: datetime | None = None
    count: int = -1  # entries last time; -1 before the first answer

    @classmethod
    def from_json(cls, text: str) -> State:
        values = json.loads(text) if text else {}
        for key in ("due", "at"):
            values[key] = datetime.fromisoformat(values[key]) if values.get(key) else None
        return cls(**values)

    def to_json(self) -> str:
        times = {
            key: value.isoformat() if value else "" for key, value in (("due", self.due), ("at", self.at))
        }
        return json.dumps({"etag": self.etag, "modified": self.modified, "count": self.count, **times})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReader:
    """One source and what is known of its feeds."""

    source: Source
    coverage: Coverage
    secret: bytes

    def state(self, path: str) -> State:
        return State.from_json(self.coverage.cursor(self.source.name, _scope(path)))

    def too_early(self, path: str, now: datetime) -> str:
        """Why the feed is not asked now; "" when it may be."""
        due = self.state(path).due
        if due is None or now >= due:
            return ""
        return f"订阅源请人等到 {due.astimezone(self.source.zone):%m-%d %H:%M} 再来"

    def conditions(self, task: Task) -> dict[str, str]:
        """Headers of a conditional GET (RFC 9110, 13.1). A second try after an empty channel has none."""
        state = self.state(FeedAt.of(task).path)
        headers = {"If-None-Match": state.etag, "If-Modified-Since": state.modified}
        return {name: value for name, value in headers.items() if value and task.page == 1}

    def unchanged(self, task: Task, headers: Mapping[str, str], now: datetime) -> PageResult:
        """304: all that was there is there still."""
        state = self.state(FeedAt.of(task).path)
        wait = (state.due - state.at) if state.due and state.at else timedelta()
        wait = min(max(wait, max_age(headers)), MOST_WAIT)
        after = replace(state, at=now, due=now + wait if wait else None)
        return PageResult(listed=max(state.count, 0), cursor=(_scope(FeedAt.of(task).path), after.to_json()))

    def of_feed(
        self, task: Task, feed: Feed | Refusal | Blocked, headers: Mapping[str, str], now: datetime
    ) -> Reading:
        if not isinstance(feed, Feed):
            return feed
        before = self.state(FeedAt.of(task).path)
        if not feed.items and task.page == 1 and before.count:
            # Discuz! and others only fill their cache at the first call: ask once more.
            return PageResult(tasks=(replace(task, page=2, key=f"{task.key}:again"),), odd=feed.odd)
        posts, odd, missing = self._posts(task, feed, before, now)
        wait = min(max(feed.wait, max_age(headers)), MOST_WAIT)
        after = State(
            etag=_validator(headers.get("etag", "")),
            modified=_validator(headers.get("last-modified", "")),
            due=now + wait if wait else None,
            at=now,
            count=len(feed.items),
        )
        return PageResult(
            posts=posts,
            listed=len(feed.items),
            cursor=(_scope(FeedAt.of(task).path), after.to_json()),
            truncated=missing,
            odd=(*feed.odd, *odd),
            withheld=feed.withheld,
        )

    def _posts(
        self, task: Task, feed: Feed, before: State, now: datetime
    ) -> tuple[tuple[Post, ...], tuple[str, ...], str]:
        """Posts worth storing, sentences on those that cannot be right, and whether some may be missing."""
        horizon = now - timedelta(days=self.source.days)
        address = FeedOptions.of(self.source).named(FeedAt.of(task).path)
        known = self.coverage.digests(self.source.name, (item.id for item in feed.items))
        posts, odd = [], []
        for item in feed.items:
            post = self._post(item, address, feed, before, now)
            if post.published_at > now + CLOCK_SLACK:
                odd.append(f"条目 {item.id} 的时间在将来：{post.published_at:%Y-%m-%d %H:%M} UTC")
            elif post.published_at >= horizon and not self._settled(item, post, known):
                posts.append(post)
        # A feed shows its newest entries only. When all of them are new, others may have come and gone.
        lost = before.count > 0 and len(feed.items) >= before.count and not known
        return tuple(posts), tuple(odd), "订阅源的条目全是新的，两次之间可能有漏掉的" if lost else ""

    def _settled(self, item: Item, post: Post, known: Mapping[str, bytes]) -> bool:
        """An entry without a time got one when it was first seen; it does not get a newer one every run."""
        return item.published_at is None and known.get(item.id) == digest_of(post)

    def _post(self, item: Item, feed: FeedAddress, whole: Feed, before: State, now: datetime) -> Post:
        site, user = self.source.name, item.author
        link = item.link
        if item.weibo:
            # The same post as by API, page or file: named by its number, authors by theirs.
            site, user = "weibo", item.weibo[1]
            link = post_address(item.weibo[0])
        place = feed.region or self.source.region
        kind = author_kind(nick=item.author, known=bool(item.author))
        return Post(
            source=site,
            post_id=item.id,
            url=link,
            title=without_own_name(item.title, item.author, kind),
            text=without_own_name(item.text, item.author, kind),
            author_key=author_key(self.secret, site, user),
            author_kind=kind,
            published_at=item.published_at or min(before.at or whole.updated_at or now, now.astimezone(UTC)),
            fetched_at=now,
            place_hints=tuple(_hints(item, place)),
            query=feed.name or feed.path,
            replies=item.replies,
        )


def _hints(item: Item, place: str) -> list[PlaceHint]:
    hints = [PlaceHint(kind="geo", lat=item.point[0], lon=item.point[1])] if item.point else []
    return [*hints, PlaceHint(kind="board", text=place)] if place else hints


def max_age(headers: Mapping[str, str]) -> timedelta:
    """`max-age` of Cache-Control (RFC 9111, 5.2.2.1); zero without one, or with `no-cache`."""
    parts = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    seconds = next((part[8:].strip('"') for part in parts if part.startswith("max-age=")), "")
    usable = seconds.isdecimal() and len(seconds) < 12 and not {"no-cache", "no-store"} & set(parts)
    return timedelta(seconds=min(int(seconds), MOST_WAIT.total_seconds())) if usable else timedelta()


def _validator(text: str) -> str:
    """An ETag or date to send back; nothing that could break out of its header."""
    return text if text.isprintable() and len(text) <= _LONGEST_VALIDATOR else ""


def _scope(path: str) -> Scope:
    return Scope(f"feed:{path}")
