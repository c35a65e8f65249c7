"""By night a clinic's answers are learnt, and a model that turns out worse is given up, by itself."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads import storage
from leads.actions import night, retrain
from leads.config import Settings
from leads.errors import StorageError
from leads.learning import history, train
from leads.learning.history import Training
from leads.records import Records, feedback, open_records
from nlp.evaluate import Intents
from nlp.intent.model import MODEL, IntentModel
from nlp.models import INTENTS, IntentLabel
from tests.support.builders import lead

NIGHT = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)  # half past two in Beijing
ADVERT = INTENTS.index("advert")
PAST = Training(at=NIGHT, answers=20, before=0.5, after=0.6, state="installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder)


def said(records: Records, count: int, intent: str, *, at: datetime, first: int = 0) -> None:
    with records.transaction() as session:
        for number in range(first, first + count):
            feedback.judge(session, lead(number, f"{number}号牙疼，求推荐"), intent, who="lin", now=at)


def stub(folder: Path, *, bias: float, now: datetime) -> Path:
    """A model in use that takes everything the more for an advert."""
    model = IntentModel.load()
    shift = model.bias.copy()
    shift[ADVERT] += bias
    return train._keep(folder, replace(model, bias=shift), now=now, judgements=0, install=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Training itself has its own tests: here it says how much it was given."""
    given: list[int] = []

    def trained(folder: Path, judged: dict[str, IntentLabel], *, now: datetime) -> train.Comparison:
        given.append(len(judged))
        scores: Intents = train.scores(train.np.eye(6), train.np.arange(6), 0.5)
        return train.Comparison(
            posts=0, judgements=len(judged), before=scores, after=scores, corpus=(1, 1), folder=folder,
            installed=True,
        )  # fmt: skip

    monkeypatch.setattr(train, "train_with_feedback", trained)
    return given


def test_learning_is_due_by_night_when_ten_are_new(settings: Settings, folder: Path) -> None:
    day, next_night = timedelta(hours=9), NIGHT + timedelta(days=1)
    with open_records(settings) as records:
        said(records, 19, "seeker", at=NIGHT - day)
        assert not night.due(settings, records, now=NIGHT)  # not enough to compare
        said(records, 1, "seeker", at=NIGHT - day, first=19)
        assert not night.due(settings, records, now=NIGHT - day)  # by day
        assert night.due(settings, records, now=NIGHT)
        history.add(folder, PAST)
        said(records, 9, "other", at=NIGHT + day, first=20)
        assert not night.due(settings, records, now=next_night)
        said(records, 1, "other", at=NIGHT + day, first=29)
        assert night.due(settings, records, now=next_night)
        assert not night.due(settings, records, now=NIGHT + timedelta(hours=1))  # the same night


def test_what_was_learnt_is_in_the_history(settings: Settings, folder: Path, quick: list[int]) -> None:
    with open_records(settings) as records:
        said(records, 20, "seeker", at=NIGHT - timedelta(hours=9))
        done = retrain.retrain(settings, records, now=NIGHT)
    assert done == Training(at=NIGHT, answers=20, before=1.0, after=1.0, state="installed")
    assert history.read(folder) == [done]
    assert quick == [20]


def test_a_process_learns_with_the_settings_it_is_handed(settings: Settings, folder: Path) -> None:
    with open_records(settings) as records:
        said(records, 12, "seeker", at=NIGHT - timedelta(hours=9))
        said(records, 12, "other", at=NIGHT - timedelta(hours=9), first=12)
        assert night.learn(settings, records, now=NIGHT)
    (done,) = history.read(folder)
    assert done.answers == 24


def test_a_process_that_fails_is_a_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with open_records(settings) as records:
        said(records, 24, "seeker", at=NIGHT - timedelta(hours=9))
        with pytest.raises(StorageError, match="没有做完"):
            night.learn(settings, records, now=NIGHT)


def test_a_model_that_turns_out_worse_is_given_up(settings: Settings, folder: Path, quick: list[int]) -> None:
    stub(folder, bias=30.0, now=NIGHT - timedelta(days=3))
    history.add(folder, replace(PAST, at=NIGHT - timedelta(days=3)))
    with open_records(settings) as records:
        said(records, 25, "seeker", at=NIGHT - timedelta(hours=9))
        done = retrain.retrain(settings, records, now=NIGHT)
    assert done is not None
    assert (done.state, done.answers, done.before) == ("returned", 25, 0.0)
    assert done.after > 0.9
    assert storage.model_folder(folder) == MODEL
    assert quick == []


def test_a_model_that_does_as_well_stays(settings: Settings, folder: Path, quick: list[int]) -> None:
    kept = stub(folder, bias=-2.0, now=NIGHT - timedelta(days=3))
    history.add(folder, replace(PAST, at=NIGHT - timedelta(days=3)))
    with open_records(settings) as records:
        said(records, 25, "seeker", at=NIGHT - timedelta(hours=9))
        assert retrain.retrain(settings, records, now=NIGHT) is not None
    assert storage.model_folder(folder) == kept
    assert quick == [25]


def test_a_torn_line_of_the_history_is_passed_over(folder: Path) -> None:
    history.add(folder, PAST)
    with (folder / "models" / history.FILE).open("ab") as file:
        file.write(b'\n{"at": "2026')
    history.add(folder, PAST)
    assert history.read(folder) == [PAST, PAST]
