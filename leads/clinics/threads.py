"""Which posts belong together: thread, answer, repost; and that they have to do with a clinic. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crawler.items import Post


@dataclass(frozen=True, slots=True)
class Mark:
    """A thread or post has to do with a clinic."""

    key: str
    clinic_id: str
    kind: str  # "own" or "named"


@dataclass(frozen=True, slots=True)
class Echo:
    """A post answers or repeats something that has to do with a clinic."""

    post: Post
    key: str  # of the mark it was found by
    kind: Literal["reply", "repost"]


def keys_of(post: Post) -> tuple[str, ...]:
    """What a post answers: its thread, the post it quotes or repeats."""
    thread = f"{post.source}#{post.thread_id}" if post.thread_id else ""
    return tuple(filter(None, (thread, post.repost_of)))


def own_keys(post: Post) -> tuple[str, ...]:
    """Under which keys answers to a post will look for it. A floor or comment in another's thread is not the
    thread."""
    opens = post.floor == 1 or (post.floor is None and post.thread_id in ("", post.post_id))
    thread = f"{post.source}#{post.thread_id or post.post_id}" if opens else ""
    return tuple(filter(None, (post.id, thread)))


def echoes(post: Post, keys: tuple[str, ...]) -> tuple[Echo, ...]:
    """That `post` answers what bears these of its `keys_of`."""
    return tuple(Echo(post, key, "repost" if key == post.repost_of else "reply") for key in keys)
