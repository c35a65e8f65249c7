"""Erasing a post, or everything by one author: index and records, now and for good.

The tombstone comes first, so that a crawl that is under way stores nothing anew; then the records, while the
index still knows which posts are meant; then the index, which is asked afterwards whether it is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from crawler.items import Post
from leads import storage
from leads.actions import uploads
from leads.config import Settings
from leads.errors import InputError, StorageError
from leads.index.base import KINDS, LeadIndex, Stored
from leads.records import Records, accounts, erasures, open_records, origins
from leads.records.audit import SYSTEM
from leads.records.erasures import ErasureKind

_MASK = re.compile(r"\[\w+\]")  # in place of a telephone number; a raw record has another


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was done. `posts` is how many were stored here; none is no failure: none will be."""

    kind: ErasureKind
    key: str
    at: datetime  # of the tombstone
    posts: int
    receipt: str  # its number: says nobody's name, and stays when the key of the author hashes is changed


def erase(
    records: Records,
    index: LeadIndex,
    kind: ErasureKind,
    key: str,
    *,
    who: str,
    now: datetime,
    reason: str = "",
    settings: Settings | None = None,
) -> Erased:
    """Erase, and make sure of it. Safe to repeat, also after a failure in between.

    With `settings` also what stands beside index and records in the data folder: tasks of crawls,
    records that could not be read, and files that nobody has begun to import.

    `key` is a post's id or address, or what it says (twelve letters at least). For an author it may also be
    the author's key, and the post any of theirs, one that expired included: keys are shown nowhere.

    Raises:
        InputError: not a post's id or an author's key, or a post whose author is not known.
        StorageError: something could not be reached or is still there; doing it again goes on.
    """
    key = meant(records, index, kind, key)
    with records.transaction() as session:
        tomb = erasures.bury(session, kind, key, who=who, now=now, reason=reason)
    ids = ids_of(records, index, kind, key)
    found = index.posts(ids)
    with records.transaction() as session:
        kept = [*origins.of_posts(session, ids), *map(origins.origin, found)]
        erasures.bury_posts(session, ids, kept)
        erasures.clean(session, ids, [post.full_text for post in found])
        if kind == "author":
            accounts.drop_author(session, key)
    count = index.delete(ids) if kind == "post" else index.delete_author(key)
    _make_sure(index, kind, key, ids)
    with records.transaction() as session:
        origins.drop(session, ids)
    if settings is not None:
        _beside(settings, ids, found)
    index.scrub()
    records.scrub()
    return Erased(kind=kind, key=tomb.key, at=tomb.at, posts=count, receipt=erasures.receipt(tomb))


def erase_again(records: Records, index: LeadIndex) -> int:
    """Apply every tombstone to what an index holds, as after a backup was put back; how many posts went.

    Raises:
        StorageError: as `erase`.
    """
    gone = 0
    with records.transaction() as session:
        accounts.drop_buried(session)
    posts = every_post(index)
    while some := list(islice(posts, 500)):
        with records.reading() as session:
            buried = sorted(erasures.erased(session, some))
        if buried:
            with records.transaction() as session:
                erasures.clean(session, buried, [each.full_text for each in some if each.id in buried])
                origins.drop(session, buried)
            gone += index.delete(buried)
    if gone:
        index.scrub()
        records.scrub()
    return gone


def meant(records: Records, index: LeadIndex, kind: ErasureKind, key: str) -> str:
    """The post's id or the author's key that somebody means who gives an id, an address, or a post's words.

    Raises:
        InputError: the post's author is not known; no post has these words, or several have.
    """
    key = key.strip()
    key = _saying(records, index, key) if _is_text(key) else _named(records, index, key)
    return _author_of(records, index, key) if kind == "author" and "/" in key else key


def ids_of(records: Records, index: LeadIndex, kind: ErasureKind, key: str) -> list[str]:
    """Ids of the post, or of all that are known by the author, stored or only worked on."""
    if kind == "post":
        return [key]
    with records.reading() as session:
        known = origins.of_author(session, key)
    return list(dict.fromkeys([*index.ids_of_author(key), *known]))


def _beside(settings: Settings, ids: Sequence[str], found: Sequence[Post]) -> None:
    if storage.has_coverage(settings):
        with storage.coverage(settings) as coverage:
            coverage.erase(ids, found)
    said = [text for post in found for text in (post.url, post.title, *_MASK.split(post.text))]
    numbers = [each.partition("/")[2] for each in ids]
    for records in (storage.quarantine(settings), storage.whole_records(settings)):
        records.erase([*said, *ids, *numbers])
    uploads.drop_files(settings)


def _named(records: Records, index: LeadIndex, key: str) -> str:
    """The id of the post at an address, as far as one is known; any other key as it is."""
    wanted = origins.address_key(key)
    if not wanted:
        return key
    weibo = origins.weibo_id(key)  # stored under another id only by somebody's own table
    with records.reading() as session:
        known = weibo if weibo and origins.of_posts(session, [weibo]) else origins.by_address(session, key)
    if known or (weibo and index.posts([weibo])):
        return known or weibo
    return next(
        (post.id for post in every_post(index) if origins.origin(post).address == wanted), weibo or key
    )


def _is_text(key: str) -> bool:
    """Words rather than an id or an address, which are mostly ASCII."""
    bare = origins.bare(key)
    chinese = sum("\u4e00" <= each <= "\u9fff" for each in bare)
    return "://" not in key and len(bare) >= origins.SHORTEST_WORDS and chinese * 2 >= len(bare)


def _saying(records: Records, index: LeadIndex, text: str) -> str:
    """The id of the one post that says this, in these words or among others.

    Raises:
        InputError: none does, or several do.
    """
    with records.reading() as session:
        found = set(origins.by_words(session, text))
    wanted = origins.bare(text)
    found |= {post.id for post in every_post(index) if wanted in origins.bare(post.full_text)}
    if not found:
        raise InputError("没有存着写有这些字的帖子：请检查是否照原文写，或换成帖子的网址。")
    if len(found) > 1:
        some = "、".join(sorted(found)[:5])
        raise InputError(f"有 {len(found)} 条帖子写着这些字（{some}）：请多写一些，或换成其中一条的编号。")
    return found.pop()


def every_post(index: LeadIndex) -> Iterator[Post]:
    """Every stored post."""
    for kind in KINDS:
        digests = index.digests(kind)
        while ids := [each.id for each in islice(digests, 500)]:
            for each in index.records(kind, ids):
                yield each.lead.post if isinstance(each, Stored) else each.post


def _author_of(records: Records, index: LeadIndex, post_id: str) -> str:
    with records.reading() as session:
        key = origins.author_of(session, post_id)
    key = key or next((post.author_key for post in index.posts([post_id])), "")
    if not key:
        raise InputError(f"没有存着帖子 {post_id!r}，或不知道它的作者：请换一条他的帖子，或只删这一条。")
    return key


def _make_sure(index: LeadIndex, kind: ErasureKind, key: str, ids: Sequence[str]) -> None:
    """Raises StorageError when the index still holds something."""
    left = [] if kind == "post" else list(index.ids_of_author(key))
    left += [post.id for post in index.posts(ids)]
    if left:
        raise StorageError(f"还有 {len(set(left))} 条没有删掉：可能正在采集，请再删一次。")


def by_command(settings: Settings, kind: ErasureKind, key: str, *, reason: str, now: datetime) -> Erased:
    """`tingzhen erase`; raises as `erase`."""
    with storage.open_index(settings) as index, open_records(settings) as records:
        return erase(records, index, kind, key, who=SYSTEM, reason=reason, now=now, settings=settings)
