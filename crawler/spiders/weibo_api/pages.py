"""Answers of Weibo's official API → records. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.items import Post
from crawler.parsing.authors import author_key, without_addressee
from crawler.parsing.coordinates import System
from crawler.parsing.outcomes import Blocked, Halted, PageError, Refusal
from crawler.parsing.place_hints import ip_hint, profile_hint
from crawler.parsing.text import plain_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import (
    Foreign,
    JsonObject,
    Part,
    Whole,
    Word,
    object_of,
    read_as,
    read_json,
)
from crawler.parsing.weibo_ids import is_mid, post_address
from crawler.spiders.weibo_api.errors import error_of
from crawler.spiders.weibo_status import SITE, Status, WeiboUser, kind_of, read_statuses, without_name_of

_CODE = re.compile(r"[0-9]{1,9}")
_FROM = "来自"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """One page of posts. `found` counts what the page holds, readable or not; `total` is the API's own figure
    for all pages, None without one."""

    statuses: tuple[Status, ...]
    found: int
    odd: tuple[str, ...] = ()
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPage:
    posts: tuple[Post, ...]
    ids: tuple[int, ...]
    odd: tuple[str, ...] = ()
    total: int | None = None


Refused = Refusal | Blocked | Halted


class _ErrorAnswer(Foreign):
    error_code: Word


class _Counted(Foreign):
    total_number: Whole


class _Comment(Foreign):
    id: Word
    idstr: Word
    rootid: Word  # of the comment that this one stands below; its own number where it stands below the post
    text: Word
    created_at: Word
    region_name: Word
    source: Word
    user: Part[WeiboUser]


def error_code(text: str) -> int | None:
    """The code of an error answer (`{"request", "error_code", "error"}`, the code as number or text); None
    for any other answer."""
    try:
        answer = read_json(text)
    except PageError:
        return None
    code = read_as(_ErrorAnswer, object_of(answer)).error_code
    return int(code) if _CODE.fullmatch(code) else None


def read_error(code: int, *, now: datetime) -> Refused:
    """What an error means for the run. Raises PageError for trouble of theirs that may be over soon."""
    error = error_of(code)
    told = f"微博接口 {code}：{error.told}"
    if error.action == "wait":
        return Blocked(reason=told, seconds=_to_next_hour(now), exact=True)
    if error.action == "stop":
        return Blocked(reason=told)
    if error.action == "fix":
        return Halted(reason=told)
    if error.action == "again":
        raise PageError(told)
    return Refusal(reason=told, gone=error.action == "gone")


def _to_next_hour(now: datetime) -> float:
    """Allowances are counted by the hour (open.weibo.com/wiki/Rate-limiting)."""
    following = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return (following - now).total_seconds()


def read_page(text: str, *, now: datetime, system: System) -> StatusPage | Refused:
    """A page of `search/statuses/limited`, `place/nearby_timeline`, `statuses/show` (one post) or
    `statuses/show_batch`. Raises PageError."""
    answer = _object(text, now)
    if isinstance(answer, Refusal | Blocked | Halted):
        return answer
    if "statuses" not in answer and "created_at" in answer:
        answer = {"statuses": [answer]}
    listed = _list(answer, "statuses")
    statuses, odd = read_statuses(listed, now=now, system=system)
    return StatusPage(statuses=statuses, found=len(listed), odd=odd, total=_total(answer))


def read_comments(text: str, mid: str, *, now: datetime, secret: bytes) -> CommentPage | Refused:
    """A page of `comments/show` or `comments/show_batch`: what people say below the post `mid`. Raises
    PageError."""
    answer = _object(text, now, "comments")
    if isinstance(answer, Refusal | Blocked | Halted):
        return answer
    return comments_of(_list(answer, "comments"), mid, now=now, secret=secret, total=_total(answer))


def comments_of(
    listed: Iterable[JsonObject], mid: str, *, now: datetime, secret: bytes, total: int | None = None
) -> CommentPage:
    """What people say below the post `mid`, "" where nobody knows which. Raises PageError where none can be
    read."""
    posts, odd = [], []
    for comment in listed:
        try:
            posts.append(_comment(comment, mid, now=now, secret=secret))
        except PageError as error:
            odd.append(str(error))
    if odd and not posts:
        raise PageError(odd[0])
    ids = tuple(int(post.post_id[1:]) for post in posts)
    said = tuple(post for post in posts if post.text)
    return CommentPage(posts=said, ids=ids, odd=tuple(odd), total=total)


def _comment(fields: JsonObject, mid: str, *, now: datetime, secret: bytes) -> Post:
    found = read_as(_Comment, fields)
    number, user = found.idstr or found.id, found.user
    if not is_mid(number):
        raise PageError("评论没有编号")
    place = found.region_name or (found.source if found.source.startswith(_FROM) else "")  # or a device
    hints = (ip_hint(place.removeprefix(_FROM)), profile_hint(user.location))
    try:
        published = parse_time(found.created_at, now=now)
    except TimeError as error:
        raise PageError(f"评论 {number} 的时间读不出来：{error}") from error
    return Post(
        source=SITE,
        post_id=f"c{number}",  # comments are counted in the same numbers as posts
        url=post_address(mid) if mid else "",
        text=without_name_of(user, without_addressee(plain_text(found.text))),
        author_key=author_key(secret, SITE, user.idstr or user.id),
        author_kind=kind_of(user),
        published_at=min(published, now),
        fetched_at=now,
        place_hints=tuple(hint for hint in hints if hint is not None),
        thread_id=mid,
        repost_of=f"{SITE}/c{found.rootid}" if is_mid(found.rootid) and found.rootid != number else "",
    )


def _object(text: str, now: datetime, key: str = "statuses") -> JsonObject | Refused:
    """The answer; a bare list becomes one under `key`."""
    code = error_code(text)
    if code is not None:
        return read_error(code, now=now)
    answer = read_json(text)
    if isinstance(answer, list):
        return {key: answer}
    if not isinstance(answer, dict):
        raise PageError("微博接口的回答不是 JSON 对象")
    return answer


def _list(answer: JsonObject, key: str) -> list[JsonObject]:
    listed = answer.get(key)
    if listed is None and _total(answer) == 0:
        return []
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise PageError(f"微博接口的回答里没有 {key}")
    return listed


def _total(answer: JsonObject) -> int | None:
    return read_as(_Counted, answer).total_number
