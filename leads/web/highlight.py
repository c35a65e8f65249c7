"""A post's text with the words behind its reasons marked. Pure; escaping is the template's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leads.models import Reason
from nlp.text import normalise


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text; `kind` is a reason's kind ("symptom", "place", "words") or "" for plain text."""

    text: str
    kind: str = ""


def segments(text: str, reasons: Iterable[Reason]) -> list[Segment]:
    """The text cut into runs; joined they are `text` again."""
    plain = normalise(text)
    if len(plain) != len(text):
        # Zero-width characters were dropped, so positions do not carry over: mark literal finds only.
        plain = text
    marks = [""] * len(text)
    for reason in reasons:
        word = normalise(reason.words)
        start = plain.find(word) if word else -1
        while start >= 0:
            marks[start : start + len(word)] = [reason.kind] * len(word)
            start = plain.find(word, start + len(word))
    return _runs(text, marks)


def _runs(text: str, marks: list[str]) -> list[Segment]:
    out: list[Segment] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or marks[at] != marks[begin]:
            out.append(Segment(text[begin:at], marks[begin]))
            begin = at
    return out
