"""A clinic's own model: what its answers teach, compared, put in place, and back again.

Judgements ("this is a lead", "this is an advert") come from the records (leads.records.feedback). The
clinic's model is the shipped one with a correction learnt from them (nlp.intent.correction). Models live in
`models/` of the data folder, one folder each, and `models/current` names the one in use; without it the
shipped one is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.errors import InputError, StorageError
from leads.learning.history import Training
from leads.learning.questions import LEAST
from leads.storage import CURRENT, model_folder
from nlp import prepare
from nlp.evaluate import Intents, intents
from nlp.intent.corpus import Example, load
from nlp.intent.correction import corrected, directions
from nlp.intent.features import Doc
from nlp.intent.matrix import matrix
from nlp.intent.model import MODEL, Floats, IntentModel, softmax
from nlp.intent.train import Trained, log_loss, numbers, train
from nlp.models import INTENTS, Intent, IntentLabel
from nlp.symptoms.find import SymptomTagger

FOLDS = 5  # an answer is judged on by a model that learnt from the other four fifths
EVERY = 4  # of the corpus posts are looked at beside the answers: enough for its directions and the guard
GUARD = 0.03  # seeker F1 that may be lost on the corpus, which the shipped model knows by heart (0.99)
KEPT = 8  # installed models; each takes 12 MB
REJECTED = "rejected"  # the folder of the last model that was not better


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What training did. `before` (the shipped model) and `after` are scores on judgements not learnt.

    `corpus` is seeker F1 on posts of the corpus, before and after: what is learnt must not be unlearnt there.
    """

    posts: int
    judgements: int
    before: Intents
    after: Intents
    corpus: tuple[float, float]
    folder: Path
    installed: bool

    def training(self, now: datetime) -> Training:
        """The same for the history."""
        return Training(
            at=now,
            answers=self.judgements,
            before=self.before.scores[0].f1,
            after=self.after.scores[0].f1,
            state="installed" if self.installed else "kept",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The model in use and the one before it, on answers that neither has learnt."""

    current: float  # seeker F1
    earlier: float
    worse: bool  # the log loss grew by more than its standard error


def train_shipped(out: Path, *, now: datetime) -> tuple[Trained, list[Example]]:
    """A model of the corpus alone, written to `out`; what `nlp/data/model` was made by."""
    examples = load()
    trained = train(
        docs([example.text for example in examples]),
        [example.intent for example in examples],
        [example.group for example in examples],
    )
    trained.model.save(out, {"trained": now.date().isoformat(), "posts": len(examples)})
    return trained, examples


def train_with_feedback(
    data_dir: Path, judgements: Mapping[str, IntentLabel], *, now: datetime, force: bool = False
) -> Comparison:
    """Learn the clinic's judgements, compare by folds, and install what is better.

    `judgements` are text → what it is. Better is a smaller log loss at no smaller seeker F1 on answers, and
    no more than three points of seeker F1 lost on the corpus.

    Raises:
        InputError: fewer than 20 judgements.
        StorageError: the model cannot be written.
    """
    if len(judgements) < LEAST:
        raise InputError(
            f"反馈只有 {len(judgements)} 条，至少要 {LEAST} 条才能比较：请先在线索页多判断一些。"
        )
    shipped = IntentModel.load(MODEL)
    beside = load()[::EVERY]
    rows = matrix(shipped.vectoriser, docs(list(judgements)))
    known = matrix(shipped.vectoriser, docs([example.text for example in beside]))
    answers = numbers(judgements.values())
    space = directions(vstack([rows, known]).tocsr())
    before, unseen = shares(shipped, rows), _by_folds(shipped, space, rows, answers, list(judgements))
    final = corrected(shipped, space, rows, answers)
    wanted = numbers(example.intent for example in beside)
    corpus = _seeker_f1(shipped, known, wanted), _seeker_f1(final, known, wanted)
    old, new = scores(before, answers, shipped.threshold), scores(unseen, answers, shipped.threshold)
    better = log_loss(unseen, answers) < log_loss(before, answers) and (
        new.scores[0].f1 >= old.scores[0].f1 and corpus[1] >= corpus[0] - GUARD
    )
    folder = _keep(data_dir, final, now=now, judgements=len(judgements), install=force or better)
    return Comparison(
        posts=len(beside),
        judgements=len(judgements),
        before=old,
        after=new,
        corpus=corpus,
        folder=folder,
        installed=force or better,
    )


def shares(model: IntentModel, rows: csr_matrix) -> Floats:
    """(n, 6) probabilities of the intents of rows the model's own vectoriser made."""
    return softmax((rows @ model.weights + model.bias) / model.temperature)


def scores(found: Floats, wanted: NDArray[np.int64], threshold: float) -> Intents:
    """Scores of probabilities (n, 6) at this threshold of p(seeker)."""
    labels = np.where(found[:, 0] >= threshold, 0, found[:, 1:].argmax(axis=1) + 1)
    told = [(Intent(*row), INTENTS[label]) for row, label in zip(found.tolist(), labels, strict=True)]
    return intents([INTENTS[each] for each in wanted], told)


def _by_folds(
    model: IntentModel, space: Floats, rows: csr_matrix, answers: NDArray[np.int64], texts: Sequence[str]
) -> Floats:
    """Probabilities of each answered post by a model that has not learnt its answer."""
    fold = np.array([_digest(text) % FOLDS for text in texts])
    found = np.zeros((len(texts), len(INTENTS)), dtype=np.float32)
    for number in range(FOLDS):
        away = fold == number
        if away.any():
            found[away] = shares(corrected(model, space, rows[~away], answers[~away]), rows[away])
    return found


def _seeker_f1(model: IntentModel, rows: csr_matrix, wanted: NDArray[np.int64]) -> float:
    return scores(shares(model, rows), wanted, model.threshold).scores[0].f1


def _keep(data_dir: Path, model: IntentModel, *, now: datetime, judgements: int, install: bool) -> Path:
    name = f"{now:%Y%m%d-%H%M%S}" if install else REJECTED
    folder = data_dir / "models" / name
    try:
        model.save(folder, {"trained": now.isoformat(), "judgements": judgements})
        if install:
            _point(data_dir, name)
        for old in _names(data_dir)[:-KEPT]:
            if old != name:
                shutil.rmtree(data_dir / "models" / old)
    except OSError as error:
        raise StorageError(f"模型写不进 {folder}（{os_reason(error)}）：请检查磁盘空间和权限。") from error
    return folder


def earlier(data_dir: Path) -> Path:
    """The model before the current one; the shipped one is the first of all, and before itself."""
    current = model_folder(data_dir)
    names = [] if current == MODEL else [each for each in _names(data_dir) if each < current.name]
    return data_dir / "models" / names[-1] if names else MODEL


def against_earlier(data_dir: Path, fresh: Mapping[str, IntentLabel]) -> Watched | None:
    """How the model in use does on answers it has not learnt; None for the shipped one, or too few."""
    if model_folder(data_dir) == MODEL or len(fresh) < LEAST:
        return None
    answers, prepared = numbers(fresh.values()), docs(list(fresh))
    models = [IntentModel.load(folder) for folder in (model_folder(data_dir), earlier(data_dir))]
    found = [model.probabilities(prepared) for model in models]
    given = [np.maximum(each[np.arange(len(answers)), answers].astype(float), 1e-9) for each in found]
    more = np.log(given[1]) - np.log(given[0])
    f1 = [
        scores(each, answers, model.threshold).scores[0].f1 for each, model in zip(found, models, strict=True)
    ]
    worse = bool(more.mean() > more.std() / len(more) ** 0.5)
    return Watched(current=f1[0], earlier=f1[1], worse=worse)


def go_back(data_dir: Path) -> Path:
    """Use the model before the current one.

    Raises:
        InputError: there is no earlier model.
    """
    if model_folder(data_dir) == MODEL:
        raise InputError("现在用的就是自带的模型，没有更早的了。")
    found = earlier(data_dir)
    if found == MODEL:
        (data_dir / "models" / CURRENT).unlink()
    else:
        _point(data_dir, found.name)
    return found


def _names(data_dir: Path) -> list[str]:
    """Of the models that were in use, the first one first."""
    models = data_dir / "models"
    found = [each.name for each in models.iterdir() if each.is_dir()] if models.is_dir() else []
    return sorted(name for name in found if name != REJECTED)


def _point(data_dir: Path, name: str) -> None:
    """Replace the pointer in one step, so that a reader sees the old or the new name."""
    models = data_dir / "models"
    fresh = models / f"{CURRENT}.new"
    fresh.write_text(name + "\n", encoding="utf-8")
    fresh.replace(models / CURRENT)
    owner_only.mend(data_dir)


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=4).digest(), "big")


def docs(texts: Sequence[str]) -> list[Doc]:
    """Texts made ready as the tagger makes them."""
    return prepare(texts, SymptomTagger.load())[0]
