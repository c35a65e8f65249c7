"""What a clinic's reply says that medical-advertising rules forbid. Pure; the rules are compliance.toml.

A help for the writer, no legal advice: what it does not find may still be forbidden.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlp.text.normal import normalise

FILE = Path(__file__).with_name("compliance.toml")
LONGEST = 5000  # characters of a text that is looked at
_REACH = 10  # characters before a find in which a denial counts, the denial among them
_CLAUSE_END = re.compile(r"[,。!?;:、…~\n]")
# What people put between characters to get past word lists.
_FILLERS = frozenset(" \t\u3000·•.*_-~|/\\+^='\"`")
_HAN = re.compile(r"[\u3400-\u9fff%]")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEntry:
    """One kind of forbidden words."""

    code: str
    title: str  # zh-CN
    law: str  # with its article
    instead: str  # what to say instead
    patterns: re.Pattern[str]
    unless: re.Pattern[str] | None
    deniable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Forbidden words in a text: `text[start:end]` is what was found."""

    start: int
    end: int
    words: str
    title: str
    law: str
    instead: str


def check(text: str) -> tuple[Objection, ...]:
    """What the text must not say, in its order; finds of one kind that touch are one. Offsets are its own."""
    plain, where = _squeezed(text[:LONGEST])
    entries, denied = _rules()
    found = [(start, end, entry) for entry in entries for start, end in _merged(_finds(plain, entry, denied))]
    return tuple(
        _finding(text, where[start], where[end - 1] + 1, entry)
        for start, end, entry in sorted(found, key=lambda item: item[:2])
    )


def _finding(text: str, start: int, end: int, entry: RuleEntry) -> Objection:
    return Objection(
        start=start, end=end, words=text[start:end],
        title=entry.title, law=entry.law, instead=entry.instead,
    )  # fmt: skip


def _finds(plain: str, entry: RuleEntry, denied: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    excused = [match.span() for match in entry.unless.finditer(plain)] if entry.unless else []
    for match in entry.patterns.finditer(plain):
        start, end = match.span()
        if any(first < end and start < last for first, last in excused):
            continue
        if entry.deniable and denied.search(_before(plain, start)):
            continue
        yield start, end


def _before(plain: str, start: int) -> str:
    """What stands before a find in its clause, as far as it may deny it, and the find's first character."""
    return _CLAUSE_END.split(plain[max(0, start - _REACH) : start + 1])[-1]


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _squeezed(text: str) -> tuple[str, list[int]]:
    """The text as patterns read it, and where each of its characters stands in the original."""
    kept: list[tuple[str, int]] = []
    for position, character in enumerate(text):
        plain = normalise(character)  # "" for invisible ones
        kept.extend((";" if each == "\n" else each, position) for each in plain)
    out = [
        (each, position)
        for number, (each, position) in enumerate(kept)
        if not _filler(each) or not _beside_han(kept, number)
    ]
    return "".join(each for each, _ in out), [position for _, position in out]


def _filler(character: str) -> bool:
    return character in _FILLERS or unicodedata.category(character) in ("So", "Sk")  # emoji among them


def _beside_han(kept: Sequence[tuple[str, int]], number: int) -> bool:
    """A Chinese character or a percent sign stands next to this one, other fillers aside."""
    before, after = number - 1, number + 1
    while before >= 0 and _filler(kept[before][0]):
        before -= 1
    while after < len(kept) and _filler(kept[after][0]):
        after += 1
    left = kept[before][0] if before >= 0 else ""
    right = kept[after][0] if after < len(kept) else ""
    return bool(_HAN.match(left) or _HAN.match(right))


@cache
def _rules() -> tuple[tuple[RuleEntry, ...], re.Pattern[str]]:
    data = tomllib.loads(FILE.read_text(encoding="utf-8"))
    entries = tuple(
        RuleEntry(
            code=entry["code"],
            title=entry["title"],
            law=entry["law"],
            instead=entry["instead"],
            patterns=_any(entry["patterns"]),
            unless=_any(entry["unless"]) if entry["unless"] else None,
            deniable=entry.get("denied", True),
        )
        for entry in data["entry"]
    )
    return entries, _denial(data["denials"], data["ourselves"])


def _denial(denials: Sequence[str], ourselves: Sequence[str]) -> re.Pattern[str]:
    """Matches the words before a find (and its first character) when they deny it."""
    return re.compile(f"{_any(denials).pattern}(?!.*{_any(ourselves).pattern})")


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("(?:" + "|".join(f"(?:{pattern})" for pattern in patterns) + ")")


def entries() -> tuple[RuleEntry, ...]:
    """Every kind of forbidden words, for a page that explains them."""
    return _rules()[0]
