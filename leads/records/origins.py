"""Who wrote the posts that are stored or worked on, and by what else than its id a post is known again.

A post leaves the index (expired, gone at its source, index lost) while notes and judgements about it stay:
its author must still be found when they ask to be forgotten. Rows hold hashes only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crawler.items import Post
from crawler.parsing import weibo_ids
from leads.records.heard import chunks
from leads.records.tables.alerts import Alert
from leads.records.tables.heard import PostOrigin
from leads.records.tables.mentions import MentionNote, MentionWork, StrangerRow
from leads.records.tables.work import Case, Feedback, Note

SHORTEST_WORDS = 12  # letters, digits and characters; shorter texts are many people's
_NO_WORD = re.compile(r"\W+")
# Where something that people wrote or decided about a post stands.
_ABOUT = (
    *(Case.lead_id, Feedback.lead_id, Note.lead_id, Alert.post_id),
    *(MentionWork.post_id, MentionNote.post_id, StrangerRow.post_id),
)


WEIBO = "weibo"  # Post.source of its posts, whatever the way they came


def address_key(url: str) -> str:
    """A hash of an address, the same with http or https, www. or m., and a slash at its end; "" for none.

    All addresses of one Weibo post have one.
    """
    found = weibo_ids.post_at(url)
    return _plain_key(weibo_ids.post_address(found[0]) if found else url)


def address_keys(url: str) -> frozenset[str]:
    """Under which hashes an address may stand: older versions took each of a Weibo post's for another's."""
    return frozenset({address_key(url), _plain_key(url)} - {""})


def weibo_id(url: str) -> str:
    """The id of the Weibo post at an address, which is arithmetic; "" for any other address."""
    found = weibo_ids.post_at(url)
    return f"{WEIBO}/{found[0]}" if found else ""


def address_of(post_id: str) -> str:
    """The hash of a post's address as far as its id, or an address in place of one, tells it."""
    site, _, number = post_id.partition("/")
    known = site == WEIBO and weibo_ids.is_mid(number)
    return address_key(weibo_ids.post_address(number) if known else post_id)


def _plain_key(url: str) -> str:
    parts = urlsplit(url.strip())
    if not parts.netloc:
        return ""
    host = re.sub(r"^(?:www|m)\.", "", parts.netloc.lower())
    return _hash("\n".join((host, parts.path.rstrip("/"), parts.query, parts.fragment)))


def words_key(post: Post) -> str:
    """A hash of what a post says, whatever its spaces and signs; "" when it says too little to be its own."""
    return _words_key(post.full_text)


def bare(text: str) -> str:
    """Letters, digits and characters only, small."""
    return _NO_WORD.sub("", text).lower()


def _words_key(text: str) -> str:
    words = bare(text)
    return _hash(words) if len(words) >= SHORTEST_WORDS else ""


def origin(post: Post) -> PostOrigin:
    # A reply may stand under its thread's address, which is others' too.
    opens = post.floor == 1 or (post.floor is None and post.thread_id in ("", post.post_id))
    own = opens or post.post_id in post.url
    return PostOrigin(
        post_id=post.id,
        author_key=post.author_key,
        address=address_key(post.url) if own else "",
        words=words_key(post),
        published_at=post.published_at,
    )


def keep(session: Session, posts: Iterable[Post]) -> None:
    """These posts are stored; what was known of them before is replaced."""
    rows = [
        {name: getattr(row, name) for name in ("post_id", "author_key", "address", "words", "published_at")}
        for row in {post.id: origin(post) for post in posts}.values()
    ]
    for some in chunks(rows):
        drop(session, [str(row["post_id"]) for row in some])
        session.execute(insert(PostOrigin), list(some))


def drop(session: Session, post_ids: Sequence[str]) -> None:
    for some in chunks(post_ids):
        session.execute(delete(PostOrigin).where(PostOrigin.post_id.in_(some)))


def author_of(session: Session, post_id: str) -> str:
    """The author's key; "" when it is not known."""
    row = session.get(PostOrigin, post_id)
    return row.author_key if row else ""


def of_author(session: Session, author_key: str) -> Sequence[str]:
    """Ids of one author's posts, stored ones and those that notes, judgements or alerts are left of."""
    return session.scalars(select(PostOrigin.post_id).where(PostOrigin.author_key == author_key)).all()


def authors(session: Session) -> Sequence[str]:
    """The keys of all whose posts are stored, or that something is left of."""
    return session.scalars(select(PostOrigin.author_key).where(PostOrigin.author_key != "").distinct()).all()


def of_posts(session: Session, post_ids: Sequence[str]) -> Sequence[PostOrigin]:
    return [
        row
        for some in chunks(post_ids)
        for row in session.scalars(select(PostOrigin).where(PostOrigin.post_id.in_(some)))
    ]


def by_address(session: Session, url: str) -> str:
    """The id of the post at this address; "" when none is known."""
    keys = address_keys(url)
    if not keys:
        return ""
    found = session.scalars(select(PostOrigin.post_id).where(PostOrigin.address.in_(keys)).limit(1)).first()
    return found or _told_of(session, keys)


def by_words(session: Session, text: str) -> Sequence[str]:
    """Ids of the posts that say this and nothing else."""
    key = _words_key(text)
    return session.scalars(select(PostOrigin.post_id).where(PostOrigin.words == key)).all() if key else ()


def _told_of(session: Session, keys: frozenset[str]) -> str:
    """The id of the post of which an alert gave this address: posts that left before origins were kept."""
    address = Alert.payload["post_url"].as_string()
    rows = session.execute(select(Alert.post_id, address).where(Alert.post_id != "", address != ""))
    return next((post_id for post_id, url in rows if address_key(url) in keys), "")


def unknown(session: Session) -> Sequence[str]:
    """Ids of posts that something was written about before origins were kept."""
    known = select(PostOrigin.post_id)
    found = {
        each for column in _ABOUT for each in session.scalars(select(column).where(column.not_in(known)))
    }
    return sorted(filter(None, found))


def forget(session: Session, before: datetime) -> None:
    """Drop those of older posts about which nothing is left."""
    nothing_left = [PostOrigin.post_id.not_in(select(column)) for column in _ABOUT]
    session.execute(delete(PostOrigin).where(PostOrigin.published_at < before, *nothing_left))


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
