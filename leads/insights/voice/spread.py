"""How a complaint spread: answers and reposts by hours, as far as they were read. Pure but for `find`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crawler.items import Post
from leads.clinics.threads import keys_of, own_keys
from leads.insights.few import Figure, blocks, merged, nested
from leads.records import Records, heard

HOURS = 14 * 24  # looked at from the post on
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursStep:
    """Hours since the post, from and to before, what came in them (five at least), and all until then."""

    first: int
    after: int
    count: int
    until_then: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What answered a post or repeated it in the two weeks after it."""

    total: Figure
    replies: int  # 0 where it cannot be told apart
    reposts: int
    steps: tuple[HoursStep, ...]

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "total": self.total.count,
            "more": self.total.more,
            "replies": self.replies,
            "reposts": self.reposts,
            "steps": [
                {"from_hour": each.first, "to_hour": each.after, "count": each.count} for each in self.steps
            ],
        }


def find(records: Records, post: Post) -> Spread:
    """What the records counted of a post; for a floor of a thread also what came after it in the thread.

    Raises:
        StorageError: the records cannot be read.
    """
    begin = post.published_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    keys = [*dict.fromkeys((*own_keys(post), *(keys_of(post)[:1] if post.thread_id else ())))]
    with records.reading() as session:
        found = heard.echo_hours(session, keys, since=begin, until=begin + HOURS * _HOUR)
    return of_hours(found, begin)


def of_hours(found: Mapping[tuple[datetime, str], int], begin: datetime) -> Spread:
    """The same of counts by (hour, "reply" or "repost")."""
    last = max(((hour - begin) // _HOUR for hour, _ in found), default=-1)
    hours, kinds = [0] * (last + 1), {"reply": 0, "repost": 0}
    for (hour, kind), count in found.items():
        hours[(hour - begin) // _HOUR] += count
        kinds[kind] += count
    told = merged(kinds).rows
    steps, done = [], 0
    for first, after, count in blocks(hours):
        done += count
        steps.append(HoursStep(first=first, after=after, count=count, until_then=done))
    return Spread(
        total=nested([sum(hours)])[0],
        replies=told.get("reply", 0),
        reposts=told.get("repost", 0),
        steps=tuple(steps),
    )
