"""A post's text with the words behind its reasons marked. Pure; escaping is the template's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leads.models import Reason
from nlp.models import Symptom, Urgency
from nlp.text.normal import normalise

LOOKED_AT = 5000  # characters; evidence further back is not looked for
LEAD_IN = 40  # characters before the evidence
# How soon a symptom wants care → its colour (static/style.css); what can wait has the plain one.
URGENT: Mapping[Urgency, str] = {"hours": "urgent-now", "days": "urgent-week", "elective": ""}


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text; `kind` is the style of a reason ("symptom urgent-now", "place") or "" for plain."""

    text: str
    kind: str = ""


def style_of(reason: Reason, symptoms: Iterable[Symptom]) -> str:
    """The class names of a reason: its kind and, of a symptom, how soon it wants care."""
    if reason.kind != "symptom":
        return reason.kind
    soon = {URGENT[each.urgency] for each in symptoms if each.present and each.surface == reason.words}
    return " ".join(["symptom", *sorted(soon - {""})[:1]])  # the names sort by urgency


def segments(text: str, reasons: Iterable[Reason], symptoms: Iterable[Symptom] = ()) -> list[Segment]:
    """The text cut into runs; joined they are `text` again. `symptoms` tell how soon one wants care."""
    symptoms = tuple(symptoms)
    plain = normalise(text)
    if len(plain) != len(text):
        # Zero-width characters were dropped, so positions do not carry over: mark literal finds only.
        plain = text
    marks = [""] * len(text)
    for reason in reasons:
        word = normalise(reason.words)
        start = plain.find(word) if word else -1
        while start >= 0:
            marks[start : start + len(word)] = [style_of(reason, symptoms)] * len(word)
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


def excerpt(
    text: str, reasons: Iterable[Reason], size: int, symptoms: Iterable[Symptom] = ()
) -> list[Segment]:
    """The part of a long text that holds most of its evidence, marked; "…" where something is left out.

    `size` is in characters, beside the "…".
    """
    reasons = tuple(reasons)
    start = _best_start(text, reasons, size) if len(text) > size else 0
    runs = segments(text[start : start + size], reasons, symptoms)
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
