"""Stretches of time (and places) that a search is cut into until no page cap is hit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from crawler.coverage.tasks import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Target):
    """What is searched for, where ("51" or "51-1", a circle's name; "" is everywhere), and from `start` to
    `end` in unix seconds, both inside."""

    words: str = ""
    place: str = ""
    start: int = 0
    end: int = 0

    @classmethod
    def of_older(cls, values: Mapping[str, object]) -> Window:
        start, _, end = str(values.get("route", "")).partition("-")
        words, place = str(values.get("title", "")), str(values.get("board", ""))
        return cls(words=words, place=place, start=int(start or 0), end=int(end or 0))


def halves(window: Window, smallest: int) -> tuple[Window, ...]:
    """The later half first; () where halves would be shorter than `smallest` seconds. Both hold the second in
    the middle: whether the API's bounds are inclusive is not documented, and a post twice is one post."""
    length = window.end - window.start
    if length < 2 * max(smallest, 1):
        return ()
    middle = window.start + length // 2
    return replace(window, start=middle), replace(window, end=middle)


def by_place(window: Window, places: Iterable[str]) -> tuple[Window, ...]:
    """The window for each province of `places`, or for each of its province's cities there; () when there is
    no finer place."""
    if "-" in window.place:
        return ()
    if window.place:
        finer = [place for place in places if place.startswith(f"{window.place}-")]
    else:
        finer = [place.partition("-")[0] for place in places]
    return tuple(replace(window, place=place) for place in dict.fromkeys(finer))
