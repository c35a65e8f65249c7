"""How well nlp.sentiment reads tests/nlp/mentions.tsv: `python -m tests.support.mention_scores` prints it.

A line is text, polarity and severity of the first reading, of the second, and a group: "words" (the word
lists were made after these), "seen" (extended after these), "read" (whoever wrote nlp/data/tone.tsv had read
these), "blind" (written after words and examples).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklearn.metrics import cohen_kappa_score, f1_score

from nlp.models import Sentiment
from nlp.sentiment import by_cues, judge
from tests.support.paths import TESTS

GROUPS = ("words", "seen", "read", "blind")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMention:
    """A mention and what two readings took it for: (polarity, severity)."""

    text: str
    first: tuple[str, int]
    second: tuple[str, int]
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionScores:
    """`order`: of all pairs of unlike severity the share in the right order, a tie counts a half."""

    macro_f1: float
    order: float


def mentions() -> list[JudgedMention]:
    lines = (TESTS / "nlp" / "mentions.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return [
        JudgedMention(text=row[0], first=(row[1], int(row[2])), second=(row[3], int(row[4])), group=row[5])
        for row in rows
    ]


def scores(rows: Sequence[JudgedMention], read: Callable[[str], Sentiment] = judge) -> MentionScores:
    """Against the first reading."""
    found = [read(row.text) for row in rows]
    polarities = [mood.polarity for mood in found]
    pairs = [
        (one.severity, other.severity)
        for row, one in zip(rows, found, strict=True)
        for less, other in zip(rows, found, strict=True)
        if row.first[1] > less.first[1]
    ]
    return MentionScores(
        macro_f1=float(f1_score([row.first[0] for row in rows], polarities, average="macro")),
        order=sum((one > other) + (one == other) / 2 for one, other in pairs) / len(pairs),
    )


def kappas(rows: Sequence[JudgedMention]) -> tuple[float, float]:
    """Agreement of the two readings: Cohen's of the polarity, with squared weights of the severity."""
    polarity = cohen_kappa_score([row.first[0] for row in rows], [row.second[0] for row in rows])
    first, second = [row.first[1] for row in rows], [row.second[1] for row in rows]
    return float(polarity), float(cohen_kappa_score(first, second, weights="quadratic"))


if __name__ == "__main__":
    for group in GROUPS:
        rows = [row for row in mentions() if row.group == group]
        words, both = scores(rows, by_cues), scores(rows)
        polarity, severity = kappas(rows)
        print(
            f"{group} ({len(rows)}): words alone F1 {words.macro_f1:.3f} order {words.order:.3f};"
            f" with nlp.tone F1 {both.macro_f1:.3f} order {both.order:.3f};"
            f" kappa {polarity:.3f} / {severity:.3f}"
        )
