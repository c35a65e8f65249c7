"""Posts as they are stored, with their tags: what can be done apart, in another process. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from crawler.files import Rejected
from crawler.items import Post
from crawler.telemetry import traces
from nlp import Tagger
from nlp.models import Tags
from nlp.pii import mask
from nlp.text.normal import normalise


class TaggedPost(NamedTuple):
    """A masked post; `text` is its full text, normalised."""

    post: Post
    tags: Tags
    text: str


def tag_posts(tagger: Tagger, posts: Sequence[Post]) -> list[TaggedPost]:
    """Each post masked and tagged, in order."""
    safe = [masked(post) for post in posts]
    texts = [post.full_text for post in safe]
    with traces.span("tag.batch", posts=len(posts)):
        tagged = tagger.tag_many(texts, [post.place_hints for post in safe])
    return list(map(TaggedPost, safe, tagged, map(normalise, texts)))


def tag_young(tagger: Tagger, records: Iterable[Post | Rejected], *, oldest: datetime) -> list[TaggedPost]:
    """The posts among records that are no older than this."""
    young = [each for each in records if isinstance(each, Post) and each.published_at >= oldest]
    return tag_posts(tagger, young)


def masked(post: Post) -> Post:
    """`post` without phone numbers, contact handles and the like; done before anything is stored."""
    text, title = mask(post.text), mask(post.title)
    return post if text == post.text and title == post.title else replace(post, text=text, title=title)
