"""Who writes in public as a house or as somebody of the trade. Private persons are never among them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from crawler.items import AuthorKind, Post

PUBLIC: tuple[AuthorKind, ...] = ("organisation", "professional")


def is_public(post: Post) -> bool:
    """Written by an account that its site or its name shows to be a house, or of the trade."""
    return post.author_kind in PUBLIC and bool(post.author_key)


def private_keys(posts: Iterable[Post]) -> frozenset[str]:
    """Accounts that were read as private persons, whatever they were read as elsewhere."""
    return frozenset(post.author_key for post in posts if post.author_kind == "person" and post.author_key)
