"""People's words in the coverage file: titles of threads whose pages wait or are visited again, and texts of
posts that were cut. Everything else in it is numbers, addresses and what the operator wrote.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from crawler.coverage.database import Database
from crawler.items import Post

_TABLES = (("task", "key", "value"), ("visit", "page", "task"))


def erase(db: Database, ids: Collection[str], posts: Iterable[Post]) -> list[tuple[str, str]]:
    """Takes the words of these posts out of all tasks, in the caller's transaction. Pages that are there for
    such a post alone are dropped; source and group of each that waited are returned."""
    numbers = {each.partition("/")[2] for each in ids}
    opened = [post for post in posts if post.floor in (None, 1)]
    threads, titles = {post.thread_id for post in opened} - {""}, {post.title for post in opened} - {""}
    dropped: list[tuple[str, str]] = []
    for table, key, column in _TABLES:
        for row in _rows(db, table, key, column):
            number = str(row.at.get("mid") or row.at.get("thread") or "")
            title = str(row.at.get("title", ""))
            # A post as JSON: `post`, or `title` in rows of before November 2026.
            if "post" in row.at or title.startswith('{"'):
                if number in numbers:
                    db.execute(f"DELETE FROM {table} WHERE source=? AND {key}=?", (row.source, row.key))  # noqa: S608 - own names
                    dropped += [(row.source, str(row.values["group"]))] if table == "task" else []
            elif title and (number in threads or title in titles):
                del row.at["title"]
                db.execute(
                    f"UPDATE {table} SET {column}=? WHERE source=? AND {key}=?",  # noqa: S608 - own names
                    (json.dumps(row.values, ensure_ascii=False), row.source, row.key),
                )
    return dropped


class _Row(NamedTuple):
    source: str
    key: str
    values: dict[str, object]
    at: dict[str, object]  # the part of `values` that says what the page is


def _rows(db: Database, table: str, key: str, column: str) -> Iterator[_Row]:
    sql = f"SELECT source, {key}, {column} FROM {table}"  # noqa: S608 - own names
    for source, name, text in db.execute(sql).fetchall():
        values: dict[str, object] = json.loads(text)
        at = values.get("at")
        yield _Row(source, name, values, at if isinstance(at, dict) else values)  # older rows are flat
