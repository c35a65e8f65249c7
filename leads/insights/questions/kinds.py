"""What a sentence asks: one of the questions that patients ask again and again, or one of its own. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlp.text.normal import normalise

SENTENCE_END = re.compile(r"(?<=[。！？!?;；\n])|\n")
LONGEST = 80  # characters of a question; what is longer tells a story
SHORT = 30  # characters of a sentence whose other clauses may say what it asks; those of a longer one tell
_CLAUSE_END = re.compile(r"[,，、:：~\s]+")
_FILE = Path(__file__).with_name("kinds.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionKind:
    """A question as patients ask it; `title` is how a page says it."""

    code: str
    title: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None  # what asks for something else

    def fits(self, text: str) -> bool:
        """Does this (normalised) text ask it?"""
        return self.pattern.search(text) is not None and not (self.unless and self.unless.search(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionWords:
    """kinds.toml, read."""

    kinds: Mapping[str, QuestionKind]  # by code, in the order in which they are looked for
    asks: re.Pattern[str]
    empty: frozenset[str]


@cache
def load() -> QuestionWords:
    """The shipped kinds of questions."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    kinds = [
        QuestionKind(
            code=each["code"],
            title=each["title"],
            pattern=re.compile("|".join(each["patterns"]).replace("PLACE", data["place"])),
            unless=re.compile(each["unless"]) if "unless" in each else None,
        )
        for each in data["kind"]
    ]
    return QuestionWords(
        kinds={kind.code: kind for kind in kinds},
        asks=re.compile(data["asks"]),
        empty=frozenset(data["empty"].split()),
    )


OTHER = ""  # a question of its own


@dataclass(frozen=True, slots=True)
class Asked:
    """A sentence that asks; `kind` is a code of `load().kinds` or OTHER."""

    text: str
    kind: str


def asked(text: str) -> Iterator[Asked]:
    """The questions of a post, in their order."""
    for sentence in SENTENCE_END.split(text):
        plain = (sentence or "").strip(" 　，,。")
        if 3 <= len(plain) <= LONGEST and load().asks.search(plain):
            yield Asked(plain, kind_of(plain))


def kind_of(sentence: str) -> str:
    """The code of what a question asks: of its last clause that asks something, for those before tell."""
    plain = normalise(sentence)
    clauses = [clause for clause in reversed(_CLAUSE_END.split(plain)) if load().asks.search(clause)]
    whole = [plain] if len(plain) <= SHORT else []
    return next(filter(None, map(_matched, (*clauses, *whole))), OTHER)


def _matched(text: str) -> str:
    return next((kind.code for kind in load().kinds.values() if kind.fits(text)), OTHER)
