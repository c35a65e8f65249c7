"""A clinic's own model: judgements in, compared, installed or not, and back again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads import storage
from leads.errors import InputError
from leads.learning import train
from nlp.intent import corpus, correction
from nlp.intent.model import MODEL
from nlp.models import INTENTS, IntentLabel

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
# The clinic's own turn of speech for its raffle, which the corpus does not know.
RAFFLE = "牙疼了{}天怎么办，小鹿暗号{}，懂的来"
QUESTION = "昨天啃了{}块排骨，右边第{}颗后槽牙一碰就钻心地疼，谁家能看"


@pytest.fixture(autouse=True)
def small_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of the corpus and few directions: what is tested is the handling."""
    examples = corpus.load()[::20]
    monkeypatch.setattr(train, "load", lambda: examples)
    monkeypatch.setattr(correction, "DIRECTIONS", 20)


def judged(count: int = 30) -> dict[str, IntentLabel]:
    found: dict[str, IntentLabel] = {}
    for number in range(count):
        found[RAFFLE.format(number, number * 7)] = "advert"
        found[QUESTION.format(number + 2, number % 7 + 1)] = "seeker"
    return found


def test_without_judgements_the_shipped_model_is_used(tmp_path: Path) -> None:
    assert storage.model_folder(tmp_path) == MODEL


def test_judgements_are_learnt_compared_and_can_be_taken_back(tmp_path: Path) -> None:
    result = train.train_with_feedback(tmp_path, judged(), now=NOW)
    assert result.installed
    assert (result.judgements, sum(score.support for score in result.after.scores)) == (60, 60)
    assert result.after.scores[2].f1 > 0.9  # adverts: the clinic's own turn of speech
    assert result.after.macro_f1 > result.before.macro_f1
    assert result.corpus[1] >= result.corpus[0] - train.GUARD
    assert storage.model_folder(tmp_path) == result.folder
    assert storage.tagger(tmp_path).tag(RAFFLE.format(77, 78)).intent_label == "advert"

    later = train.train_with_feedback(tmp_path, judged(), now=NOW + timedelta(hours=1))
    assert storage.model_folder(tmp_path) == later.folder
    assert train.earlier(tmp_path) == result.folder
    assert train.go_back(tmp_path) == result.folder
    assert train.earlier(tmp_path) == MODEL
    assert train.go_back(tmp_path) == MODEL
    with pytest.raises(InputError, match="没有更早的"):
        train.go_back(tmp_path)


def guesses(count: int = 40) -> dict[str, IntentLabel]:
    """A judge who answers at random whatever is asked."""
    texts = [QUESTION.format(number + 2, number % 7 + 1) for number in range(count)]
    return {text: INTENTS[number * 5 % 6] for number, text in enumerate(texts)}


def test_a_model_that_is_no_better_is_kept_aside_and_never_gone_back_to(tmp_path: Path) -> None:
    good = train.train_with_feedback(tmp_path, judged(), now=NOW)
    bad = train.train_with_feedback(tmp_path, guesses(), now=NOW + timedelta(hours=1))
    assert not bad.installed
    assert (bad.folder / "intent.npz").exists()
    assert storage.model_folder(tmp_path) == good.folder
    assert train.go_back(tmp_path) == MODEL
    forced = train.train_with_feedback(tmp_path, guesses(), now=NOW + timedelta(hours=2), force=True)
    assert storage.model_folder(tmp_path) == forced.folder


def test_models_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "KEPT", 1)
    for hour in range(2):
        train.train_with_feedback(tmp_path, judged(), now=NOW + timedelta(hours=hour), force=True)
    assert len([each for each in (tmp_path / "models").iterdir() if each.is_dir()]) == 1
    assert train.go_back(tmp_path) == MODEL


def test_too_few_judgements_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="只有 1 条"):
        train.train_with_feedback(tmp_path, {"牙疼": "seeker"}, now=NOW)
