"""What a person read and kept: the visible words of one post, out of the browser extension or the phone's
page.

Not a file, but the same way: what comes out is a `Post` like an importer's, under the id that a crawl, an API
or a file gives the same post. Who wrote it never came here, so it has no author key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from crawler.files import Container
from crawler.importers.base import BadRecord, Context, Draft, checkin_hint, finish, ip_hint
from crawler.items import Post
from crawler.parsing.addresses import PostAddress, post_at

SITE = "seen"  # `Post.source` of what was read where the address names no post
SeenKind = Literal["post", "comment", "selection"]
SeenPlace = Literal["ip", "checkin"]

_WHEN = re.compile(
    r"刚刚|刚才|(?:\d+|半|几)\s*(?:秒钟?|分钟?|个?小时|天|周|个月|年)\s*之?前"
    r"|(?:今天|昨天|前天)\s*(?:\d{1,2}:\d{2})?"
    r"|(?:\d{4}|\d{2})\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}(?:\s*日)?(?:[T\s]+\d{1,2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,2}\s*[-/月]\s*\d{1,2}(?:\s*日)?(?:\s+\d{1,2}:\d{2})?|\d{1,2}:\d{2}"
)
_SHORT_YEAR = re.compile(r"^(?=\d{2}[-/.年]\d{1,2}[-/.月]\d)")  # Weibo's comments: "25-11-20 18:00"
_LABELS = re.compile(r"编辑于|发布于|发表于|回复于|更新于|来自|IP\s*属地|回复|[·・|\s:：,，]+")
_SAID_PLACE = re.compile(r"(?:IP\s*属地\s*[:：]?|发布于|来自)\s*([\u4e00-\u9fff·]{2,20})")
_WORDS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPost:
    """What was on the screen. `time` is as it was written there ("编辑于 3天前 四川"), `kind` what was kept:
    a post whose address `url` is, something said below it, or words that somebody marked."""

    text: str
    time: str
    url: str = ""
    title: str = ""
    place: str = ""
    place_kind: SeenPlace = "ip"
    kind: SeenKind = "post"


def read_seen(seen: SeenPost, *, now: datetime, secret: bytes) -> Post:
    """The post, checked and cleaned.

    Raises:
        BadRecord: no words, no time, or one that cannot be.
    """
    time, beside = _split(seen.time)
    address = post_at(seen.url)
    source, post_id, thread = _named(seen, address)
    hint = checkin_hint if seen.place_kind == "checkin" else ip_hint
    draft = Draft(
        source=source,
        post_id=post_id,
        url=address.url if address else _web(seen.url),
        title=seen.title if seen.kind == "post" else "",
        text=seen.text,
        published=time,
        hints=(hint(seen.place or beside),),
        thread_id=thread,
        floor=1 if thread and thread == post_id else None,
    )
    return finish(draft, _context(now, secret))


def _context(now: datetime, secret: bytes) -> Context:
    nowhere = Container(path=Path("seen"), kind="json", tables={})
    return Context(
        now=now, collected=now, secret=secret, notice=lambda told: None, columns={}, container=nowhere
    )


def _named(seen: SeenPost, address: PostAddress | None) -> tuple[str, str, str]:
    """Source, id and thread. Only a post that was kept as a whole is the post at the address."""
    if address is not None and seen.kind == "post":
        return address.source, address.post_id, address.thread_id
    digest = blake2b(_WORDS.sub("", seen.text).lower().encode("utf-8", "replace"), digest_size=10).hexdigest()
    if address is None:
        return SITE, f"s{digest}", ""
    return address.source, f"s{digest}", address.thread_id or address.post_id


def _split(text: str) -> tuple[str, str]:
    """The time in what stands beside a post, and the place there; the whole where no time is found in it."""
    found = _WHEN.search(text)
    if found is None:
        return text.strip(), ""
    time = _SHORT_YEAR.sub("20", found[0])
    rest = text[: found.start()] + " " + text[found.end() :]
    if said := _SAID_PLACE.search(rest):
        return time, said[1]
    words = _LABELS.sub(" ", rest).split()
    return time, words[0] if len(words) == 1 and len(words[0]) <= 20 else ""


def _web(url: str) -> str:
    return url if re.match(r"https?://[^\s]+$", url) and len(url) <= 2_000 else ""


__all__ = ["SITE", "BadRecord", "SeenKind", "SeenPlace", "SeenPost", "read_seen"]
