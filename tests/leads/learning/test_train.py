"""A clinic's own model: judgements in, compared, installed or not, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads import storage
from leads.errors import InputError
from leads.learning import train
from nlp.evaluate import Intents
from nlp.intent import corpus
from nlp.intent.model import MODEL, IntentModel
from nlp.models import IntentLabel

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
# The clinic's own turn of speech for its raffle, which the corpus does not know.
RAFFLE = "小鹿福袋第{}期开张啦，暗号{}，老邻居们进来领护齿礼"
QUESTION = "昨天啃了{}块排骨，右边第{}颗后槽牙一碰就钻心地疼，谁家能看"


@pytest.fixture(autouse=True)
def small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the corpus: what is tested is the handling, and training takes half a second."""
    examples = corpus.load()[::20]
    monkeypatch.setattr(train, "load", lambda: examples)


def judged(count: int = 30) -> dict[str, IntentLabel]:
    found: dict[str, IntentLabel] = {}
    for number in range(count):
        found[RAFFLE.format(number, number * 7)] = "advert"
        found[QUESTION.format(number + 2, number % 7 + 1)] = "seeker"
    return found


def test_without_judgements_the_shipped_model_is_used(tmp_path: Path) -> None:
    assert storage.model_folder(tmp_path) == MODEL


def test_judgements_are_learnt_compared_and_can_be_taken_back(tmp_path: Path) -> None:
    result = train.train_with_feedback(tmp_path, judged(), now=NOW, force=True)
    assert result.judgements == 60
    assert result.before is not None
    assert result.after is not None
    held_out = sum(score.support for score in result.after.scores)
    assert 0 < held_out < 60
    assert result.after.scores[2].f1 > 0.9  # adverts: the clinic's own turn of speech
    assert result.after.macro_f1 >= result.before.macro_f1
    assert storage.model_folder(tmp_path) == result.folder
    assert storage.tagger(tmp_path).tag(RAFFLE.format(77, 78)).intent_label == "advert"

    later = train.train_with_feedback(tmp_path, judged(), now=NOW + timedelta(hours=1), force=True)
    assert storage.model_folder(tmp_path) == later.folder
    assert train.go_back(tmp_path) == result.folder
    assert train.go_back(tmp_path) == MODEL
    with pytest.raises(InputError, match="没有更早的"):
        train.go_back(tmp_path)


def test_a_model_that_is_worse_is_kept_but_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    f1 = iter((0.9, 0.4))
    real = train._scores

    def told(model: IntentModel, examples: Sequence[corpus.Example]) -> Intents:
        found = real(model, examples)
        return replace(found, scores=(replace(found.scores[0], f1=next(f1)), *found.scores[1:]))

    monkeypatch.setattr(train, "_scores", told)
    result = train.train_with_feedback(tmp_path, judged(), now=NOW)
    assert not result.installed
    assert (result.folder / "intent.npz").exists()
    assert storage.model_folder(tmp_path) == MODEL


def test_too_few_judgements_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="只有 1 条"):
        train.train_with_feedback(tmp_path, {"牙疼": "seeker"}, now=NOW)
