"""What children wrote is kept for a shorter time than other posts."""

from __future__ import annotations

from datetime import datetime

from crawler.items import Post
from leads.actions.erase import every_post
from leads.index.base import LeadIndex
from leads.records import Records, audit, erasures
from leads.scoring.by_child import written_by_child


def forget(records: Records, index: LeadIndex, *, before: datetime, now: datetime) -> int:
    """Drop what children wrote before this time, with all that was written about it; how many posts.

    Raises:
        StorageError: index or records cannot be read or written; the next time goes on.
    """
    found = {post.id: post for post in every_post(index) if _old(post, before)}
    if not found:
        return 0
    with records.transaction() as session:
        erasures.clean(session, list(found), [post.full_text for post in found.values()])
        audit.note(session, who=audit.SYSTEM, action="retention.children", now=now, posts=len(found))
    index.delete(found)
    index.scrub()
    return len(found)


def _old(post: Post, before: datetime) -> bool:
    return post.published_at < before and written_by_child(post.full_text)
