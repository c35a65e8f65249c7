"""The measures themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlp import evaluate
from nlp.models import Intent, Symptom
from nlp.places.gazetteer import Gazetteer

SEEKER, OTHER = Intent(0.9, 0, 0, 0, 0, 0.1), Intent(0.1, 0, 0, 0, 0, 0.9)


def symptom(code: str, **flags: bool) -> Symptom:
    return Symptom(code=code, name=code, specialty="dental", surface=code, start=0, end=1, **flags)


def test_intents() -> None:
    result = evaluate.intents(
        ["seeker", "seeker", "figurative", "other"],
        [(SEEKER, "seeker"), (OTHER, "other"), (SEEKER, "seeker"), (OTHER, "other")],
    )
    seeker = result.scores[0]
    assert (seeker.precision, seeker.recall, seeker.f1) == (0.5, 0.5, 0.5)
    assert result.hard_negatives == 1.0
    assert result.confusion[4][0] == 1


@pytest.mark.parametrize(
    ("probabilities", "truth", "error"),
    [
        ([1.0, 1.0, 0.0, 0.0], [True, True, False, False], 0.0),
        ([1.0, 1.0], [True, False], 0.5),
        ([0.75, 0.75, 0.75, 0.75], [True, True, True, False], 0.0),
    ],
)
def test_calibration(probabilities: list[float], truth: list[bool], error: float) -> None:
    assert evaluate.calibration_error(np.array(probabilities), np.array(truth)) == pytest.approx(error)


def test_symptoms_count_what_is_literal() -> None:
    result = evaluate.symptoms(
        [frozenset({"toothache", "fever"}), frozenset()],
        [[symptom("toothache", negated=True), symptom("cough", figurative=True)], [symptom("cold")]],
    )
    assert (result.precision, result.recall) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("四川/成都/武侯", "510107"),
        ("四川", "510000"),
        ("上海//浦东新区", "310115"),
        ("四川/成都/高新区", "510171"),
        ("美国", ""),
        ("", ""),
    ],
)
def test_place_labels(label: str, code: str) -> None:
    assert evaluate.place_code(label, Gazetteer.load()) == code


def test_places_are_judged_down_to_the_level_stated() -> None:
    gazetteer = Gazetteer.load()
    wuhou, chengdu, beijing = (
        gazetteer.region(division, "text", "")
        for division in map(gazetteer.by_code, ("510107", "510100", "110000"))
        if division
    )
    result = evaluate.places(
        ["四川/成都/武侯", "四川/成都/武侯", "北京", ""], [wuhou, chengdu, beijing, chengdu]
    )
    assert (result.province, result.city, result.district) == (1.0, 1.0, 0.5)
    assert (result.stated, result.unstated, result.false_tags) == (3, 1, 1.0)


def test_labels_are_joined_with_their_texts(tmp_path: Path) -> None:
    labels, posts = tmp_path / "l.tsv", tmp_path / "p.jsonl"
    labels.write_text(
        "s1\trandom\tseeker\ttoothache,-fever\t四川/成都\ns9\trandom\tother\t\t\n", encoding="utf-8"
    )
    posts.write_text('{"id": "s1", "text": "牙疼"}\n', encoding="utf-8")
    (example,) = evaluate.read_labels(labels, posts)
    assert (example.text, example.intent, example.place) == ("牙疼", "seeker", "四川/成都")
    assert example.symptoms == {"toothache", "fever"}


def test_a_broken_label_is_named(tmp_path: Path) -> None:
    labels, posts = tmp_path / "l.tsv", tmp_path / "p.jsonl"
    labels.write_text("s1\trandom\tpatient\t\t\n", encoding="utf-8")
    posts.write_text('{"id": "s1", "text": "牙疼"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="s1"):
        evaluate.read_labels(labels, posts)
