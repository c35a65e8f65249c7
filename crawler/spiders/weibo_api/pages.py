"""Answers of Weibo's official API → records. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.items import Post
from crawler.parsing.authors import author_key, author_kind, weibo_badge
from crawler.parsing.coordinates import System
from crawler.parsing.outcomes import Blocked, Halted, PageError, Refusal
from crawler.parsing.place_hints import ip_hint, profile_hint
from crawler.parsing.text import plain_text
from crawler.parsing.times import TimeError, parse_time
from crawler.parsing.untrusted_json import load
from crawler.parsing.weibo_ids import post_address
from crawler.parsing.weibo_status import SITE, Status, read_statuses
from crawler.spiders.weibo_api.errors import error_of

_ANSWER_TO = re.compile(r"^回复@[\w\-·]{1,40}\s*[:：]\s*")


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


def error_code(text: str) -> int | None:
    """The code of an error answer (`{"request", "error_code", "error"}`, the code as number or text); None
    for any other answer."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    code = answer.get("error_code") if isinstance(answer, dict) else None
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else None


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
    if not isinstance(answer, dict):
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
    if not isinstance(answer, dict):
        return answer
    listed = _list(answer, "comments")
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
    return CommentPage(posts=said, ids=ids, odd=tuple(odd), total=_total(answer))


def _comment(fields: dict[str, object], mid: str, *, now: datetime, secret: bytes) -> Post:
    number = str(fields.get("idstr") or fields.get("id") or "")
    if not number.isdigit():
        raise PageError("评论没有编号")
    found = fields.get("user")
    user = found if isinstance(found, dict) else {}
    author = str(user.get("idstr") or user.get("id") or "")
    hints = (ip_hint(str(fields.get("region_name") or "")), profile_hint(str(user.get("location") or "")))
    try:
        published = parse_time(str(fields.get("created_at") or ""), now=now)
    except TimeError as error:
        raise PageError(f"评论 {number} 的时间读不出来：{error}") from error
    return Post(
        source=SITE,
        post_id=f"c{number}",  # comments are counted in the same numbers as posts
        url=post_address(mid),
        text=_ANSWER_TO.sub("", plain_text(str(fields.get("text") or ""))),
        author_key=author_key(secret, SITE, author),
        author_kind=author_kind(
            nick=str(user.get("screen_name") or ""),
            badge=weibo_badge(user.get("verified_type")),
            reason=str(user.get("verified_reason") or ""),
            known=bool(author),
        ),
        published_at=min(published, now),
        fetched_at=now,
        place_hints=tuple(hint for hint in hints if hint is not None),
        thread_id=mid,
    )


def _object(text: str, now: datetime, key: str = "statuses") -> dict[str, object] | Refused:
    """The answer; a bare list becomes one under `key`."""
    code = error_code(text)
    if code is not None:
        return read_error(code, now=now)
    try:
        answer = load(text)
    except json.JSONDecodeError as error:
        raise PageError(f"微博接口的回答不是 JSON（{len(text)} 字符）") from error
    if isinstance(answer, list):
        return {key: answer}
    if not isinstance(answer, dict):
        raise PageError("微博接口的回答不是 JSON 对象")
    return answer


def _list(answer: dict[str, object], key: str) -> list[dict[str, object]]:
    listed = answer.get(key)
    if listed is None and _total(answer) == 0:
        return []
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise PageError(f"微博接口的回答里没有 {key}")
    return listed


def _total(answer: dict[str, object]) -> int | None:
    total = answer.get("total_number")
    return total if isinstance(total, int) and not isinstance(total, bool) else None
