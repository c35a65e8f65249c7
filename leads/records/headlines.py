"""Industry news for the morning report: title and address, at most five a day, the same story once.

A headline is what a feed said in public under its own name, not what a person wrote; an erasure reaches it
all the same, in reports that were made and in messages of the outbox, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crawler.items import Post
from leads.models import BEIJING
from leads.records import origins
from leads.records.tables.alerts import Alert
from leads.records.tables.digests import DigestIssue, Headline
from leads.scoring.duplicates import shingles

A_DAY = 5
KEPT = timedelta(days=30)  # a report shows a day's; who reads it late still finds them
LONGEST = 200  # characters of a title
_WEB = re.compile(r"https?://\S+$")
_ONE_STORY = 0.5  # of the pairs of characters of two titles that tell the same


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry of a feed of news; `fits` says that it is about what one of the clinics treats."""

    post: Post
    fits: bool = False


def keep(session: Session, found: Iterable[FeedEntry], *, now: datetime) -> int:
    """Keep what is among its day's five, and fold what tells a story that is kept; how many are kept anew."""
    return sum(_keep(session, each) for each in found if each.post.published_at >= now - KEPT)


def _keep(session: Session, news: FeedEntry) -> bool:
    post, title = news.post, " ".join(news.post.title.split())[:LONGEST]
    if not title or not _WEB.match(post.url):
        return False
    day = post.published_at.astimezone(BEIJING).date()
    there = of_days(session, day, day)
    if any(post.id == each.post_id or post.id in each.others for each in there):
        return False
    same = next((each for each in there if _one_story(each.title, title)), None)
    if same is not None:
        same.others = [*same.others, post.id]
        return False
    if len(there) >= A_DAY:
        worst = there[-1]
        if not news.fits or worst.fits:
            return False
        session.delete(worst)
        session.flush()
    session.add(
        Headline(
            post_id=post.id, day=day, title=title, url=post.url, source=post.source,
            published_at=post.published_at, fits=news.fits,
        )
    )  # fmt: skip
    session.flush()
    return True


def of_days(session: Session, first: date, last: date) -> Sequence[Headline]:
    """Those of these days in Beijing: what fits the clinics first, then what came first."""
    chosen = select(Headline).where(Headline.day >= first, Headline.day <= last)
    return session.scalars(
        chosen.order_by(Headline.fits.desc(), Headline.published_at, Headline.post_id)
    ).all()


def between(session: Session, since: datetime, until: datetime) -> Sequence[Headline]:
    """Those published from `since` to before `until`, in the same order."""
    chosen = select(Headline).where(Headline.published_at >= since, Headline.published_at < until)
    return session.scalars(
        chosen.order_by(Headline.fits.desc(), Headline.published_at, Headline.post_id)
    ).all()


def forget(session: Session, before: datetime) -> None:
    """Drop older ones."""
    session.execute(delete(Headline).where(Headline.published_at < before))


def drop(session: Session, post_ids: Sequence[str]) -> None:
    """Erased, or gone at the source: out of the day's five, and out of every report that told them."""
    ids, addresses = frozenset(post_ids), {origins.address_key(each) for each in post_ids} - {""}
    for row in session.scalars(select(Headline)).all():  # a month has 150
        if row.post_id in ids or origins.address_key(row.url) in addresses:
            _untell(session, row)
            session.delete(row)
        elif not ids.isdisjoint(row.others):
            row.others = [each for each in row.others if each not in ids]


def _untell(session: Session, row: Headline) -> None:
    issues = select(DigestIssue).where(DigestIssue.until >= row.published_at)
    for issue in session.scalars(issues):
        told: Any = issue.content.get("news")
        if not isinstance(told, list) or row.post_id not in {each.get("post_id") for each in told}:
            continue
        left = [each for each in told if each.get("post_id") != row.post_id]
        issue.content = {**issue.content, "news": left}
        alert = session.get(Alert, issue.id)
        if alert is not None:
            alert.payload = _without(alert.payload, row.title, row.url)


def _without(payload: dict[str, Any], *said: str) -> dict[str, Any]:
    """A message without these words, as they are and as HTML writes them."""
    out = dict(payload)
    out["lines"] = [line for line in payload.get("lines", ()) if not any(each in line for each in said)]
    html = str(payload.get("html", ""))
    for each in said:
        html = html.replace(escape(each), "").replace(each, "")
    if "html" in payload:
        out["html"] = html
    return out


def _one_story(one: str, two: str) -> bool:
    first, second = shingles(one), shingles(two)
    shared = len(first & second)
    return shared >= _ONE_STORY * (len(first) + len(second) - shared)
