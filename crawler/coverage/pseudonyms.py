"""Pseudonyms in the coverage: of posts that were cut and wait for their whole text."""

from __future__ import annotations

import json
from collections.abc import Callable

from crawler.coverage.database import Database


def carry_over(db: Database, change: Callable[[str], str]) -> int:
    """Puts authors of waiting posts under another key, in the caller's transaction; how many."""
    count = 0
    for source, key, value in db.execute("SELECT source, key, value FROM task").fetchall():
        values = json.loads(value)
        at = values["at"] if isinstance(values.get("at"), dict) else values  # older rows are flat
        for name in ("post", "title"):
            # A post as JSON: `post`, or `title` in rows of before November 2026.
            if str(at.get(name, "")).startswith('{"'):
                post = json.loads(at[name])
                new = change(str(post.get("author_key", "")))
                if new != post.get("author_key", ""):
                    at[name] = json.dumps({**post, "author_key": new}, ensure_ascii=False)
                    told = (json.dumps(values, ensure_ascii=False), source, key)
                    db.execute("UPDATE task SET value=? WHERE source=? AND key=?", told)
                    count += 1
    return count
