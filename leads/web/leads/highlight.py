"""A post's text with the words behind its reasons marked. Pure; escaping is the template's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leads.models import Reason
from nlp.text.normal import normalise

LOOKED_AT = 5000  # characters; evidence further back is not looked for
LEAD_IN = 40  # characters before the evidence


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


def excerpt(text: str, reasons: Iterable[Reason], size: int) -> list[Segment]:
    """The part of a long text that holds most of its evidence, marked; "…" where something is left out.

    `size` is in characters, beside the "…".
    """
    reasons = tuple(reasons)
    start = _best_start(text, reasons, size) if len(text) > size else 0
    runs = segments(text[start : start + size], reasons)
    before = [Segment("…")] if start else []
    return [*before, *runs, *([Segment("…")] if start + size < len(text) else [])]


def _best_start(text: str, reasons: Iterable[Reason], size: int) -> int:
    """The beginning, unless the first evidence stands further back: then a little before it."""
    plain = normalise(text[:LOOKED_AT])
    if len(plain) != len(text[:LOOKED_AT]):
        return 0
    words = [reason.words for reason in reasons if reason.words and reason.kind != "place"]
    finds = sorted(found for word in words if (found := plain.find(normalise(word))) >= 0)
    if not finds or finds[0] + len(words[0]) <= size:
        return 0
    return max(0, min(finds[0] - LEAD_IN, len(text) - size))
