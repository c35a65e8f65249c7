"""A clinic's own model: train, compare, keep the old one, go back.

Judgements ("this is a lead", "this is an advert") come from the records (leads.records.feedback). Models live
in `models/` of the data folder, one folder each, and `models/current` names the one in use; without it the
shipped one is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from crawler import owner_only
from leads.errors import InputError, StorageError
from leads.learning.questions import LEAST
from leads.storage import CURRENT, model_folder
from nlp import prepare
from nlp.evaluate import Intents, intents
from nlp.intent.corpus import Example, load
from nlp.intent.features import Doc
from nlp.intent.model import MODEL, IntentModel
from nlp.intent.train import Trained, train
from nlp.models import IntentLabel
from nlp.symptoms.find import SymptomTagger

HELD_OUT = 0.3  # share of the judgements a model is compared on
REPEATS = 3  # how often a judgement counts beside a post of the corpus: it is about this clinic's own posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What training did. `before` and `after` are scores on judgements neither model was trained on."""

    posts: int
    judgements: int
    before: Intents | None
    after: Intents | None
    folder: Path
    installed: bool


def train_shipped(out: Path, *, now: datetime) -> tuple[Trained, list[Example]]:
    """A model of the corpus alone, written to `out`; what `nlp/data/model` was made by."""
    examples = load()
    trained = _train(examples)
    trained.model.save(out, {"trained": now.date().isoformat(), "posts": len(examples)})
    return trained, examples


def train_with_feedback(
    data_dir: Path, judgements: Mapping[str, IntentLabel], *, now: datetime, force: bool = False
) -> Comparison:
    """Mix the clinic's judgements in, compare on a held-out part, and install what is not worse.

    `judgements` are text → what it is.

    Raises:
        InputError: fewer than 20 judgements.
        StorageError: the model cannot be written.
    """
    judged = [_example(text, intent) for text, intent in judgements.items()]
    if len(judged) < LEAST:
        raise InputError(f"反馈只有 {len(judged)} 条，至少要 {LEAST} 条才能比较：请先在线索页多判断一些。")
    kept = [example for example in judged if not _held_out(example)]
    asked = [example for example in judged if _held_out(example)]
    corpus = load()
    old = IntentModel.load(model_folder(data_dir))
    before = _scores(old, asked)
    after = _scores(_train(corpus + kept * REPEATS).model, asked)
    installed = force or after.scores[0].f1 >= before.scores[0].f1
    name = f"{now:%Y%m%d-%H%M%S}"
    folder = data_dir / "models" / name
    final = _train(corpus + judged * REPEATS)
    try:
        final.model.save(
            folder, {"trained": now.isoformat(), "posts": len(corpus), "judgements": len(judged)}
        )
        if installed:
            _point(data_dir, name)
    except OSError as error:
        raise StorageError(f"模型写不进 {folder}（{error.strerror}）：请检查磁盘空间和权限。") from error
    return Comparison(
        posts=len(corpus),
        judgements=len(judged),
        before=before,
        after=after,
        folder=folder,
        installed=installed,
    )


def go_back(data_dir: Path) -> Path:
    """Use the model before the current one; the shipped one is the first of all.

    Raises:
        InputError: there is no earlier model.
    """
    models = data_dir / "models"
    current = model_folder(data_dir)
    if current == MODEL:
        raise InputError("现在用的就是自带的模型，没有更早的了。")
    earlier = sorted(
        folder.name for folder in models.iterdir() if folder.is_dir() and folder.name < current.name
    )
    if not earlier:
        (models / CURRENT).unlink()
        return MODEL
    _point(data_dir, earlier[-1])
    return models / earlier[-1]


def _point(data_dir: Path, name: str) -> None:
    """Replace the pointer in one step, so that a reader sees the old or the new name."""
    models = data_dir / "models"
    fresh = models / f"{CURRENT}.new"
    fresh.write_text(name + "\n", encoding="utf-8")
    fresh.replace(models / CURRENT)
    owner_only.mend(data_dir)


def _example(text: str, intent: IntentLabel) -> Example:
    # Each judgement is a group of its own beside the corpus files: folds must not tear repeats apart.
    return Example(text=text, intent=intent, group=f"feedback-{_digest(text) % 8}")


def _digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=4).digest(), "big")


def _held_out(example: Example) -> bool:
    return _digest(example.text) % 100 < HELD_OUT * 100


def _train(examples: Sequence[Example]) -> Trained:
    return train(
        docs([example.text for example in examples]),
        [example.intent for example in examples],
        [example.group for example in examples],
    )


def docs(texts: Sequence[str]) -> list[Doc]:
    """Texts made ready as the tagger makes them."""
    return prepare(texts, SymptomTagger.load())[0]


def _scores(model: IntentModel, examples: Sequence[Example]) -> Intents:
    return intents(
        [example.intent for example in examples], model.predict(docs([example.text for example in examples]))
    )
