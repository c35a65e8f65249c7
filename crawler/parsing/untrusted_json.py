"""JSON answers of sites, read without trust: every value is asked for with its kind. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.parsing.unexpected_pages import instead_of

Table = Mapping[str, Any]


def read_object(text: str) -> Table | Refusal | Blocked:
    """The JSON object in `text`; what came instead when it is a page.

    Raises:
        PageError: neither; or a key stands twice in one object, and nobody can say which value holds.
    """
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        return instead_of(text, "JSON")
    try:
        value = load(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise PageError(f"不是有效的 JSON：{str(error)[:80]}（{len(text)} 字符）") from error
    if not isinstance(value, dict):
        raise PageError(f"JSON 应是一个对象，而不是 {type(value).__name__}")
    return value


def load(text: str) -> Any:
    """The JSON value in `text`.

    Raises:
        json.JSONDecodeError: it is no JSON.
        PageError: it nests too deeply, or a key stands twice in one object, and nobody can say which holds.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise PageError(f"JSON 嵌套太深（{len(text)} 字符）") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add() is None
        raise PageError(f"JSON 里有重复的键 {twice[:40]!r}")
    return made


def table(values: Table, *path: str) -> Table:
    """The object at `path`; empty where there is none."""
    for key in path:
        found = values.get(key)
        values = found if isinstance(found, Mapping) else {}
    return values


def tables(values: Table, *path: str) -> Iterator[Table]:
    """The objects of the list at `path`; nothing where there is no list."""
    found = table(values, *path[:-1]).get(path[-1])
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, Mapping))


def words(values: Table, key: str) -> str:
    """Text, or a number as text; "" for everything else."""
    found = values.get(key)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def number(values: Table, key: str) -> int | None:
    found = values.get(key)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def truth(values: Table, key: str) -> bool:
    """True for true, 1 and "1": Flarum 2 and NodeBB write booleans in each of these ways."""
    return values.get(key) in (True, 1, "1")
