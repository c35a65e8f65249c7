"""What praise and complaint are about: service, price, pain, waiting, result, place. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlp.text.normal import normalise

_TABLE = Path(__file__).parent / "aspects.toml"
_BETWEEN = re.compile(r"[\s，。！？；,.!?;…~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing people speak of. `words`: among those that decide a mood; `around`: beside them."""

    code: str
    name: str
    words: tuple[str, ...]
    around: tuple[str, ...]


@cache
def aspects() -> Mapping[str, Aspect]:
    """All of them by code, in the order they are shown in."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        code: Aspect(code=code, name=each["name"], words=tuple(each["words"]), around=tuple(each["around"]))
        for code, each in table.items()
    }


def spoken_of(text: str, cues: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Aspect → those of the words that decided a text's mood that are about it; nothing else is known.

    `text` is raw or normalised, `cues` are those of `nlp.models.Sentiment`.
    """
    clauses = [clause for clause in _BETWEEN.split(normalise(text)) if clause]
    found: dict[str, list[str]] = {}
    for cue in cues:
        for code in _about(cue, clauses):
            found.setdefault(code, []).append(cue)
    return {code: tuple(found[code]) for code in aspects() if code in found}


def _about(cue: str, clauses: Iterable[str]) -> tuple[str, ...]:
    said = _longest(cue, ((each.code, each.words) for each in aspects().values()))
    if said:
        return (said,)
    beside = (clause for clause in clauses if cue in clause)
    every = [(each.code, each.words + each.around) for each in aspects().values()]
    return tuple(dict.fromkeys(filter(None, (_longest(clause, every) for clause in beside))))


def _longest(text: str, words: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The aspect of the longest word in a text; "" where there is none."""
    found = [(len(word), code) for code, several in words for word in several if word in text]
    return max(found, key=lambda each: each[0])[1] if found else ""
