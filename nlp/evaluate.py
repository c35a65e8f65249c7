"""How good are the tags? Scores of intents, symptoms and places against labels. Pure but for reading labels.

Real posts are labelled in tests/nlp/real_labels.tsv by id only; their texts stay where they are and are never
trained on.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.intent.corpus import Example
from nlp.models import INTENTS, Intent, IntentLabel, Region, Symptom, Tags
from nlp.places.gazetteer import Gazetteer

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Precision, recall and F1 of one class; `support` counts the true ones."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """Scores of the intents, at the model's threshold."""

    scores: tuple[Score, ...]
    macro_f1: float
    seeker_ece: float  # expected calibration error of p(seeker), ten bins of equal width
    hard_negatives: float  # share of figurative, advert and news_science posts called seeker
    confusion: tuple[tuple[int, ...], ...]  # rows true, columns found, in the order of INTENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Shares of posts with the division right, where the label names one, and of false tags."""

    province: float
    city: float
    district: float
    stated: int  # posts whose label names a place
    false_tags: float  # share of posts without a place that were given one
    unstated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything `tingzhen evaluate` prints for one set of posts."""

    posts: int
    intents: Intents
    symptoms: Score
    places: Places


def evaluate(examples: Sequence[Example], tags: Sequence[Tags]) -> Report:
    """Scores of `tags` against the labels of `examples`, in the same order."""
    return Report(
        posts=len(examples),
        intents=intents(
            [example.intent for example in examples], [(tag.intent, tag.intent_label) for tag in tags]
        ),
        symptoms=symptoms([example.symptoms for example in examples], [tag.symptoms for tag in tags]),
        places=places([example.place for example in examples], [tag.region for tag in tags]),
    )


def intents(wanted: Sequence[IntentLabel], found: Sequence[tuple[Intent, IntentLabel]]) -> Intents:
    """Scores of the six intents."""
    truth = np.array([INTENTS.index(label) for label in wanted])
    labels = np.array([INTENTS.index(label) for _, label in found])
    table = np.zeros((len(INTENTS), len(INTENTS)), dtype=int)
    np.add.at(table, (truth, labels), 1)
    scores = tuple(
        score(name, int(table[n, n]), int(table[:, n].sum()), int(table[n].sum()))
        for n, name in enumerate(INTENTS)
    )
    hard = np.isin(truth, [INTENTS.index(name) for name in ("figurative", "advert", "news_science")])
    return Intents(
        scores=scores,
        macro_f1=sum(each.f1 for each in scores) / len(scores),
        seeker_ece=calibration_error(np.array([intent.seeker for intent, _ in found]), truth == 0),
        hard_negatives=float((labels[hard] == 0).mean()) if hard.any() else 0.0,
        confusion=tuple(tuple(map(int, row)) for row in table),
    )


def score(name: str, hits: int, found: int, wanted: int) -> Score:
    """Precision, recall and F1 from counts; 0 where a share has no denominator."""
    precision = hits / found if found else 0.0
    recall = hits / wanted if wanted else 0.0
    f1 = 2 * hits / (found + wanted) if hits else 0.0
    return Score(name=name, precision=precision, recall=recall, f1=f1, support=wanted)


def calibration_error(probabilities: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Expected calibration error (Naeini et al. 2015): mean |confidence - frequency| over bins, by weight."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    error = 0.0
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(probabilities[inside].mean() - truth[inside].mean())
    return float(error)


def symptoms(wanted: Sequence[frozenset[str]], found: Sequence[Sequence[Symptom]]) -> Score:
    """Micro-averaged over posts: codes named literally, negated and past ones included."""
    got = [{symptom.code for symptom in each if not symptom.figurative} for each in found]
    hits = sum(len(have & want) for have, want in zip(got, wanted, strict=True))
    return score("symptoms", hits, sum(map(len, got)), sum(map(len, wanted)))


def places(wanted: Sequence[str], found: Sequence[Region | None]) -> Places:
    """A label "四川/成都/武侯" or "四川" is right at a level when the region's adcode agrees down to it."""
    gazetteer = Gazetteer.load()
    right = {2: [0, 0], 4: [0, 0], 6: [0, 0]}  # digits of the adcode: province, city, district
    false, unstated = 0, 0
    for label, region in zip(wanted, found, strict=True):
        code = place_code(label, gazetteer)
        if not code:
            unstated += 1
            false += region is not None
            continue
        for digits in range(2, _depth(code) + 1, 2):
            right[digits][0] += region is not None and _agree(region.code, code, digits)
            right[digits][1] += 1
    shares = {digits: hits / total if total else 0.0 for digits, (hits, total) in right.items()}
    return Places(
        province=shares[2],
        city=shares[4],
        district=shares[6],
        stated=len(wanted) - unstated,
        false_tags=false / unstated if unstated else 0.0,
        unstated=unstated,
    )


def place_code(label: str, gazetteer: Gazetteer) -> str:
    """The adcode of the finest division a label like "四川/成都/武侯" names; what follows it is no division
    (a town), or nothing is ("美国"): then "".
    """
    parts = [part for part in label.split("/") if part]
    while parts:
        division = gazetteer.resolve("".join(parts))
        if division is not None:
            return division.code
        parts.pop()
    return ""


def _depth(code: str) -> int:
    if code.endswith("0000"):
        # 北京 alone is province and city in one.
        return 4 if code[:2] in ("11", "12", "31", "50", "81", "82") else 2
    return 4 if code.endswith("00") else 6


def _agree(found: str, wanted: str, digits: int) -> bool:
    if digits == 4 and wanted[:2] in ("11", "12", "31", "50", "81", "82"):
        return found[:2] == wanted[:2]
    return found[:digits] == wanted[:digits] and (digits < 6 or found == wanted)


def read_labels(path: Path, posts: Path) -> list[Example]:
    """The labelled real posts: labels from `path` (id, draw, intent, symptoms, place), texts from `posts`.

    Ids without a text are left out. Raises ValueError when a line has other than five columns.
    """
    texts = dict(_texts(posts))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_labelled(row, texts, path) for row in rows if row and row[0] in texts]


def _texts(path: Path) -> Iterable[tuple[str, str]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["id"], record["text"]


def _labelled(row: list[str], texts: dict[str, str], path: Path) -> Example:
    if len(row) != 5 or row[2] not in INTENTS:
        raise ValueError(f"{path.name} 里 {row[0]} 这一行不对：应有 5 列，第 3 列是意图。")
    label: IntentLabel = next(intent for intent in INTENTS if intent == row[2])
    codes = frozenset(code.lstrip("-") for code in row[3].split(",") if code)
    return Example(text=texts[row[0]], intent=label, symptoms=codes, place=row[4], group=row[1])
