"""A page still to fetch: `Task`, and `Target`, what the page is, in the words of its engine. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NewType, Self

Scope = NewType("Scope", str)  # what a cursor is of: a group of pages, or a thing that the engine names


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a page is. Each engine has a subclass for each shape of page; every field has a default, so that
    rows without it can be read, and holds text, numbers, truth or None. What people wrote stands in `title`
    (of the thread `thread`) or `post` (the post `mid`) and nowhere else: an erasure looks there."""

    @classmethod
    def of(cls, task: Task) -> Self:
        """That of `task`. Raises TypeError for a task of another shape."""
        if not isinstance(task.at, cls):
            raise TypeError(f"{task.kind} {task.key} is no {cls.__name__}")
        return task.at

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> Self:
        """From a row of before November 2026, when all engines shared the names board, thread, route, title,
        replies, last and back."""
        return cls(**{each.name: values[each.name] for each in fields(cls) if each.name in values})

    def single(self) -> str:
        """The number of the one thread or post that the page shows; "" for a list. A list can be refused, a
        thread can also be gone."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One page to fetch. `group` is what must be finished before its mark becomes a cursor (a board)."""

    source: str
    key: str  # unique in the source while the task is open
    group: str
    kind: str  # how the page is read; it says of which class `at` is
    page: int = 1
    at: Target

    def to_json(self) -> str:
        values = {"source": self.source, "key": self.key, "group": self.group, "kind": self.kind}
        paged = values if self.page == 1 else {**values, "page": self.page}
        return json.dumps({**paged, "at": _told(self.at)}, ensure_ascii=False)


def read_task(text: str, targets: Mapping[str, type[Target]]) -> Task | None:
    """The task of a stored row. None for a kind that is not among `targets`: the source has changed to
    another engine since."""
    values = json.loads(text)
    shape = targets.get(values["kind"])
    if shape is None:
        return None
    names = ("source", "key", "group", "kind", "page")
    at = shape(**values["at"]) if "at" in values else shape.of_older(values)
    return Task(**{name: values[name] for name in names if name in values}, at=at)


def _told(at: Target) -> dict[str, object]:
    """Its fields without those that say nothing."""
    values = ((each.name, getattr(at, each.name), each.default) for each in fields(at))
    return {name: value for name, value, default in values if value != default}
