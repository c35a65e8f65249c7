"""How many people have what the lexicon knows: every concept says it, and two readings of it agree."""

from __future__ import annotations

import csv
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from nlp.symptoms import lexicon

READING = Path(__file__).parents[2] / "fixtures" / "nlp" / "prevalence.tsv"


def _level(per_thousand: float) -> str:
    return "common" if per_thousand >= 50 else "occasional" if per_thousand >= 5 else "rare"


def test_every_concept_has_a_level() -> None:
    levels = [each.prevalence for each in lexicon.load().concepts.values()]
    assert set(levels) == {"common", "occasional", "rare"}


def test_numbers_per_thousand_agree_with_the_levels() -> None:
    with READING.open(encoding="utf-8") as file:
        numbers = {code: float(number) for code, number in csv.reader(file, delimiter="\t")}
    concepts = lexicon.load().concepts
    assert len(numbers) == 60
    ours = [concepts[code].prevalence for code in numbers]
    assert cohen_kappa_score(ours, list(map(_level, numbers.values()))) > 0.9
